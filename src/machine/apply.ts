import type { GraphEdge, GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import { ScopeLog } from "./context-data.ts";
import type {
  ExecutionEvent,
  InstanceEvent,
  MachineEvent,
  SignalEvent,
  TaskEvent,
  TimerEvent,
} from "./event.ts";
import type { GroupState, InstanceState } from "./instance-state.ts";
import {
  addArrival,
  changeActivity,
  closeRound,
  createLiveness,
  joinOf,
  useArrivals,
} from "./join-state.ts";
import { assertMove, instanceLifecycle, isBusy, isLive, stepLifecycle } from "./lifecycle.ts";
import type { ExecutionRecord } from "./state.ts";
import { writesOf } from "./writes.ts";

/**
 * Folds a fact into the state. It decides nothing and calls no code of a definition: whatever
 * needed a decision stands in the event.
 */
export function apply(graph: WorkflowGraph, state: InstanceState, event: MachineEvent): void {
  if ("execution" in event) applyExecution(graph, state, event);
  else if ("instance" in event) applyInstance(graph, state, event);
  else if ("task" in event) applyTask(state, event);
  else if ("timer" in event) applyTimer(state, event);
  else if ("signal" in event) applySignal(state, event);
}

export function applyInstance(
  graph: WorkflowGraph,
  state: InstanceState,
  event: InstanceEvent,
): void {
  const { id, status } = state.instance;
  assertMove(instanceLifecycle, `Instance ${id}`, status, event.instance.status);
  state.instance = event.instance;
  if (event.type !== "InstanceStarted") return;
  state.data.commit(Object.entries(event.instance.initialData));
  createLiveness(graph, state);
}

export function applyTask(state: InstanceState, { task }: TaskEvent): void {
  state.tasks ??= new Map();
  state.tasks.set(task.id, task);
}

export function applyTimer(state: InstanceState, { type, timer }: TimerEvent): void {
  state.timers ??= new Map();
  if (type === "TimerSet") state.timers.set(timer.id, timer);
  else state.timers.delete(timer.id);
}

export function applySignal(state: InstanceState, { signal }: SignalEvent): void {
  state.signalIds ??= new Set();
  state.signalIds.add(signal.id);
  state.signals = state.signals.filter(({ id }) => id !== signal.id);
  if (signal.usedBy === 0) state.signals.push(signal);
}

export function applyExecution(
  graph: WorkflowGraph,
  state: InstanceState,
  event: ExecutionEvent,
): void {
  const { execution } = event;
  const before = state.executions[execution.id - 1];
  if (before !== undefined) {
    assertMove(stepLifecycle, execution.path, before.status, execution.status);
  }
  state.executions[execution.id - 1] = execution;

  const wasBusy = before !== undefined && isBusy(before.status);
  if (wasBusy !== isBusy(execution.status)) state.busy += wasBusy ? -1 : 1;
  if (execution.order > state.order) state.order = execution.order;

  if (execution.parent !== 0) applyMember(state, before, execution);
  else applyTopLevel(graph, state, before, execution);
  if (event.committed !== undefined) state.data.commit(event.committed);
}

function applyTopLevel(
  graph: WorkflowGraph,
  state: InstanceState,
  before: ExecutionRecord | undefined,
  execution: ExecutionRecord,
): void {
  const { id, node: index, status } = execution;
  if (before === undefined || isLive(before.status) !== isLive(status)) {
    if (isLive(status)) state.live.add(id);
    else state.live.delete(id);
  }
  if (execution.compensates !== 0) return;

  const node = graph.nodes[index] as GraphNode;
  const succeeds = status === "succeeded" && before?.status !== "succeeded";
  if (succeeds) state.latestSucceeded[index] = id;
  if (before === undefined) {
    state.latest[index] = id;
    visit(graph, state, node, execution);
  } else if (before.roundOpen && !execution.roundOpen) {
    closeRound(graph, state, node);
  }
  if (execution.taken === undefined) return;
  if (before?.taken === undefined) leave(graph, state, node, execution.taken);
  else if (before.taken !== execution.taken) takeBack(graph, state, before.taken, execution.taken);
}

/** Control comes to a node: its arrivals are used up, and the execution is what is active. */
function visit(
  graph: WorkflowGraph,
  state: InstanceState,
  node: GraphNode,
  execution: ExecutionRecord,
): void {
  if (node.join.kind !== "each") {
    useArrivals(graph, state, node, execution);
    joinOf(graph, state, node).executions++;
  }
  changeActivity(graph, state, node.index, 1 - execution.arrivals.length);
}

/** Control leaves a node by the taken edges, and may then be anywhere they lead. */
function leave(
  graph: WorkflowGraph,
  state: InstanceState,
  node: GraphNode,
  taken: readonly number[],
): void {
  for (const index of taken) {
    const target = graph.nodes[(graph.edges[index] as GraphEdge).target] as GraphNode;
    if (target.join.kind === "each") changeActivity(graph, state, target.index, 1);
    else addArrival(graph, state, target, index);
  }
  if (node.join.kind !== "each") joinOf(graph, state, node).executions--;
  changeActivity(graph, state, node.index, -1);
}

/** Edges that led nowhere because the instance failed are no longer taken. */
function takeBack(
  graph: WorkflowGraph,
  state: InstanceState,
  before: readonly number[],
  after: readonly number[],
): void {
  for (const edge of before) {
    if (!after.includes(edge)) {
      changeActivity(graph, state, (graph.edges[edge] as GraphEdge).target, -1);
    }
  }
}

/** Keeps the counts of a group equal to the records of its members. */
function applyMember(
  state: InstanceState,
  before: ExecutionRecord | undefined,
  execution: ExecutionRecord,
): void {
  const group = groupOf(state, execution.parent);
  if (before === undefined) {
    if (execution.position < 0) group.callback = execution.id;
    else group.members[execution.position] = execution.id;
  } else if (before.position >= 0) {
    count(group, before, -1);
  }
  if (execution.position >= 0) count(group, execution, 1);
  if (execution.status !== "pending") group.again.delete(execution.position);
  if (execution.status === "succeeded") logWrites(state, group, execution);
}

function count(group: GroupState, { status, vote }: ExecutionRecord, amount: number): void {
  if (isLive(status)) group.live += amount;
  else if (status === "succeeded") group.succeeded += amount;
  else if (status === "failed") group.failed += amount;
  else group.passed += amount;
  if (vote === "counts") group.counted += amount;
  else if (vote === "veto") group.vetoes += amount;
}

/** The callback sees what the members wrote. */
export function openCallbackLog(state: InstanceState, group: GroupState): void {
  const log = new ScopeLog();
  for (const [key, value] of writesOf(state, state.execution(group.executionId))) {
    log.add(key, value);
  }
  group.log = log;
}

/**
 * In a sequential group a member sees what those declared before it wrote; when one of them runs
 * again, later ones may have written already.
 */
export function logEarlier(state: InstanceState, group: GroupState, position: number): void {
  if (position < group.logged) {
    group.log = undefined;
    group.logged = 0;
  }
  for (; group.logged < position; group.logged++) {
    const id = group.members[group.logged];
    const member = id === undefined ? undefined : state.execution(id);
    if (member?.status === "succeeded") addToLog(state, group, member);
  }
}

/** In groups whose members take turns in any order, later ones see what earlier ones wrote. */
export function logWrites(state: InstanceState, group: GroupState, member: ExecutionRecord): void {
  const { kind } = state.node(state.execution(group.executionId));
  if (kind === "interleaved" || kind === "custom") addToLog(state, group, member);
}

function addToLog(state: InstanceState, group: GroupState, member: ExecutionRecord): void {
  group.log ??= new ScopeLog();
  for (const [key, value] of writesOf(state, member)) group.log.add(key, value, member.id);
}

/** The counts of a group; made when its first member or its list is known. */
export function groupOf(state: InstanceState, executionId: number): GroupState {
  state.groups ??= new Map();
  let group = state.groups.get(executionId);
  if (group === undefined) {
    group = {
      executionId,
      members: [],
      callback: 0,
      next: 0,
      again: new Set(),
      live: 0,
      succeeded: 0,
      failed: 0,
      passed: 0,
      counted: 0,
      vetoes: 0,
      log: undefined,
      logged: 0,
      filling: false,
    };
    state.groups.set(executionId, group);
  }
  return group;
}
