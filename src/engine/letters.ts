import type { Command } from "../machine/index.ts";
import type { Message } from "../store/store.ts";
import type { EngineCommand } from "./driver.ts";

/** What a message asks for, as it is kept in the store. */
export type Letter =
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
