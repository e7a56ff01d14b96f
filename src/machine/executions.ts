import type { RetryPolicy } from "../definition/step.ts";
import type { RecordedError } from "../errors.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { groupOf } from "./apply.ts";
import { continueCompensation } from "./compensation.ts";
import { failInstance } from "./ending.ts";
import { cancelMembers, memberEnded, openGroup, prepareAgain } from "./groups.ts";
import { acquireLocks, releaseLocks, waitForLocks } from "./locks.ts";
import { cancelNamedSteps, routeFailure, routeSuccess } from "./routing.ts";
import type { ExecutionRecord, TimerKind, Writes } from "./state.ts";
import type { Transition } from "./transition.ts";
import { openWait, stopWaiting } from "./waits.ts";
import { ReducerFailure, resolveWrites, writesOf } from "./writes.ts";

/** The life of one execution, from the visit to a node to its end. */

export const noEdges: readonly number[] = [];

interface Visit {
  readonly node: GraphNode;
  readonly path: string;
  readonly parent: number;
  readonly position: number;
  readonly iteration: number;
  readonly arrivals: readonly number[];
  readonly roundOpen: boolean;
  readonly compensates: number;
}

// ---------------------------------------------------------------------------------------- starting

/** Control comes to a top-level node. */
export function visitNode(
  t: Transition,
  node: GraphNode,
  arrivals: readonly number[],
  roundOpen = false,
): ExecutionRecord {
  const execution = newExecution(t, {
    node,
    path: node.path,
    parent: 0,
    position: 0,
    iteration: nextIteration(t, node),
    arrivals,
    roundOpen,
    compensates: 0,
  });
  if (t.countVisit()) begin(t, execution);
  else failEndlessLoop(t, execution);
  return execution;
}

function failEndlessLoop(t: Transition, execution: ExecutionRecord): void {
  const message =
    `Control came to "${execution.path}" in pass ${execution.iteration} of a loop in which ` +
    "nothing waits and no code runs; give the loop an end, or a step that does something.";
  fail(t, execution, failure(execution, "ENDLESS_LOOP", message));
}

function nextIteration(t: Transition, node: GraphNode): number {
  const latest = t.state.latest[node.index] as number;
  return latest === 0 ? 1 : t.current(latest).iteration + 1;
}

/** Arrivals at a node go without its being run: they are recorded as one cancelled execution. */
export function cancelArrivals(
  t: Transition,
  node: GraphNode,
  arrivals: readonly number[],
  reason: string,
): ExecutionRecord {
  const visit = newExecution(t, {
    node,
    path: node.path,
    parent: 0,
    position: 0,
    iteration: nextIteration(t, node),
    arrivals,
    roundOpen: false,
    compensates: 0,
  });
  const canceled: ExecutionRecord = {
    ...ended(t, visit, "canceled"),
    startedAt: undefined,
    error: cancellation(visit, reason),
  };
  t.step("StepCanceled", canceled);
  return canceled;
}

/** A member of a group starts. */
export function visitMember(
  t: Transition,
  group: ExecutionRecord,
  node: GraphNode,
  position: number,
  path: string,
): void {
  begin(
    t,
    newExecution(t, {
      node,
      path,
      parent: group.id,
      position,
      iteration: group.iteration,
      arrivals: noEdges,
      roundOpen: false,
      compensates: 0,
    }),
  );
}

export function newExecution(t: Transition, visit: Visit): ExecutionRecord {
  return {
    id: t.state.executions.length + 1,
    node: visit.node.index,
    path: visit.path,
    parent: visit.parent,
    position: visit.position,
    iteration: visit.iteration,
    attempt: 1,
    lastAttempt: visit.node.retry?.maxAttempts ?? 1,
    status: "running",
    arrivals: visit.arrivals,
    roundOpen: visit.roundOpen,
    // Members have no edges, and neither has a compensation.
    taken: visit.parent === 0 && visit.compensates === 0 ? undefined : noEdges,
    startedAt: t.now,
    endedAt: undefined,
    order: 0,
    result: undefined,
    writes: undefined,
    error: undefined,
    map: undefined,
    vote: undefined,
    reduced: undefined,
    compensates: visit.compensates,
  };
}

