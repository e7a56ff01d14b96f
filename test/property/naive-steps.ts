import type { TimerKind } from "../../src/machine/state.ts";
import { isGroup, type Json, type NodeSpec, type Writes } from "./definition-spec.ts";
import { commit } from "./naive-data.ts";
import { type End, takeEdges } from "./naive-edges.ts";
import { cancelNodes, cutMembers } from "./naive-endings.ts";
import { type Execution, type Failure, isAtWork } from "./naive-execution.ts";
import type { NaiveInstance } from "./naive-instance.ts";
import { advance, beginGroup } from "./naive-members.ts";

/** The life of an execution, from the visit to a node to its end. */

/** Control reaches a node of the definition. */
export function visit(instance: NaiveInstance, node: NodeSpec): Execution {
  const visits = instance.executions.filter((one) => one.path === node.name && !one.undoes);
  return create(instance, {
    node,
    path: node.name,
    group: undefined,
    iteration: visits.length + 1,
  });
}

export function create(
  instance: NaiveInstance,
  what: Pick<Execution, "node" | "path" | "group" | "iteration"> & { undoes?: Execution },
): Execution {
  const execution: Execution = {
    undoes: undefined,
    ...what,
    attempt: 1,
    lastAttempt: what.node.retry?.maxAttempts ?? 1,
    status: "pending",
    phase: "execute",
    since: instance.tick(),
    result: undefined,
    writes: [],
    failure: undefined,
    ended: 0,
    timers: new Map(),
    members: undefined,
    callback: undefined,
    closed: false,
    left: "no",
    cutOff: false,
  };
  instance.executions.push(execution);
  return execution;
}

/** First come, first served; but who waits for something else too holds nobody up. */
export function mayStart(instance: NaiveInstance, execution: Execution): boolean {
  const isShutOut = (one: Execution) =>
    instance.executions.some((other) => isAtWork(other) && excludeEachOther(one, other));
  const goesBefore = (other: Execution) =>
    other.status === "pending" &&
    other.since < execution.since &&
    excludeEachOther(execution, other) &&
    !isShutOut(other);
  return (
    instance.status !== "paused" && !isShutOut(execution) && !instance.executions.some(goesBefore)
  );
}

export function startIfFree(instance: NaiveInstance, execution: Execution): void {
  if (execution.status === "pending" && mayStart(instance, execution))
    startAttempt(instance, execution);
}

export function startAttempt(instance: NaiveInstance, execution: Execution): void {
  const { node, timers } = execution;
  if (node.deadlineMs !== undefined && !timers.has("deadline")) {
    timers.set("deadline", instance.now + node.deadlineMs);
  }
  // The attempt of a step with code of its own is timed by whoever runs the code.
  const isTimedHere = node.kind !== "machine" && node.kind !== "gateway";
  if (node.timeoutMs !== undefined && isTimedHere) {
    timers.set("timeout", instance.now + node.timeoutMs);
  }
  const callsOut = node.kind === "webhook" && node.execute;
  if (isTimedHere && (node.canExecute || callsOut)) {
    execution.phase = "prepare";
    turn(instance, execution, "running");
  } else beginWork(instance, execution);
}

export function beginWork(instance: NaiveInstance, execution: Execution): void {
  const { node } = execution;
  execution.phase = "execute";
  if (isGroup(node)) return beginGroup(instance, execution, node);
  switch (node.kind) {
    case "machine":
      return turn(instance, execution, "running");
    case "gateway":
      if (node.choice === "named") return turn(instance, execution, "running");
      return succeed(instance, execution, undefined, []);
    case "timer":
      execution.timers.set("timer", instance.now + node.durationMs);
      return turn(instance, execution, "waiting");
    case "human":
    case "webhook":
      return turn(instance, execution, "waiting");
    case "signal": {
      turn(instance, execution, "waiting");
      const stored = instance.signals.find(({ name }) => name === node.signal);
      if (node.transient || !stored) return;
      instance.signals.splice(instance.signals.indexOf(stored), 1);
      return succeedWithOwnData(instance, execution, stored.data);
    }
  }
}

/** The process that ran its code is gone: the code runs again, as another attempt. */
export function interrupt(instance: NaiveInstance, execution: Execution): void {
  execution.timers.delete("timeout");
  nextAttempt(instance, execution);
  if (instance.status !== "paused") startAttempt(instance, execution);
}

export function fire(instance: NaiveInstance, execution: Execution, timer: TimerKind): void {
  execution.timers.delete(timer);
  switch (timer) {
    case "timer":
      return succeed(instance, execution, undefined, []);
    case "retry":
      return nextAttempt(instance, execution);
    case "timeout":
      return fail(instance, execution, { code: "STEP_TIMEOUT" }, { retryable: true, random: 0 });
    case "deadline":
      return fail(instance, execution, { code: "STEP_DEADLINE" }, { retryable: false, random: 0 });
  }
}

