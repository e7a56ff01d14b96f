import { formatInstant } from "../definition/instant.ts";
import type { Actor } from "./command.ts";
import type { Rejection } from "./rejection.ts";
import type { TaskRecord } from "./state.ts";

/** Why a person may not complete a task; undefined if they may. */
export function refuseTask(
  task: TaskRecord | undefined,
  taskId: string,
  actor: Actor,
): Rejection | undefined {
  if (task === undefined) {
    return { code: "UNKNOWN_TASK", message: `The instance has no task "${taskId}".` };
  }
  if (task.status !== "open") return { code: "TASK_GONE", message: goneMessage(task) };
  const why = whyNot(task, actor);
  if (why === undefined) return undefined;
  return { code: "NOT_ALLOWED", message: `Task "${task.path}": ${why}` };
}

function goneMessage(task: TaskRecord): string {
  const by = task.endedBy === undefined ? "" : ` by ${task.endedBy}`;
  const why = task.reason === undefined ? "" : `: ${task.reason}`;
  const at = task.endedAt === undefined ? "" : ` at ${formatInstant(task.endedAt)}`;
  return `Task "${task.path}" was ${task.status}${by}${at}${why}.`;
}

function whyNot(task: TaskRecord, { user, groups = [], admin = false }: Actor): string | undefined {
  const { assignee, candidateUsers, candidateGroups, excludeUsers } = task;
  if (user === undefined && excludeUsers !== undefined && excludeUsers.length > 0) {
    return "some are excluded from this decision; say who completes it.";
  }
  if (user !== undefined && excludeUsers?.includes(user)) {
    return `${user} is excluded from this decision.`;
  }
  if (admin) return undefined;
  const who = user ?? "nobody (no user was given)";
  if (assignee !== undefined) {
    return user === assignee ? undefined : `it belongs to ${assignee}, not to ${who}.`;
  }
  if (candidateUsers === undefined && candidateGroups === undefined) return undefined;
  if (user !== undefined && candidateUsers?.includes(user)) return undefined;
  if (candidateGroups?.some((group) => groups.includes(group))) return undefined;
  const candidates = [...(candidateUsers ?? []), ...(candidateGroups ?? [])].join(", ");
  return `${who} is not among its candidates (${candidates}).`;
}