/** Starts an attempt, or lets it wait for its turn. `execution` is the record of the attempt. */
export function begin(t: Transition, execution: ExecutionRecord): void {
  if (t.mustWait(execution) || !acquireLocks(t, execution)) {
    waitForTurn(t, execution);
  } else {
    startAttempt(t, execution);
  }
}

function waitForTurn(t: Transition, execution: ExecutionRecord): void {
  const order = t.state.order + 1;
  const pending: ExecutionRecord = { ...execution, status: "pending", startedAt: undefined, order };
  t.step("StepPending", pending);
  waitForLocks(t, pending);
}

/** Its turn may have come; if not, it keeps its place. */
export function beginPending(t: Transition, pending: ExecutionRecord): void {
  if (t.mustWait(pending)) return;
  if (acquireLocks(t, pending)) {
    const attempt = { status: "running", startedAt: t.now, order: 0, error: undefined } as const;
    startAttempt(t, { ...pending, ...attempt });
  } else {
    waitForLocks(t, pending);
  }
}

/** A further attempt of an execution that failed, or was cut off by a crash. */
export function beginAgain(t: Transition, execution: ExecutionRecord, lastAttempt?: number): void {
  begin(t, furtherAttempt(t, execution, lastAttempt ?? execution.lastAttempt));
}

function furtherAttempt(
  t: Transition,
  execution: ExecutionRecord,
  lastAttempt: number,
): ExecutionRecord {
  return {
    ...execution,
    status: "running",
    attempt: execution.attempt + 1,
    lastAttempt,
    startedAt: t.now,
    endedAt: undefined,
    order: 0,
    result: undefined,
    writes: undefined,
    error: undefined,
  };
}

/**
 * An operator's retry: a fresh allowance of attempts. It starts when all that is retried is known.
 */
export function rerun(t: Transition, execution: ExecutionRecord): void {
  const { kind, retry } = t.node(execution);
  if (kind === "custom") prepareAgain(t, groupOf(t.state, execution.id));
  beginSoon(t, furtherAttempt(t, execution, execution.attempt + (retry?.maxAttempts ?? 1)));
}

/** Later in the command, so that attempts which fail at once do not pile up on the stack. */
function beginSoon(t: Transition, attempt: ExecutionRecord): void {
  waitForTurn(t, attempt);
  t.later(() => {
    const pending = t.current(attempt.id);
    if (pending.status === "pending" && !t.isOver) beginPending(t, pending);
  });
}

function startAttempt(t: Transition, execution: ExecutionRecord): void {
  const node = t.node(execution);
  const { kind, deadlineMs, timeoutMs } = node;
  if (execution.compensates !== 0) {
    t.step("StepStarted", execution);
    t.effects.push({ type: "RunStep", execution, phase: "compensate" });
    return;
  }
  if (deadlineMs !== undefined && !t.state.timers?.has(timerId("deadline", execution.id))) {
    setTimer(t, "deadline", execution.id, t.now + deadlineMs);
  }
  // The engine times what runs code: its time counts from when the code is called.
  if (timeoutMs !== undefined && (!node.runsCode || kind === "custom")) {
    setTimer(t, "timeout", execution.id, t.now + timeoutMs);
  }
  if (node.runsCode || node.prepares) {
    t.step("StepStarted", execution);
    t.effects.push({ type: "RunStep", execution, phase: node.runsCode ? "execute" : "prepare" });
  } else {
    open(t, execution);
  }
}

/** What runs no code of its own begins to wait: for its members, or for what is to come. */
export function open(t: Transition, execution: ExecutionRecord): void {
  const node = t.node(execution);
  switch (node.kind) {
    case "gateway":
      t.step("StepStarted", execution);
      succeed(t, execution, undefined, undefined);
      break;
    case "human":
    case "timer":
    case "webhook":
    case "signal":
    case "subworkflow":
      openWait(t, execution, node);
      break;
    default:
      openGroup(t, execution, node);
  }
}

// ------------------------------------------------------------------------------------------ timers

const latestMoment = 8.64e15;

function timerId(kind: TimerKind, executionId: number): string {
  return `${kind}:${executionId}`;
}