export function receive(
  instance: NaiveInstance,
  { name, data, id }: { name: string; data: Json; id?: string | undefined },
): void {
  if (id !== undefined && instance.signalIds.has(id)) return;
  if (id !== undefined) instance.signalIds.add(id);
  const [oldest] = instance.executions.filter(({ status, node }) => {
    return status === "waiting" && node.kind === "signal" && node.signal === name;
  });
  if (oldest) succeedWithOwnData(instance, oldest, data);
  else instance.signals.push({ name, data });
}

/** What a person, a webhook or a signal gave stands under the step's name, but not in a map. */
export function succeedWithOwnData(
  instance: NaiveInstance,
  execution: Execution,
  data: Json,
): void {
  const writes: Writes = isInMap(execution) ? [] : [[execution.node.name, data]];
  succeed(instance, execution, data, writes);
}

export function succeed(
  instance: NaiveInstance,
  execution: Execution,
  result: Json | undefined,
  writes: Writes,
  targets?: readonly string[],
): void {
  endAs(instance, execution, "succeeded");
  execution.result = result;
  execution.writes = writes;
  if (!execution.group) commit(instance, writes);
  cancelNodes(instance, execution.node.cancels ?? []);
  leave(instance, execution, "success", targets);
}

export function skip(instance: NaiveInstance, execution: Execution): void {
  endAs(instance, execution, "skipped");
  leave(instance, execution, "success");
}

export function fail(
  instance: NaiveInstance,
  execution: Execution,
  failure: Failure,
  attempt: { readonly retryable: boolean; readonly random: number },
): void {
  cutMembers(instance, execution);
  if (attempt.retryable && execution.attempt < execution.lastAttempt) {
    return scheduleRetry(instance, execution, attempt.random);
  }
  endAs(instance, execution, "failed");
  execution.failure = failure;
  cancelNodes(instance, execution.node.cancels ?? []);
  leave(instance, execution, "failure");
}

function scheduleRetry(instance: NaiveInstance, execution: Execution, random: number): void {
  const { timers, node, attempt, lastAttempt } = execution;
  const policy = node.retry ?? { maxAttempts: 1 };
  const failures = attempt - (lastAttempt - policy.maxAttempts);
  const growth = (policy.backoffCoefficient ?? 2) ** (failures - 1);
  const uncapped = (policy.initialIntervalMs ?? 0) * growth;
  const delay = Math.min(uncapped, policy.maxIntervalMs ?? 3_600_000);
  const delayMs = delay * (1 - (policy.jitter ?? 0) * random);

  timers.delete("timer");
  timers.delete("timeout");
  if (delayMs === 0) return nextAttempt(instance, execution);
  timers.set("retry", instance.now + delayMs);
  turn(instance, execution, "scheduled");
}

function nextAttempt(instance: NaiveInstance, execution: Execution): void {
  execution.attempt += 1;
  turn(instance, execution, "pending");
}

/** The next attempt after an end, with the retry policy anew. */
export function again(instance: NaiveInstance, execution: Execution): void {
  execution.lastAttempt = execution.attempt + (execution.node.retry?.maxAttempts ?? 1);
  execution.failure = undefined;
  execution.cutOff = false;
  execution.left = "no";
  nextAttempt(instance, execution);
}

export function endAs(
  instance: NaiveInstance,
  execution: Execution,
  status: "succeeded" | "failed" | "canceled" | "skipped",
): void {
  execution.timers.clear();
  turn(instance, execution, status);
  execution.ended = instance.tick();
}

export function turn(
  instance: NaiveInstance,
  execution: Execution,
  status: Execution["status"],
): void {
  execution.status = status;
  execution.since = instance.tick();
}

export function leave(
  instance: NaiveInstance,
  execution: Execution,
  end: End,
  targets?: readonly string[],
): void {
  if (execution.group) advance(instance, execution.group);
  else takeEdges(instance, execution, end, targets);
}

/** They share a mutex, or take turns in an interleaved group. */
function excludeEachOther(one: Execution, other: Execution): boolean {
  if (one === other) return false;
  if (one.node.mutex !== undefined && one.node.mutex === other.node.mutex) return true;
  return one.group?.node.kind === "interleaved" && one.group === other.group;
}

const isInMap = ({ group, node }: Execution): boolean =>
  group !== undefined &&
  (isInMap(group) || (group.node.kind === "map" && group.callback?.node !== node));
