import { formatInstant } from "../definition/instant.ts";
import type { Actor } from "./command.ts";
import { accepted, type Rejection, reject } from "./rejection.ts";
import type { TaskRecord } from "./state.ts";

/** Who a command counts for: an administrator may act on behalf of somebody else. */
export function subjectOf({ user, onBehalfOf }: Actor): string | undefined {
  return onBehalfOf ?? user;
}

/** Only an administrator says that they act for somebody else. */
export function refuseActor(actor: Actor): Rejection | undefined {
  if (actor.onBehalfOf === undefined || actor.admin === true) return accepted;
  const who = actor.user ?? "nobody (no user was given)";
  return reject(
    "NOT_ALLOWED",
    `${who} may not act on behalf of ${actor.onBehalfOf}: only an administrator may.`,
  );
}

/** Why a person may not act on a task, and so not complete it; undefined if they may. */
export function refuseTask(
  task: TaskRecord | undefined,
  taskId: string,
  actor: Actor,
): Rejection | undefined {
  if (task === undefined) return reject("UNKNOWN_TASK", `The instance has no task "${taskId}".`);
  if (task.status !== "open") return reject("TASK_GONE", goneMessage(task));
  const { excludeUsers } = task;
  if (actor.user === undefined && excludeUsers !== undefined && excludeUsers.length > 0) {
    return notAllowed(task, "some are excluded from this decision; say who completes it.");
  }
  return refuseActor(actor) ?? refuseExcluded(task, actor) ?? refuseStranger(task, actor);
}

/** Why a person may not see a task; whoever saw it while it was open may see it afterwards. */
export function refuseSight(task: TaskRecord, actor: Actor): Rejection | undefined {
  const subject = subjectOf(actor);
  if (task.status !== "open" && subject !== undefined && subject === task.endedBy) return accepted;
  return refuseActor(actor) ?? refuseExcluded(task, actor) ?? refuseStranger(task, actor);
}

/** Why a task cannot be given to this person; undefined if it can. */
export function refuseReceiver(task: TaskRecord, to: string): Rejection | undefined {
  if (!isExcluded(task, to)) return accepted;
  return notAllowed(task, `${to} is excluded from this decision and cannot get it.`);
}

export function isExcluded(task: TaskRecord, user: string | undefined): boolean {
  return user !== undefined && task.excludeUsers?.includes(user) === true;
}

export function notAllowed(task: TaskRecord, why: string): Rejection {
  return reject("NOT_ALLOWED", `Task "${task.path}": ${why}`);
}

function goneMessage(task: TaskRecord): string {
  const by = task.endedBy === undefined ? "" : ` by ${task.endedBy}`;
  const why = task.reason === undefined ? "" : `: ${task.reason}`;
  const at = task.endedAt === undefined ? "" : ` at ${formatInstant(task.endedAt)}`;
  return `Task "${task.path}" was ${task.status}${by}${at}${why}.`;
}

/** Exclusion holds for administrators too, and for whom they act. */
function refuseExcluded(task: TaskRecord, { user, onBehalfOf }: Actor): Rejection | undefined {
  const excluded = [user, onBehalfOf].find((each) => isExcluded(task, each));
  if (excluded === undefined) return accepted;
  return notAllowed(task, `${excluded} is excluded from this decision.`);
}

function refuseStranger(task: TaskRecord, actor: Actor): Rejection | undefined {
  if (actor.admin === true) return accepted;
  const { assignee, claimedAt, owner } = task;
  const user = subjectOf(actor);
  const who = user ?? "nobody (no user was given)";
  if (assignee === undefined) {
    if (isCandidate(task, actor)) return accepted;
    const candidates = [...(task.candidateUsers ?? []), ...(task.candidateGroups ?? [])].join(", ");
    return notAllowed(task, `${who} is not among its candidates (${candidates}).`);
  }
  if (user === assignee || (user !== undefined && user === owner)) return accepted;
  if (claimedAt !== undefined && task.status === "open" && isCandidate(task, actor)) {
    return refuseClaimed(task);
  }
  return notAllowed(task, `it belongs to ${assignee}, not to ${who}.`);
}

/** It is somebody else's now, because they were first. */
export function refuseClaimed({ path, assignee, claimedAt }: TaskRecord): Rejection {
  const at = claimedAt === undefined ? "" : ` at ${formatInstant(claimedAt)}`;
  return reject("TASK_CLAIMED", `Task "${path}" was claimed by ${assignee}${at}.`);
}

/** Whether the task would be open to them if nobody had it. Without candidates, it is to anyone. */
function isCandidate(task: TaskRecord, { user, groups = [] }: Actor): boolean {
  const { candidateUsers, candidateGroups } = task;
  if (candidateUsers === undefined && candidateGroups === undefined) return true;
  if (user !== undefined && candidateUsers?.includes(user)) return true;
  return candidateGroups?.some((group) => groups.includes(group)) === true;
}
