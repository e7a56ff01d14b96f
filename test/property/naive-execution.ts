import type { StepStatus } from "../../src/definition/context.ts";
import type { TimerKind } from "../../src/machine/state.ts";
import type { Json, NodeSpec, Writes } from "./definition-spec.ts";
import type { ExecutionName } from "./naive-actions.ts";

export interface Failure {
  readonly code: string;
  readonly errors?: readonly Failure[];
}

/** One visit to a step or group. */
export interface Execution {
  readonly node: NodeSpec;
  readonly path: string;
  /** The execution of the group that this is a member of. */
  readonly group: Execution | undefined;
  readonly iteration: number;
  /** For a compensation: the execution that it undoes. */
  readonly undoes: Execution | undefined;
  attempt: number;
  /** The last attempt that the retry policy allows. */
  lastAttempt: number;
  status: StepStatus;
  /** What runs while it is `running`: what comes before a wait, or the work itself. */
  phase: "prepare" | "execute";
  /** Since when it has this status, for queues: the oldest goes first. */
  since: number;
  result: Json | undefined;
  writes: Writes;
  failure: Failure | undefined;
  /** Numbers the ends, in the order in which writes became visible. */
  ended: number;
  readonly timers: Map<TimerKind, number>;
  /** The members of a group, as far as known: those of a conditional are, once it has chosen. */
  members: Member[] | undefined;
  callback: Member | undefined;
  /** A map that takes no more items. */
  closed: boolean;
  /** How it left the top level: nothing yet, its edges were decided, or they could not be. */
  left: "no" | "decided" | "undecided";
  /** It was cancelled because the instance failed, so that a retry continues it. */
  cutOff: boolean;
}

/** A place in a group. */
export interface Member {
  readonly node: NodeSpec;
  readonly path: string;
  execution: Execution | undefined;
  /** It is still to be started, or started again. */
  due: boolean;
  /** Since when it is to be started again: it keeps this place when it comes to wait for locks. */
  dueSince: number;
}

/** Its name for people and for both machines alike. */
export const nameOf = ({ undoes, path, iteration }: Execution): ExecutionName =>
  `${undoes ? "undo " : ""}${path}#${iteration}`;

export const isAlive = ({ status }: Execution): boolean =>
  status === "pending" || status === "scheduled" || status === "running" || status === "waiting";

/** It has begun its attempt and holds what it locks. */
export const isAtWork = ({ status }: Execution): boolean =>
  status === "running" || status === "waiting";

/** How a member has ended; undefined while that is open. What will never start counts as cancelled. */
export function endOf(member: Member): StepStatus | undefined {
  if (member.due) return undefined;
  if (!member.execution) return "canceled";
  return isAlive(member.execution) ? undefined : member.execution.status;
}
