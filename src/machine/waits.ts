import type { BaseHumanStep } from "../definition/human-step.ts";
import {
  dueTime,
  type Mapping,
  type SignalStep,
  type SubworkflowStep,
  type TimerStep,
} from "../definition/wait-steps.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import { ContextView } from "./context-view.ts";
import { clearTimer, failAttempt, failure, setTimer, succeed } from "./executions.ts";
import type { ExecutionRecord, SignalRecord, Writes } from "./state.ts";
import { newTask, openTask, withdrawTask } from "./tasks.ts";
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
      openTask(t, task, node.source as BaseHumanStep);
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
    withdrawTask(t, execution, reason);
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

// ----------------------------------------------------------------------------------------- signals

/** A waiting step takes the oldest signal of its name that nobody used. */
function useStoredSignal(t: Transition, execution: ExecutionRecord, step: SignalStep): void {
  const stored = step.transient
    ? undefined
    : t.state.signals.find(({ name }) => name === step.signal);
  if (stored === undefined) {
    t.state.signalWaiters ??= new Map();
    const waiters = t.state.signalWaiters.get(step.signal);
    if (waiters === undefined) t.state.signalWaiters.set(step.signal, [execution.id]);
    else insertInOrder(waiters, execution.id);
    return;
  }
  useSignal(t, t.current(execution.id), stored);
}

export function useSignal(t: Transition, execution: ExecutionRecord, signal: SignalRecord): void {
  t.signal("SignalUsed", { ...signal, usedBy: execution.id });
  succeedWithData(t, execution, signal.data);
}

/** Keeps ids ascending; nearly always the new one is the greatest. */
export function insertInOrder(ids: number[], id: number): void {
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