export function setTimer(
  t: Transition,
  kind: TimerKind,
  executionId: number,
  fireAt: number,
): void {
  // Whole milliseconds that a `Date` can have, so that every database can keep them.
  const moment = Math.min(Math.ceil(fireAt), latestMoment);
  t.timer("TimerSet", { id: timerId(kind, executionId), kind, executionId, fireAt: moment });
}

export function clearTimer(t: Transition, kind: TimerKind, executionId: number): void {
  const timer = t.state.timers?.get(timerId(kind, executionId));
  if (timer !== undefined) t.timer("TimerCleared", timer);
}

function clearTimers(t: Transition, executionId: number): void {
  if (t.state.timers === undefined || t.state.timers.size === 0) return;
  clearTimer(t, "timer", executionId);
  clearTimer(t, "retry", executionId);
  clearTimer(t, "timeout", executionId);
  clearTimer(t, "deadline", executionId);
}

// ------------------------------------------------------------------------------------------ ending

/** The execution has done what it was for. */
export function succeed(
  t: Transition,
  execution: ExecutionRecord,
  result: unknown,
  writes: Writes | undefined,
  targets?: readonly string[],
): void {
  const node = t.node(execution);
  const isCompensation = execution.compensates !== 0;
  if (execution.parent !== 0 && !isCompensation) {
    endMember(t, "StepSucceeded", ended(t, execution, "succeeded", result, writes));
    return;
  }
  const visible = writesOf(t.state, execution, writes);
  const resolved = visible.length === 0 ? undefined : resolveWrites(t.graph, t.state, visible);
  if (resolved instanceof ReducerFailure) {
    fail(t, execution, failure(execution, "FUNCTION_FAILED", resolved.message));
    return;
  }
  const taken = isCompensation || targets !== undefined ? execution.taken : node.always;
  const record = ended(t, execution, "succeeded", result, writes, taken, resolved?.reduced);
  t.step("StepSucceeded", record, resolved?.committed);
  release(t, execution);
  if (isCompensation) return continueCompensation(t);
  if (node.cancels.length > 0) cancelNamedSteps(t, node);
  routeSuccess(t, record, targets);
}

/** The record of an execution at its end. */
function ended(
  t: Transition,
  execution: ExecutionRecord,
  status: "succeeded" | "failed" | "skipped" | "canceled",
  result?: unknown,
  writes?: Writes,
  taken = execution.taken,
  reduced?: Writes,
): ExecutionRecord {
  const order = t.state.order + 1;
  return { ...execution, status, endedAt: t.now, order, result, writes, taken, reduced };
}

/** `canExecute` said no, or no member of the group had anything to do. */
export function skip(t: Transition, execution: ExecutionRecord): void {
  const skipped = ended(t, execution, "skipped");
  if (execution.parent !== 0) {
    endMember(t, "StepSkipped", skipped);
    return;
  }
  t.step("StepSkipped", skipped);
  release(t, execution);
  routeSuccess(t, skipped, undefined);
}

/** An attempt failed: another one follows, or the execution has failed for good. */
export function failAttempt(
  t: Transition,
  execution: ExecutionRecord,
  error: RecordedError,
  retryable = true,
  random = 0,
): void {
  const { kind, retry } = t.node(execution);
  if (!retryable || retry === undefined || execution.attempt >= execution.lastAttempt) {
    fail(t, execution, error);
    return;
  }
  stopAttempt(t, execution, error.message);
  clearTimer(t, "timeout", execution.id);
  if (kind === "custom") prepareAgain(t, groupOf(t.state, execution.id));
  const delay = retryDelay(retry, retryNumber(execution, retry), random);
  if (delay === 0) {
    beginSoon(t, furtherAttempt(t, execution, execution.lastAttempt));
  } else {
    t.step("StepScheduled", { ...execution, status: "scheduled", error });
    setTimer(t, "retry", execution.id, t.now + delay);
  }
  releaseLocks(t, execution);
}

/** Counts the retries of the present allowance, from 1. */
function retryNumber(execution: ExecutionRecord, retry: RetryPolicy): number {
  return Math.max(1, retry.maxAttempts - (execution.lastAttempt - execution.attempt));
}

