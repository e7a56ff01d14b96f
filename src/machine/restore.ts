import type { SignalStep } from "../definition/wait-steps.ts";
import { DefinitionChangedError } from "../errors.ts";
import { unboundStep } from "../graph/compile.ts";
import type { GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import { groupOf, logEarlier, logWrites, openCallbackLog } from "./apply.ts";
import { InstanceState } from "./instance-state.ts";
import { addArrival, changeActivity, createLiveness, joinOf, restoreRound } from "./join-state.ts";
import { isBusy, isLive } from "./lifecycle.ts";
import { restoreLocks } from "./locks.ts";
import type { ExecutionRecord, InstanceRows } from "./state.ts";
import { Transition } from "./transition.ts";
import { insertInOrder } from "./waits.ts";
import { refoldWrites } from "./writes.ts";

/**
 * The state of an instance from its rows. It reads records and calls no code of the definition:
 * what code decided (conditions, predicates, reducers) was recorded.
 */
export function restore(graph: WorkflowGraph, rows: InstanceRows): InstanceState {
  const state = new InstanceState(graph, rows.instance);
  if (rows.instance.status === "pending") return state;
  state.data.commit(Object.entries(rows.instance.initialData));
  createLiveness(graph, state);

  const records = [...rows.executions].sort((a, b) => a.id - b.id);
  const former = new Map<string, number>();
  for (const record of records) restoreExecution(graph, state, record, former);
  const ended = state.executions
    .filter(({ status }) => status === "succeeded")
    .sort((a, b) => a.order - b.order);
  for (const execution of ended) {
    if (execution.parent !== 0) logWrites(state, groupOf(state, execution.parent), execution);
  }
  for (const execution of ended) {
    if (execution.parent !== 0) continue;
    state.data.commit(refoldWrites(graph, state, execution));
    if (execution.compensates === 0 && execution.node < graph.topLevel) {
      state.latestSucceeded[execution.node] = execution.id;
    }
  }
  for (const task of rows.tasks) {
    state.tasks ??= new Map();
    state.tasks.set(task.id, task);
  }
  for (const timer of rows.timers) {
    state.timers ??= new Map();
    state.timers.set(timer.id, timer);
  }
  for (const signal of rows.signals) {
    state.signalIds ??= new Set();
    state.signalIds.add(signal.id);
    if (signal.usedBy === 0) state.signals.push(signal);
  }
  restoreGroups(state);
  restoreTokens(graph, state);
  restoreLocks(new Transition(0).reset(graph, state));
  return state;
}

function restoreExecution(
  graph: WorkflowGraph,
  state: InstanceState,
  row: ExecutionRecord,
  former: Map<string, number>,
): void {
  const isFormer = isFormerPath(row.path);
  const index = isFormer ? formerNode(state, row.path, former) : nodeAt(graph, state, row);
  const record = { ...row, node: index };
  state.executions.push(record);
  const { id, status } = record;
  if (isBusy(status)) state.busy++;
  if (record.order > state.order) state.order = record.order;
  const node = state.nodes[index] as GraphNode;
  if (status === "waiting" && node.kind === "signal") {
    const { signal } = node.source as SignalStep;
    state.signalWaiters ??= new Map();
    const waiters = state.signalWaiters.get(signal) ?? [];
    insertInOrder(waiters, id);
    state.signalWaiters.set(signal, waiters);
  }
  if (record.parent !== 0) {
    restoreMember(state, record);
    return;
  }
  if (isLive(status)) state.live.add(id);
  if (record.compensates === 0 && !isFormer) state.latest[index] = id;
}

/** Names have no `@`. */
export function isFormerPath(path: string): boolean {
  return path.includes("@");
}

/** A step that only an earlier version of the instance had: nothing goes on in it. */
function formerNode(state: InstanceState, path: string, known: Map<string, number>): number {
  let index = known.get(path);
  if (index === undefined) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    index = addNode(state, { path, name, parent: -1, runsCode: false, writesData: false });
    known.set(path, index);
  }
  return index;
}

/** The node of a record: members of maps and repeated calls have a number in their path. */
function nodeAt(graph: WorkflowGraph, state: InstanceState, record: ExecutionRecord): number {
  const index =
    graph.nodeByPath.get(record.path) ??
    graph.nodeByPath.get(record.path.replace(/\[\d+\]/g, "[]")) ??
    graph.nodeByPath.get(record.path.replace(/\[\d+\]$/, ""));
  if (index !== undefined) return index;
  const parent = record.parent === 0 ? undefined : state.node(state.execution(record.parent));
  if (parent?.kind === "custom" || parent?.source === unboundStep) {
    return addUnknownNode(state, record);
  }
  const { workflow, version } = state.instance;
  throw new DefinitionChangedError(
    `Instance "${state.instance.id}" has an execution of "${record.path}", which workflow ` +
      `"${workflow}" version ${version} does not have: its definition has changed under the same ` +
      "version. Register the old definition again, and give the changed one a new version.",
  );
}

