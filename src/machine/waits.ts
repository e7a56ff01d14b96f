import type { BaseHumanStep } from "../definition/human-step.ts";
import type { FromContext } from "../definition/step.ts";
import {
  dueTime,
  type Mapping,
  type SignalStep,
  type SubworkflowStep,
  type TimerStep,
} from "../definition/wait-steps.ts";
import { InvalidOptionError } from "../errors.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import { isKeepable } from "../text.ts";
import { ContextView } from "./context-view.ts";
import { clearTimer, failAttempt, failure, setTimer, succeed } from "./executions.ts";
import type { InstanceState } from "./instance-state.ts";
import type { ExecutionRecord, SignalRecord, TaskRecord, Writes } from "./state.ts";
import type { Transition } from "./transition.ts";

/** Steps that wait: for a person, a time, a message, or a child instance. */

export function openWait(t: Transition, execution: ExecutionRecord, node: GraphNode): void {
  try {
    openByKind(t, execution, node);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const error = failure(execution, "FUNCTION_FAILED", `"${execution.path}": ${message}`);
    failAttempt(t, execution, error);
  }
}

function openByKind(t: Transition, execution: ExecutionRecord, node: GraphNode): void {
  const context = new ContextView(t.graph, t.state, execution);
  switch (node.kind) {
    case "human": {
      const task = newTask(t, execution, node.source as BaseHumanStep, context);
      wait(t, execution);
      t.task("TaskOpened", task);
      break;
    }
    case "timer": {
      const fireAt = dueTime(node.source as TimerStep, context, t.now);
      const waiting = wait(t, execution);
      if (fireAt > t.now) setTimer(t, "timer", execution.id, fireAt);
      else succeed(t, waiting, undefined, waiting.writes);
      break;
    }
    case "signal":
      wait(t, execution);
      useStoredSignal(t, execution, node.source as SignalStep);
      break;
    case "subworkflow": {
      const input = mapData((node.source as SubworkflowStep).input, context);
      const waiting = wait(t, execution);
      t.effects.push({ type: "StartChild", execution: waiting, input });
      break;
    }
    default:
      wait(t, execution);
  }
}

function wait(t: Transition, execution: ExecutionRecord): ExecutionRecord {
  const waiting: ExecutionRecord = { ...execution, status: "waiting" };
  t.step("StepWaiting", waiting);
  return waiting;
}

/** Ends what an execution waits for. */
export function stopWaiting(
  t: Transition,
  execution: ExecutionRecord,
  kind: GraphNode["kind"],
  reason: string,
): void {
  // A step of a user's own group that was loaded, and that the body has not yet called again.
  const isUnknown = kind === "machine";
  if (kind === "human" || isUnknown) {
    const task = t.state.tasks?.get(taskId(execution));
    if (task?.status === "open") {
      t.task("TaskWithdrawn", { ...task, status: "withdrawn", endedAt: t.now, reason });
    }
  }
  if (kind === "timer" || isUnknown) clearTimer(t, "timer", execution.id);
  if (kind === "subworkflow" || isUnknown) {
    const { id: executionId, attempt } = execution;
    t.effects.push({ type: "CancelChild", executionId, attempt, reason });
  }
}

/** The step has got its data: it is the result, and stands under the step's name. */
export function succeedWithData(t: Transition, execution: ExecutionRecord, data: unknown): void {
  const { name, writesData } = t.node(execution);
  const before = execution.writes;
  const writes: Writes | undefined = writesData ? [...(before ?? []), [name, data]] : before;
  succeed(t, execution, data, writes);
}

// ------------------------------------------------------------------------------------------- tasks

function taskId(execution: ExecutionRecord): string {
  return execution.attempt === 1 ? `${execution.id}` : `${execution.id}-${execution.attempt}`;
}

function newTask(
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
    shown: undefined,
    priority: 50,
    dueAt: undefined,
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

function text(option: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && isKeepable(value))) return value;
  throw new InvalidOptionError(
    `${option} gave ${JSON.stringify(value)}; it must give a string without NUL characters`,
  );
}

function names(option: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((name) => typeof name === "string" && isKeepable(name))) {
    return Object.freeze([...value]);
  }
  const found = JSON.stringify(value);
  throw new InvalidOptionError(`${option} gave ${found}; it must give a list of strings`);
}

function assigneeByKey(step: BaseHumanStep, context: ContextView): string | undefined {
  if (step.assigneeKey === undefined) return undefined;
  const assignee = context.get(step.assigneeKey);
  if (typeof assignee === "string") return assignee;
  throw new InvalidOptionError(`the data has no user at assigneeKey "${step.assigneeKey}"`);
}

function resolve<Value>(
  value: FromContext<Value> | undefined,
  context: ContextView,
): Value | undefined {
  return typeof value === "function" ? (value as (context: ContextView) => Value)(context) : value;
}

// ----------------------------------------------------------------------------------------- signals

/** A waiting step takes the oldest signal of its name that nobody used. */
function useStoredSignal(t: Transition, execution: ExecutionRecord, step: SignalStep): void {
  const stored = step.transient
    ? undefined
    : t.state.signals.find(({ name }) => name === step.signal);
  if (stored === undefined) {
    addSignalWaiter(t.state, step.signal, execution.id);
    return;
  }
  useSignal(t, t.current(execution.id), stored);
}

export function useSignal(t: Transition, execution: ExecutionRecord, signal: SignalRecord): void {
  t.signal("SignalUsed", { ...signal, usedBy: execution.id });
  succeedWithData(t, execution, signal.data);
}

/** Keeps ids ascending; nearly always the new one is the greatest. */
export function addSignalWaiter(state: InstanceState, signal: string, id: number): void {
  state.signalWaiters ??= new Map();
  const waiters = state.signalWaiters.get(signal);
  if (waiters === undefined) state.signalWaiters.set(signal, [id]);
  else if (!waiters.includes(id)) insertInOrder(waiters, id);
}

function insertInOrder(ids: number[], id: number): void {
  ids.push(id);
  if (id < (ids[ids.length - 2] ?? 0)) ids.sort((a, b) => a - b);
}

/** The oldest execution that waits for a signal of this name. */
export function takeSignalWaiter(t: Transition, name: string): ExecutionRecord | undefined {
  const waiters = t.state.signalWaiters?.get(name) ?? [];
  for (let id = waiters.shift(); id !== undefined; id = waiters.shift()) {
    const execution = t.current(id);
    if (execution.status === "waiting") return execution;
  }
  t.state.signalWaiters?.delete(name);
  return undefined;
}

// ------------------------------------------------------------------------------------ subworkflows

/** What crosses between a parent and its child. */
export function mapData(
  mapping: Mapping<Record<string, unknown>> | undefined,
  context: Pick<ContextView, "get">,
): Readonly<Record<string, unknown>> {
  if (mapping === undefined) return {};
  if (typeof mapping === "function") {
    return toJson(mapping(context as ContextView), "the mapping") as Record<string, unknown>;
  }
  const data: Record<string, unknown> = {};
  for (const [key, path] of Object.entries(mapping)) {
    const value = context.get(path);
    if (value !== undefined) data[key] = value;
  }
  return Object.freeze(data);
}
