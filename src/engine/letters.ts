import type { Command, Effect, EpochMs } from "../machine/index.ts";
import type { Message } from "../store/store.ts";
import type { EngineCommand } from "./driver.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

/** What a message asks for, as it is kept in the store. */
export type Letter =
  /**
   * The application has changed the instance in a transaction of its own: what was held back may
   * start now. Hooks were not called of the executions that ended.
   */
  | { readonly type: "GoOn"; readonly ended: readonly number[] }
  /** A command for the instance that the message names. */
  | { readonly type: "Do"; readonly command: EngineCommand }
  /** The instance that the message names waits for a child, which does not exist yet. */
  | {
      readonly type: "StartChild";
      readonly executionId: number;
      readonly attempt: number;
      readonly input: Readonly<Record<string, unknown>>;
      /** An operator retries what failed: the child that failed goes on. */
      readonly isRetry: boolean;
    }
  /** What is to be done to the child that an execution of the instance waits, or waited, for. */
  | {
      readonly type: "TellChild";
      readonly executionId: number;
      readonly attempt: number;
      readonly command: Command;
    }
  /** A worker wants to hear of every change, or no longer does; the message names no instance. */
  | { readonly type: "Watching"; readonly workerId: string; readonly isWatching: boolean }
  /** The child that an execution of the instance waits for has ended. */
  | { readonly type: "ChildEnded"; readonly executionId: number; readonly childId: string };

export function letterOf(message: Message): Letter {
  return message.command as Letter;
}

/** What became of a command that another worker carried out. */
export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** A letter that nobody waits for, as a message to a worker. */
export function letterTo(
  workerId: string,
  id: string,
  instanceId: string,
  at: EpochMs,
  letter: Letter,
): Message {
  return { id, instanceId, to: workerId, from: undefined, at, command: letter };
}

/** What the parent of an instance that has ended has to know. */
export function newsForParent({
  id: childId,
  isEnded,
  state,
}: InstanceRuntime): { readonly parentId: string; readonly letter: Letter } | undefined {
  const { parent } = state.instance;
  if (!isEnded || parent === undefined) return undefined;
  const { instanceId: parentId, executionId } = parent;
  return { parentId, letter: { type: "ChildEnded", executionId, childId } };
}

/** What an effect has for other instances. */
export function lettersFor(
  { state }: InstanceRuntime,
  effect: Effect,
  isRetry: boolean,
): readonly Letter[] {
  switch (effect.type) {
    case "StartChild": {
      const { id: executionId, attempt } = effect.execution;
      return [{ type: "StartChild", executionId, attempt, input: effect.input, isRetry }];
    }
    case "CancelChild": {
      const { executionId, attempt, reason } = effect;
      const command: Command = { type: "Cancel", reason, actor: {} };
      return [{ type: "TellChild", executionId, attempt, command }];
    }
    case "PauseChildren":
    case "ResumeChildren": {
      const command: Command = {
        type: effect.type === "PauseChildren" ? "Pause" : "Resume",
        actor: {},
      };
      return state.executions
        .filter((each) => each.status === "waiting" && state.node(each).kind === "subworkflow")
        .map(({ id, attempt }) => ({ type: "TellChild", executionId: id, attempt, command }));
    }
    default:
      return none;
  }
}

const none: readonly never[] = [];