/**
 * A step that a user's own group called without declaring it: what it is becomes known when the
 * group's body runs again and calls it again.
 */
function addUnknownNode(state: InstanceState, { path, parent }: ExecutionRecord): number {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\[\d+\]$/, "");
  const group = state.execution(parent).node;
  return addNode(state, { path, name, parent: group, runsCode: true, writesData: true });
}

type UnknownNode = Pick<GraphNode, "path" | "name" | "parent" | "runsCode" | "writesData">;

/** Behind the graph's nodes: one of which only the records of its executions are known. */
function addNode(state: InstanceState, known: UnknownNode): number {
  const index = state.nodes.length;
  const node: GraphNode = {
    ...known,
    index,
    kind: "machine",
    source: unboundStep,
    members: none,
    callback: -1,
    prepares: false,
    isGuarded: false,
    isObserved: false,
    retry: undefined,
    timeoutMs: undefined,
    deadlineMs: undefined,
    limit: undefined,
    mutex: undefined,
    counts: undefined,
    veto: undefined,
    incoming: none,
    outgoing: none,
    always: none,
    join: { kind: "each" },
    terminal: false,
    terminate: false,
    cancels: none,
  };
  state.nodes = [...state.nodes, node];
  return index;
}

const none: readonly number[] = [];

function restoreMember(state: InstanceState, record: ExecutionRecord): void {
  const group = groupOf(state, record.parent);
  if (record.position < 0) {
    group.callback = record.id;
    return;
  }
  group.members[record.position] = record.id;
  group.next = Math.max(group.next, record.position + 1);
  if (isLive(record.status)) group.live++;
  else if (record.status === "succeeded") group.succeeded++;
  else if (record.status === "failed") group.failed++;
  else group.passed++;
  if (record.vote === "counts") group.counted++;
  else if (record.vote === "veto") group.vetoes++;
}

/** Callbacks see their group's writes; pending members beyond the limit wait for a free place. */
function restoreGroups(state: InstanceState): void {
  for (const [id, group] of state.groups ?? []) {
    const execution = state.execution(id);
    if (group.callback !== 0) {
      openCallbackLog(state, group);
    }
    const node = state.node(execution);
    const limit = node.kind === "sequential" ? 1 : maxConcurrentOf(node);
    const pending = group.members.filter(
      (member) => member !== undefined && state.execution(member).status === "pending",
    );
    const free = limit - (group.live - pending.length);
    if (!isLive(execution.status)) continue;
    // What a user's own group runs waits for its body to call it again.
    const waiting = node.kind === "custom" ? pending : pending.slice(Math.max(0, free));
    for (const member of waiting) {
      group.again.add(state.execution(member as number).position);
    }
    if (node.kind === "sequential") {
      const isAtWork = (id: number | undefined, position: number) =>
        id !== undefined && isLive(state.execution(id).status) && !group.again.has(position);
      logEarlier(state, group, Math.max(0, group.members.findIndex(isAtWork)));
    }
  }
}

function maxConcurrentOf(node: GraphNode): number {
  const { maxConcurrent } = node.source as { readonly maxConcurrent?: number };
  return maxConcurrent ?? Number.POSITIVE_INFINITY;
}

/** What is active, and which arrivals at joins were not used: taken edges less used arrivals. */
function restoreTokens(graph: WorkflowGraph, state: InstanceState): void {
  const top = state.executions.filter(
    ({ parent, compensates }) => parent === 0 && compensates === 0,
  );
  for (const { node: index, taken } of top) {
    if (taken !== undefined) continue;
    changeActivity(graph, state, index, 1);
  }
  const used = new Map<number, number>();
  for (const { arrivals } of top) {
    for (const edge of arrivals) used.set(edge, (used.get(edge) ?? 0) + 1);
  }
  for (const execution of top) {
    const node = state.nodes[execution.node] as GraphNode;
    if (node.join.kind === "each") continue;
    if (execution.taken === undefined) joinOf(graph, state, node).executions++;
    if (execution.roundOpen) restoreRound(graph, state, node, execution);
  }
  // In the order in which they came, which is that of the ends.
  for (const { taken } of top.toSorted((a, b) => a.order - b.order)) {
    for (const edge of taken ?? []) {
      const usedOf = used.get(edge) ?? 0;
      used.set(edge, usedOf - 1);
      if (usedOf <= 0) addUnused(graph, state, edge);
    }
  }
}

function addUnused(graph: WorkflowGraph, state: InstanceState, edge: number): void {
  const node = state.nodes[graph.edges[edge]?.target ?? 0] as GraphNode;
  if (node.join.kind === "each") {
    state.unserved.push(edge);
    changeActivity(graph, state, node.index, 1);
  } else {
    addArrival(graph, state, node, edge);
  }
}
