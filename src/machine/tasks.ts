import type { BaseHumanStep, Escalation } from "../definition/human-step.ts";
import { parseInstant } from "../definition/instant.ts";
import type { FromContext } from "../definition/step.ts";
import { InvalidOptionError } from "../errors.ts";
import { isKeepable } from "../text.ts";
import type { ContextView } from "./context-view.ts";
import { clearTimer, setTimer } from "./executions.ts";
import type { ExecutionRecord, TaskRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/** A task from the moment when it opens, with the timers that it has. */

export function taskId({ id, attempt }: ExecutionRecord): string {
  return attempt === 1 ? `${id}` : `${id}-${attempt}`;
}

export function newTask(
  t: Transition,
  execution: ExecutionRecord,
  step: BaseHumanStep,
  context: ContextView,
): TaskRecord {
  const assignee = resolve(step.assignee, context) ?? assigneeByKey(step, context);
  return {
    id: taskId(execution),
    executionId: execution.id,
    path: execution.path,
    status: "open",
    title: text("title", resolve(step.title, context)) ?? t.node(execution).name,
    description: text("description", resolve(step.description, context)),
    shown: valuesOf(step.shows, context),
    priority: priorityOf(resolve(step.priority, context)),
    dueAt: dueDate(step, context, t.now),
    assignee: text("assignee", assignee),
    claimedAt: undefined,
    owner: undefined,
    proposal: undefined,
    candidateUsers: names("candidateUsers", resolve(step.candidateUsers, context)),
    candidateGroups: names("candidateGroups", resolve(step.candidateGroups, context)),
    excludeUsers: names("excludeUsers", resolve(step.excludeUsers, context)),
    reminded: 0,
    escalated: 0,
    createdAt: t.now,
    endedAt: undefined,
    endedBy: undefined,
    reason: undefined,
  };
}

export function openTask(t: Transition, task: TaskRecord, step: BaseHumanStep): void {
  t.task("TaskOpened", task);
  setNextReminder(t, task, step);
  setNextEscalation(t, task, step);
}

/** The task of an execution that waits no longer. */
export function withdrawTask(t: Transition, execution: ExecutionRecord, reason: string): void {
  const task = t.state.tasks?.get(taskId(execution));
  if (task?.status !== "open") return;
  const endedBy = t.actor?.user;
  t.task("TaskWithdrawn", { ...task, status: "withdrawn", endedAt: t.now, endedBy, reason });
  clearTaskTimers(t, task);
}

/** Reminders and escalations stop with the task. */
export function clearTaskTimers(t: Transition, { executionId }: TaskRecord): void {
  clearTimer(t, "reminder", executionId);
  clearTimer(t, "escalation", executionId);
}

// --------------------------------------------------------------------- reminders and escalations

/** Sets the next reminder; one that would come before the task itself is left out. */
export function setNextReminder(t: Transition, task: TaskRecord, step: BaseHumanStep): void {
  if (step.reminders === undefined) return;
  const moments = step.reminders
    .map(({ afterMs, beforeDueMs }) => momentOf(task, afterMs, negated(beforeDueMs)))
    .filter((moment) => moment !== undefined && moment > task.createdAt)
    .sort((a, b) => Number(a) - Number(b));
  const next = moments[task.reminded];
  if (next !== undefined) setTimer(t, "reminder", task.executionId, next);
}

export function setNextEscalation(t: Transition, task: TaskRecord, step: BaseHumanStep): void {
  const next = escalationsOf(task, step)[task.escalated];
  if (next !== undefined) setTimer(t, "escalation", task.executionId, next.at);
}

/** The escalations of a task by their moments; those of one moment in the order of the step. */
export function escalationsOf(
  task: TaskRecord,
  step: BaseHumanStep,
): readonly { readonly at: number; readonly escalation: Escalation }[] {
  return (step.escalations ?? [])
    .flatMap((escalation) => {
      const at = momentOf(task, escalation.afterMs, escalation.overdueMs);
      return at === undefined ? [] : [{ at: Math.max(at, task.createdAt), escalation }];
    })
    .sort((a, b) => a.at - b.at);
}

function momentOf(
  task: TaskRecord,
  afterMs: number | undefined,
  fromDueMs: number | undefined,
): number | undefined {
  if (afterMs !== undefined) return task.createdAt + afterMs;
  return task.dueAt === undefined || fromDueMs === undefined ? undefined : task.dueAt + fromDueMs;
}

function negated(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value;
}

// ------------------------------------------------------------------------------- from the context

function text(option: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && isKeepable(value))) return value;
  throw new InvalidOptionError(
    `${option} gave ${JSON.stringify(value)}; it must give a string without NUL characters`,
  );
}

export function names(option: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((name) => typeof name === "string" && isKeepable(name))) {
    return Object.freeze([...value]);
  }
  const found = JSON.stringify(value);
  throw new InvalidOptionError(`${option} gave ${found}; it must give a list of strings`);
}

/** A person that a function of an escalation gave. */
export function userName(option: string, value: unknown): string | undefined {
  return text(option, value);
}

function assigneeByKey(step: BaseHumanStep, context: ContextView): string | undefined {
  if (step.assigneeKey === undefined) return undefined;
  const assignee = context.get(step.assigneeKey);
  if (typeof assignee === "string") return assignee;
  throw new InvalidOptionError(`the data has no user at assigneeKey "${step.assigneeKey}"`);
}

const priorityUnlessTold = 50;

function priorityOf(value: unknown): number {
  if (value === undefined) return priorityUnlessTold;
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100) return Number(value);
  const found = JSON.stringify(value);
  throw new InvalidOptionError(`priority gave ${found}; it must give a whole number from 0 to 100`);
}

/** No later moment can be kept. */
const latestMoment = 8.64e15;

function dueDate(step: BaseHumanStep, context: ContextView, now: number): number | undefined {
  const length: unknown = resolve(step.dueInMs, context);
  if (length !== undefined) {
    if (typeof length !== "number" || !Number.isFinite(length) || length < 0) {
      const found = JSON.stringify(length);
      throw new InvalidOptionError(`dueInMs gave ${found}; it must give a number of at least 0`);
    }
    return Math.min(now + Math.ceil(length), latestMoment);
  }
  const date: unknown = resolve(step.dueAt, context);
  if (date === undefined) return undefined;
  const moment = parseInstant(date);
  if (moment !== undefined && Math.abs(moment) <= latestMoment) return moment;
  throw new InvalidOptionError(
    `dueAt gave ${String(date)}; it must give a date, an ISO 8601 string with a zone, ` +
      "or milliseconds",
  );
}

/** What the person is shown, as it is now. */
function valuesOf(
  paths: readonly string[] | undefined,
  context: ContextView,
): Readonly<Record<string, unknown>> | undefined {
  if (paths === undefined) return undefined;
  const found = paths.map((path) => [path, context.get(path)] as const);
  return Object.freeze(Object.fromEntries(found.filter(([, value]) => value !== undefined)));
}

export function resolve<Value>(
  value: FromContext<Value> | undefined,
  context: ContextView,
): Value | undefined {
  return typeof value === "function" ? (value as (context: ContextView) => Value)(context) : value;
}
