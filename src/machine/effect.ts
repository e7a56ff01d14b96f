import type { ExecutionRecord } from "./state.ts";

/** What the engine does after the events are durable. */
export type Effect =
  /** Run the step's code: `prepare` is what comes before a wait or before a group's members. */
  | {
      readonly type: "RunStep";
      readonly execution: ExecutionRecord;
      readonly phase: "execute" | "prepare" | "compensate";
    }
  /** Abort the code of this execution; what it still says does not count. */
  | { readonly type: "AbortStep"; readonly executionId: number }
  | {
      readonly type: "StartChild";
      readonly execution: ExecutionRecord;
      readonly input: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: "CancelChild";
      readonly executionId: number;
      readonly attempt: number;
      readonly reason: string;
    }
  | { readonly type: "PauseChildren" }
  | { readonly type: "ResumeChildren" };
