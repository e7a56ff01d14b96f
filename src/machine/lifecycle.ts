import type { StepStatus } from "../definition/context.ts";
import { InternalError } from "../errors.ts";
import type { TaskStatus, WorkflowStatus } from "./state.ts";

/**
 * The life cycles of instances, executions and tasks: for each status, those that may follow it.
 * `apply` holds instances and executions to their tables.
 */
export const instanceLifecycle: Readonly<Record<WorkflowStatus, readonly WorkflowStatus[]>> = {
  // A child may be cancelled before it begins.
  pending: ["running", "waiting", "completed", "failed", "canceled"],
  running: ["waiting", "paused", "completed", "failed", "canceled"],
  waiting: ["running", "paused", "completed", "failed", "canceled"],
  paused: ["running", "waiting", "completed", "failed", "canceled"],
  completed: [],
  failed: ["running", "waiting"],
  canceled: [],
};

/** What has failed or was cancelled can run again: by its group's retry or an operator's. */
export const stepLifecycle: Readonly<Record<StepStatus, readonly StepStatus[]>> = {
  pending: ["scheduled", "running", "waiting", "succeeded", "failed", "canceled", "skipped"],
  scheduled: ["pending", "running", "waiting", "succeeded", "failed", "canceled", "skipped"],
  running: ["pending", "scheduled", "waiting", "succeeded", "failed", "canceled", "skipped"],
  waiting: ["pending", "scheduled", "running", "succeeded", "failed", "canceled", "skipped"],
  succeeded: [],
  failed: ["pending", "scheduled", "running", "waiting", "succeeded", "skipped"],
  canceled: ["pending", "scheduled", "running", "waiting", "succeeded", "failed", "skipped"],
  skipped: [],
};

export const taskLifecycle: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  open: ["completed", "withdrawn"],
  completed: [],
  withdrawn: [],
};

/** @throws InternalError if the table has no such move: a defect of the machine. */
export function assertMove<Status extends string>(
  table: Readonly<Record<Status, readonly Status[]>>,
  subject: string,
  from: Status,
  to: Status,
): void {
  if (from !== to && !table[from].includes(to)) {
    throw new InternalError(`${subject} cannot go from ${from} to ${to}.`);
  }
}

export function isEnded(status: WorkflowStatus): boolean {
  return status === "completed" || status === "failed" || status === "canceled";
}

/** Whether the execution has not ended. */
export function isLive(status: StepStatus): boolean {
  switch (status) {
    case "pending":
    case "scheduled":
    case "running":
    case "waiting":
      return true;
    default:
      return false;
  }
}

/** Whether something happens without anybody doing it: code runs, or the next attempt is due. */
export function isBusy(status: StepStatus): boolean {
  return status === "running" || status === "scheduled";
}
