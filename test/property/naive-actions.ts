import type { TimerKind } from "../../src/machine/state.ts";
import type { Json, Writes } from "./definition-spec.ts";

/** Names an execution for people and for both machines alike: `path#iteration`. */
export type ExecutionName = string;

/** What can happen to an instance, in the words of neither machine. */
export type Action =
  | { readonly do: "start" }
  | {
      readonly do: "succeed";
      readonly at: ExecutionName;
      readonly result: Json | undefined;
      readonly writes: Writes;
      /** What a gateway names. */
      readonly targets?: readonly string[] | undefined;
    }
  | {
      readonly do: "fail";
      readonly at: ExecutionName;
      readonly retryable: boolean;
      readonly random: number;
    }
  | { readonly do: "skip"; readonly at: ExecutionName }
  | { readonly do: "ready"; readonly at: ExecutionName }
  | { readonly do: "interrupt"; readonly at: ExecutionName }
  | { readonly do: "complete task"; readonly at: ExecutionName; readonly data: Json }
  | { readonly do: "fire"; readonly at: ExecutionName; readonly timer: TimerKind }
  | { readonly do: "call back"; readonly at: ExecutionName; readonly payload: Json }
  | {
      readonly do: "signal";
      readonly name: string;
      readonly data: Json;
      readonly id?: string | undefined;
    }
  | { readonly do: "add item"; readonly path: string; readonly item: Json }
  | { readonly do: "close map"; readonly path: string }
  | { readonly do: "cancel step"; readonly path: string }
  | { readonly do: "cancel" }
  | { readonly do: "pause" }
  | { readonly do: "resume" }
  | { readonly do: "retry"; readonly from?: string | undefined };

/** Everything of an instance that a user can see, in a form that compares and prints well. */
export interface Snapshot {
  readonly status: string;
  readonly error: string | undefined;
  /** `path#iteration attempt status`, sorted. */
  readonly executions: readonly string[];
  readonly data: Json;
  readonly tasks: readonly string[];
  readonly timers: readonly string[];
  readonly results: Readonly<Record<string, Json>>;
}
