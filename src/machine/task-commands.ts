import type { BaseHumanStep } from "../definition/human-step.ts";
import { detailsOf, recordAct } from "./acts.ts";
import type { Actor, Command } from "./command.ts";
import { ContextView } from "./context-view.ts";
import { failAttempt, failure, setTimer } from "./executions.ts";
import {
  isExcluded,
  notAllowed,
  refuseClaimed,
  refuseReceiver,
  refuseTask,
  subjectOf,
} from "./permission.ts";
import { accepted, type Rejection, reject } from "./rejection.ts";
import type { ActType, TaskRecord, TimerRecord } from "./state.ts";
import {
  clearTaskTimers,
  escalationsOf,
  names,
  resolve,
  setNextEscalation,
  setNextReminder,
  taskId,
  userName,
} from "./tasks.ts";
import type { Transition } from "./transition.ts";
import { succeedWithData } from "./waits.ts";

/** What people do with their tasks, and what a task's timers do. */

export type TaskCommand = Extract<
  Command,
  {
    type:
      | "TaskCompleted"
      | "TaskClaimed"
      | "TaskReleased"
      | "TaskReassigned"
      | "TaskDelegated"
      | "TaskCommented";
  }
>;

/** Whoever may complete a task may do all of this with it. */
export function performTaskCommand(t: Transition, command: TaskCommand): Rejection | undefined {
  const { actor } = command;
  const task = t.state.tasks?.get(command.taskId);
  const refusal = refuseTask(task, command.taskId, actor);
  if (refusal !== undefined || task === undefined) return refusal;
  switch (command.type) {
    case "TaskCompleted":
      return complete(t, task, command);
    case "TaskClaimed":
      return claim(t, task, actor);
    case "TaskReleased":
      return release(t, task, actor);
    case "TaskReassigned":
      return reassign(t, task, command.to, actor);
    case "TaskDelegated":
      return delegate(t, task, command.to, actor);
    default:
      record(t, "task-commented", task, actor, { text: command.text });
      return accepted;
  }
}

function complete(
  t: Transition,
  task: TaskRecord,
  { data, actor, version = t.state.instance.version }: Extract<Command, { type: "TaskCompleted" }>,
): Rejection | undefined {
  if (version !== t.state.instance.version) {
    return reject("VERSION_CHANGED", "The data was checked by the form of another version.");
  }
  if (isAnswer(t, task, actor)) {
    const by = subjectOf(actor) as string;
    t.task("TaskChanged", {
      ...task,
      assignee: task.owner,
      owner: undefined,
      claimedAt: undefined,
      proposal: { by, at: t.now, data },
    });
    return record(t, "task-answered", task, actor, { to: task.owner, data });
  }
  t.task("TaskCompleted", { ...task, status: "completed", endedAt: t.now, endedBy: actor.user });
  clearTaskTimers(t, task);
  record(t, "task-completed", task, actor);
  succeedWithData(t, t.current(task.executionId), data);
  return accepted;
}

/** What a delegate says goes back to the owner, who decides, unless the step says otherwise. */
function isAnswer(t: Transition, task: TaskRecord, actor: Actor): boolean {
  if (task.owner === undefined || subjectOf(actor) !== task.assignee) return false;
  return stepOf(t, task)?.delegateDecides !== true;
}

function claim(t: Transition, task: TaskRecord, actor: Actor): Rejection | undefined {
  const user = subjectOf(actor);
  if (user === undefined) return notAllowed(task, "a claim needs a user; say who claims it.");
  if (task.assignee === user) return accepted;
  if (task.claimedAt !== undefined) return refuseClaimed(task);
  if (task.assignee !== undefined) {
    return notAllowed(task, `it belongs to ${task.assignee}; reassign it instead of claiming it.`);
  }
  t.task("TaskChanged", { ...task, assignee: user, claimedAt: t.now });
  return record(t, "task-claimed", task, actor);
}

function release(t: Transition, task: TaskRecord, actor: Actor): Rejection | undefined {
  if (task.claimedAt === undefined) {
    const whose =
      task.assignee === undefined ? "nobody has it" : `it was given to ${task.assignee}`;
    return reject(
      "TASK_NOT_CLAIMED",
      `Task "${task.path}" was not claimed, ${whose}: only what was claimed can be released.`,
    );
  }
  t.task("TaskChanged", { ...task, assignee: undefined, claimedAt: undefined });
  return record(t, "task-released", task, actor);
}