/** Delay before the k-th retry. `random` is in [0, 1). */
function retryDelay(retry: RetryPolicy, k: number, random: number): number {
  const { initialIntervalMs = 0, backoffCoefficient = 2, maxIntervalMs = 3_600_000 } = retry;
  const delay = Math.min(initialIntervalMs * backoffCoefficient ** (k - 1), maxIntervalMs);
  return Math.round(delay * (1 - (retry.jitter ?? 0) * random));
}

/** The execution has failed for good. */
export function fail(t: Transition, execution: ExecutionRecord, error: RecordedError): void {
  stopAttempt(t, execution, error.message);
  const failed: ExecutionRecord = { ...ended(t, execution, "failed"), error };
  if (execution.compensates !== 0) {
    t.step("StepFailed", failed);
    return continueCompensation(t);
  }
  if (execution.parent !== 0) {
    endMember(t, "StepFailed", failed);
    return;
  }
  t.step("StepFailed", failed);
  release(t, execution);
  cancelNamedSteps(t, t.node(execution));
  routeFailure(t, failed);
}

/**
 * The execution is stopped from outside. `taken` are edges to take, none for a member; left out
 * when the instance ends with it.
 */
export function cancelExecution(
  t: Transition,
  execution: ExecutionRecord,
  reason: string,
  taken?: readonly number[],
): ExecutionRecord {
  stopAttempt(t, execution, reason);
  const canceled: ExecutionRecord = {
    ...ended(t, execution, "canceled", undefined, undefined, taken),
    error: cancellation(execution, reason, t.halted ? "CUT_OFF" : "CANCELED"),
  };
  t.step("StepCanceled", canceled);
  release(t, execution);
  return canceled;
}

function endMember(
  t: Transition,
  type: "StepSucceeded" | "StepFailed" | "StepSkipped",
  ended: ExecutionRecord,
): void {
  const group = t.current(ended.parent);
  const { counts, veto } = t.node(group);
  let vote: ExecutionRecord["vote"];
  let problem: unknown;
  if (type === "StepSucceeded" && ended.position >= 0 && t.node(group).kind === "quorum") {
    try {
      const counted = counts === undefined || Boolean(counts(ended.result));
      vote = veto?.(ended.result) ? "veto" : counted ? "counts" : "other";
    } catch (error) {
      problem = error;
    }
  }
  t.step(type, vote === undefined ? ended : { ...ended, vote });
  release(t, ended);
  // A group that waits for its own next attempt, or has ended, does not go on.
  if (group.status !== "waiting" && t.node(group).kind !== "custom") return;
  if (problem === undefined) {
    memberEnded(t, group, t.current(ended.id));
  } else {
    const what = `A predicate of "${group.path}"`;
    const message = `${what} threw on the result of "${ended.path}": ${problem}`;
    fail(t, group, failure(group, "FUNCTION_FAILED", message));
  }
}

/** Ends what the running attempt has going: code, members, tasks, children. */
function stopAttempt(t: Transition, execution: ExecutionRecord, reason: string): void {
  const { kind } = t.node(execution);
  if (t.state.groups?.has(execution.id)) cancelMembers(t, execution, reason);
  if (execution.status === "running" || (kind === "custom" && execution.status === "waiting")) {
    t.effects.push({ type: "AbortStep", executionId: execution.id });
  }
  if (execution.status === "waiting") stopWaiting(t, execution, kind, reason);
}

/** After the end is recorded, so that nobody takes it for one that still waits. */
function release(t: Transition, execution: ExecutionRecord): void {
  clearTimers(t, execution.id);
  releaseLocks(t, execution);
}

export function failure(
  execution: ExecutionRecord,
  code: RecordedError["code"],
  message: string,
  details: Partial<RecordedError> = {},
): RecordedError {
  return { code, message, path: execution.path, ...details };
}

function cancellation(
  execution: ExecutionRecord,
  message: string,
  code: "CANCELED" | "CUT_OFF" = "CANCELED",
): RecordedError {
  return { code, message, path: execution.path };
}

/** An error that ends the whole instance although its step has ended well. */
export function failRouting(
  t: Transition,
  execution: ExecutionRecord,
  code: RecordedError["code"],
  message: string,
): void {
  failInstance(t, failure(execution, code, message, causeOf(execution)));
}

function causeOf({ error }: ExecutionRecord): Partial<RecordedError> {
  return error === undefined ? {} : { cause: error };
}
