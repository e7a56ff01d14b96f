import type { RecordedError } from "../errors.ts";
import type { Writes } from "./state.ts";

/** Who acts, for permission and history. */
export interface Actor {
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** An administrator may act for others. */
  readonly admin?: boolean | undefined;
  /** For whom an administrator acts. */
  readonly onBehalfOf?: string | undefined;
  /** By which way the command came in, for the history. */
  readonly through?: string | undefined;
}

/** What the machine is asked. `decide` answers with events and effects, or with a rejection. */
export type Command =
  | { readonly type: "Start"; readonly actor?: Actor | undefined }
  /** A step's code returned; `targets` are what a gateway named. */
  | {
      readonly type: "StepSucceeded";
      readonly executionId: number;
      readonly attempt: number;
      readonly result: unknown;
      readonly writes: Writes | undefined;
      readonly targets?: readonly string[] | undefined;
    }
  /** A step's code threw, or took too long. `random` is in [0, 1), for jitter. */
  | {
      readonly type: "StepFailed";
      readonly executionId: number;
      readonly attempt: number;
      readonly error: RecordedError;
      readonly retryable: boolean;
      readonly random: number;
    }
  /** `canExecute` gave false. */
  | { readonly type: "StepSkipped"; readonly executionId: number; readonly attempt: number }
  /**
   * What runs before a wait (`canExecute`, a webhook's `execute`) is done: the step may begin to
   * wait.
   */
  | {
      readonly type: "StepReady";
      readonly executionId: number;
      readonly attempt: number;
      readonly writes?: Writes | undefined;
    }
  /** The process that ran the step's code is gone: it runs again. */
  | { readonly type: "StepInterrupted"; readonly executionId: number }
  | {
      readonly type: "TaskCompleted";
      readonly taskId: string;
      readonly data: unknown;
      /** The version whose form the data was checked by. */
      readonly version?: string;
      readonly actor: Actor;
    }
  | { readonly type: "TaskClaimed"; readonly taskId: string; readonly actor: Actor }
  | { readonly type: "TaskReleased"; readonly taskId: string; readonly actor: Actor }
  /** For good, or until the answer comes back. */
  | {
      readonly type: "TaskReassigned" | "TaskDelegated";
      readonly taskId: string;
      readonly to: string;
      readonly actor: Actor;
    }
  | {
      readonly type: "TaskCommented";
      readonly taskId: string;
      readonly text: string;
      readonly actor: Actor;
    }
  | { readonly type: "TimerFired"; readonly timerId: string }
  | { readonly type: "WebhookArrived"; readonly executionId: number; readonly payload: unknown }
  | {
      readonly type: "SignalArrived";
      readonly name: string;
      readonly data: unknown;
      readonly id?: string | undefined;
      readonly actor?: Actor | undefined;
    }
  | {
      readonly type: "ChildEnded";
      readonly executionId: number;
      readonly outcome:
        | { readonly status: "completed"; readonly output: Readonly<Record<string, unknown>> }
        | { readonly status: "failed"; readonly error: RecordedError | undefined }
        | { readonly status: "canceled"; readonly reason: string | undefined };
    }
  /** The body of a user's own group calls `executeStep`; `node` is the compiled member. */
  | {
      readonly type: "MemberCalled";
      readonly groupId: number;
      readonly node: number;
      readonly path: string;
      readonly call: number;
    }
  | {
      readonly type: "ItemAdded";
      readonly path: string;
      readonly item: unknown;
      readonly actor?: Actor | undefined;
    }
  | { readonly type: "MapClosed"; readonly path: string; readonly actor?: Actor | undefined }
  | { readonly type: "CancelStep"; readonly path: string; readonly actor: Actor }
  | { readonly type: "Cancel"; readonly reason: string | undefined; readonly actor: Actor }
  | { readonly type: "Pause"; readonly actor: Actor }
  | { readonly type: "Resume"; readonly actor: Actor }
  /** Continues a failed instance at what failed, or from a named step. */
  | { readonly type: "Retry"; readonly from?: string | undefined; readonly actor: Actor };

/**
 * Moves an instance to another version of its definition; `upgrade` carries it out. `steps` gives
 * the new paths of steps that have another one.
 */
export interface UpgradeCommand {
  readonly type: "Upgrade";
  readonly version: string;
  readonly steps: Readonly<Record<string, string>>;
  readonly actor: Actor;
}