function reassign(
  t: Transition,
  task: TaskRecord,
  to: string,
  actor: Actor,
): Rejection | undefined {
  const refusal = refuseReceiver(task, to);
  if (refusal !== undefined) return refusal;
  t.task("TaskChanged", { ...task, assignee: to, claimedAt: undefined, owner: undefined });
  return record(t, "task-reassigned", task, actor, { from: task.assignee, to });
}

function delegate(
  t: Transition,
  task: TaskRecord,
  to: string,
  actor: Actor,
): Rejection | undefined {
  const refusal = refuseReceiver(task, to);
  if (refusal !== undefined) return refusal;
  // An administrator delegates for whoever has the task; the answer is for them.
  const owner = task.owner ?? task.assignee ?? subjectOf(actor);
  if (owner === undefined) {
    return notAllowed(task, "the answer to a delegation needs an owner; say who delegates it.");
  }
  if (owner === to) return notAllowed(task, `${to} is its owner, who cannot be its delegate.`);
  t.task("TaskChanged", {
    ...task,
    assignee: to,
    owner,
    claimedAt: undefined,
    proposal: undefined,
  });
  return record(t, "task-delegated", task, actor, { from: task.assignee, to, owner });
}

function record(
  t: Transition,
  type: ActType,
  { path, id: taskId }: TaskRecord,
  actor?: Actor,
  details: Readonly<Record<string, unknown>> = {},
): undefined {
  recordAct(t, type, actor, { path, taskId, details: detailsOf(details) });
}

// ------------------------------------------------------------------------------------------ timers

/** A step of a user's own group that was loaded is known when its body has called it again. */
const untilStepIsKnownMs = 1000;

/** A reminder or an escalation is due. Its timer has been cleared. */
export function fireTaskTimer(t: Transition, { kind, executionId }: TimerRecord): void {
  const execution = t.current(executionId);
  const task = t.state.tasks?.get(taskId(execution));
  if (task?.status !== "open") return;
  const step = stepOf(t, task);
  if (step === undefined) return setTimer(t, kind, executionId, t.now + untilStepIsKnownMs);
  if (kind === "reminder") {
    const reminded: TaskRecord = { ...task, reminded: task.reminded + 1 };
    t.task("TaskChanged", reminded);
    record(t, "task-reminded", task, undefined, { count: reminded.reminded });
    setNextReminder(t, reminded, step);
    return;
  }
  try {
    escalate(t, task, step);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const what = `"${execution.path}": an escalation: ${message}`;
    failAttempt(t, execution, failure(execution, "FUNCTION_FAILED", what));
  }
}

function escalate(t: Transition, task: TaskRecord, step: BaseHumanStep): void {
  const escalation = escalationsOf(task, step)[task.escalated]?.escalation;
  if (escalation === undefined) return;
  const context = new ContextView(t.graph, t.state, t.current(task.executionId));
  const assignee = userName("assignee", resolve(escalation.assignee, context));
  const users = names("candidateUsers", resolve(escalation.candidateUsers, context));
  const groups = names("candidateGroups", resolve(escalation.candidateGroups, context));
  const candidateUsers = users?.filter((user) => !isExcluded(task, user));
  const excluded = [assignee, ...(users ?? [])].filter((user) => isExcluded(task, user));
  const priority = escalation.priority ?? task.priority;
  const isGiven = assignee !== undefined && !isExcluded(task, assignee);
  const isOpened = users !== undefined || groups !== undefined;
  const moved = { claimedAt: undefined, owner: undefined };
  const escalated: TaskRecord = {
    ...task,
    escalated: task.escalated + 1,
    priority,
    ...(isGiven && { ...moved, assignee }),
    ...(isOpened && { ...moved, assignee: undefined, candidateUsers, candidateGroups: groups }),
  };
  t.task("TaskChanged", escalated);
  record(t, "task-escalated", task, undefined, {
    count: escalated.escalated,
    from: task.assignee,
    to: isGiven ? assignee : undefined,
    candidateUsers,
    candidateGroups: groups,
    priority: escalation.priority,
    // They could not get it.
    excluded: excluded.length > 0 ? excluded : undefined,
  });
  setNextEscalation(t, escalated, step);
}

function stepOf(t: Transition, { executionId }: TaskRecord): BaseHumanStep | undefined {
  const { kind, source } = t.node(t.current(executionId));
  return kind === "human" ? (source as BaseHumanStep) : undefined;
}
