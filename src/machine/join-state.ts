import type { Condensation } from "../graph/components.ts";
import { loopWithout } from "../graph/loops.ts";
import type { GraphEdge, GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import type { InstanceState } from "./instance-state.ts";
import { Liveness } from "./liveness.ts";
import type { ExecutionRecord } from "./state.ts";

/**
 * The join rule, by counting. A node that waits for arrivals must know which of its edges can still
 * get one: those that something active can reach without passing the node itself.
 *
 * J1. Active are executions whose outgoing edges are undecided, and arrivals that were not used.
 * J2. Edges from other components of the graph are decided by the instance's `liveness`: no path to
 *     them can pass the node, or both would lie on one loop.
 * J3. Edges from the node's own component (it stands in a loop) are decided by a `Liveness` of that
 *     loop without the node's own edges. It exists only while the node waits for such an edge.
 * J4. Counts change only with activity and arrivals; nothing here searches the graph.
 */
export class JoinState {
  readonly node: GraphNode;
  readonly hasInnerEdges: boolean;
  /** Per edge of the graph: unused arrivals; the instance's own list. */
  readonly #tokens: readonly number[];
  /** Edges with unused arrivals, each once. */
  filled: number[] = [];
  /** Unused arrivals on all edges. */
  arrivals = 0;
  /** Executions of the node that are active. */
  executions = 0;
  /** Missing edges from other components that can still get an arrival. */
  openOuter = 0;
  /** The same for edges from the node's own component, while `loop` exists. */
  openInner = 0;
  loop: Liveness | undefined;
  /**
   * In a join that counts: the execution whose round is open, or 0, and the edges counted in it.
   */
  round = 0;
  readonly counted = new Set<number>();
  /** Whether it is among the joins to be looked at before the command ends. */
  touched = false;

  constructor(node: GraphNode, hasInnerEdges: boolean, tokens: readonly number[]) {
    this.node = node;
    this.hasInnerEdges = hasInnerEdges;
    this.#tokens = tokens;
  }

  /** Whether the edge has neither an arrival nor a part in the open round. */
  isMissing(edge: number): boolean {
    return this.#tokens[edge] === 0 && !this.counted.has(edge);
  }

  /** Forgets filled edges whose arrivals have been used up. */
  dropUsed(): void {
    this.filled = this.arrivals === 0 ? [] : this.filled.filter((edge) => this.#tokens[edge] !== 0);
  }
}

// ------------------------------------------------------------------------------------- activity

/** Starts to count what is active in an instance whose graph has joins. */
export function createLiveness(graph: WorkflowGraph, state: InstanceState): void {
  const { components } = graph;
  if (components === undefined) return;
  state.tokens = new Array<number>(graph.edges.length).fill(0);
  const targetOf = (edge: number) => (graph.edges[edge] as GraphEdge).target;
  state.liveness = new Liveness(components, targetOf, (edge, alive) => {
    const target = targetOf(edge);
    const amount = alive ? 1 : -1;
    const join = state.joins?.get(target);
    if (join?.isMissing(edge)) {
      join.openOuter += amount;
      touch(state, join);
    }
    for (const other of watchersOf(state, components, target)) {
      if (other.node.index !== target) {
        other.loop?.addInput(components.placeOf[target] as number, amount);
      }
    }
  });
}

/** Counts activity at a node (negative: less of it). */
export function changeActivity(
  graph: WorkflowGraph,
  state: InstanceState,
  node: number,
  amount: number,
): void {
  state.active += amount;
  const { liveness } = state;
  const { components } = graph;
  if (amount === 0 || liveness === undefined || components === undefined) return;
  liveness.add(node, amount);
  for (const join of watchersOf(state, components, node)) {
    if (join.node.index !== node) join.loop?.add(components.placeOf[node] as number, amount);
  }
}

function watchersOf(
  state: InstanceState,
  components: Condensation,
  node: number,
): readonly JoinState[] {
  if (state.watchedLoops === undefined) return noJoins;
  return state.watchedLoops.get(components.componentOf[node] as number) ?? noJoins;
}

const noJoins: readonly JoinState[] = [];

// -------------------------------------------------------------------------------------- arrivals

/** The state of a node's join, made at its first arrival. */
export function joinOf(graph: WorkflowGraph, state: InstanceState, node: GraphNode): JoinState {
  state.joins ??= new Map();
  let join = state.joins.get(node.index);
  if (join === undefined) {
    join = new JoinState(
      node,
      node.incoming.some((edge) => isInner(graph, edge)),
      state.tokens as number[],
    );
    for (const edge of node.incoming) {
      if (!isInner(graph, edge) && isSourceAlive(graph, state, edge)) join.openOuter++;
    }
    state.joins.set(node.index, join);
  }
  return join;
}

/** An arrival comes by an edge into a join: it is kept, or counts in the open round and is gone. */
export function addArrival(
  graph: WorkflowGraph,
  state: InstanceState,
  node: GraphNode,
  edge: number,
): void {
  const join = joinOf(graph, state, node);
  touch(state, join);
  if (join.isMissing(edge)) {
    changeOpen(graph, state, join, edge, -1);
    if (join.round !== 0) {
      join.counted.add(edge);
      return;
    }
  }
  if (changeTokens(graph, state, join, edge, 1) === 1) join.filled.push(edge);
  changeActivity(graph, state, node.index, 1);
}

/** An execution of the node uses one arrival of each of its edges. */
export function useArrivals(
  graph: WorkflowGraph,
  state: InstanceState,
  node: GraphNode,
  execution: ExecutionRecord,
): void {
  const join = joinOf(graph, state, node);
  dropLoop(graph, state, join);
  if (execution.roundOpen) {
    join.round = execution.id;
    state.openRounds++;
    for (const edge of execution.arrivals) join.counted.add(edge);
  }
  for (const edge of execution.arrivals) {
    if (changeTokens(graph, state, join, edge, -1) > 0) continue;
    if (join.isMissing(edge)) changeOpen(graph, state, join, edge, 1);
  }
  if (execution.arrivals.length > 0) join.dropUsed();
  touch(state, join);
}

/** The open round of a join whose rows were loaded. */
export function restoreRound(
  graph: WorkflowGraph,
  state: InstanceState,
  node: GraphNode,
  execution: ExecutionRecord,
): void {
  const join = joinOf(graph, state, node);
  join.round = execution.id;
  state.openRounds++;
  for (const edge of execution.arrivals) {
    if (join.isMissing(edge)) changeOpen(graph, state, join, edge, -1);
    join.counted.add(edge);
  }
  touch(state, join);
}

export function closeRound(graph: WorkflowGraph, state: InstanceState, node: GraphNode): void {
  const join = joinOf(graph, state, node);
  const counted = [...join.counted];
  dropLoop(graph, state, join);
  join.round = 0;
  state.openRounds--;
  join.counted.clear();
  for (const edge of counted) {
    if (join.isMissing(edge)) changeOpen(graph, state, join, edge, 1);
  }
  touch(state, join);
}

/** Something changed in the join: it is looked at before the command ends. */
export function touch(state: InstanceState, join: JoinState): void {
  if (join.touched) return;
  join.touched = true;
  const touched = state.touchedJoins;
  const { index } = join.node;
  // In the order of the definition, in which they mostly come.
  let place = touched.length;
  while (place > 0 && (touched[place - 1] as JoinState).node.index > index) place--;
  if (place === touched.length) touched.push(join);
  else touched.splice(place, 0, join);
}

function changeTokens(
  graph: WorkflowGraph,
  state: InstanceState,
  join: JoinState,
  edge: number,
  amount: number,
): number {
  const tokens = state.tokens as number[];
  const left = (tokens[edge] as number) + amount;
  tokens[edge] = left;
  join.arrivals += amount;
  const component = componentOf(graph, join.node.index);
  if (graph.components?.cyclic[component]) markParked(state, component, join);
  return left;
}

function markParked(state: InstanceState, component: number, join: JoinState): void {
  state.parkedInLoops ??= new Map();
  const parked = state.parkedInLoops.get(component) ?? new Set();
  if (join.arrivals > 0) parked.add(join);
  else parked.delete(join);
  if (parked.size > 0) state.parkedInLoops.set(component, parked);
  else state.parkedInLoops.delete(component);
}

function changeOpen(
  graph: WorkflowGraph,
  state: InstanceState,
  join: JoinState,
  edge: number,
  amount: number,
): void {
  const { source } = graph.edges[edge] as GraphEdge;
  if (!isInner(graph, edge)) {
    if (isSourceAlive(graph, state, edge)) join.openOuter += amount;
  } else if (source !== join.node.index && join.loop?.isAlive(placeOf(graph, source))) {
    join.openInner += amount;
  }
}

// ----------------------------------------------------------------------------------------- loops

/** How many missing edges can still get an arrival; at most `enough` need to be found. */
export function openEdges(
  graph: WorkflowGraph,
  state: InstanceState,
  join: JoinState,
  enough: number,
): number {
  if (!join.hasInnerEdges || join.openOuter >= enough) return join.openOuter;
  if (join.loop === undefined && isElsewhereActive(graph, state, join))
    watchLoop(graph, state, join);
  return join.openOuter + (join.loop === undefined ? 0 : join.openInner);
}

/** Whether anything but the join itself is active in its loop, or can still enter it. */
function isElsewhereActive(graph: WorkflowGraph, state: InstanceState, join: JoinState): boolean {
  const component = componentOf(graph, join.node.index);
  const liveness = state.liveness as Liveness;
  const own = join.arrivals + join.executions;
  return liveness.activeIn(component) > own || liveness.canBeEntered(component);
}

function watchLoop(graph: WorkflowGraph, state: InstanceState, join: JoinState): void {
  const components = graph.components as Condensation;
  const { index } = join.node;
  const component = componentOf(graph, index);
  join.openInner = 0;
  const loop = new Liveness(
    loopWithout(graph, index),
    (edge) => placeOf(graph, (graph.edges[edge] as GraphEdge).target),
    (edge, alive) => {
      if ((graph.edges[edge] as GraphEdge).target !== index || !join.isMissing(edge)) return;
      join.openInner += alive ? 1 : -1;
      touch(state, join);
    },
  );
  for (const id of state.live.inOrder()) {
    const execution = state.execution(id);
    const { node } = execution;
    if (execution.compensates !== 0 || node === index) continue;
    if (componentOf(graph, node) === component) loop.add(placeOf(graph, node), 1);
  }
  for (const other of state.parkedInLoops?.get(component) ?? []) {
    if (other !== join) loop.add(placeOf(graph, other.node.index), other.arrivals);
  }
  for (const edge of components.entering[component] as readonly number[]) {
    const { target } = graph.edges[edge] as GraphEdge;
    if (target !== index && isSourceAlive(graph, state, edge)) {
      loop.addInput(placeOf(graph, target), 1);
    }
  }
  join.loop = loop;
  state.watchedLoops ??= new Map();
  const watchers = state.watchedLoops.get(component);
  if (watchers === undefined) state.watchedLoops.set(component, [join]);
  else watchers.push(join);
}

function dropLoop(graph: WorkflowGraph, state: InstanceState, join: JoinState): void {
  if (join.loop === undefined) return;
  join.loop = undefined;
  join.openInner = 0;
  const component = componentOf(graph, join.node.index);
  const others = state.watchedLoops?.get(component)?.filter((other) => other !== join) ?? [];
  if (others.length > 0) state.watchedLoops?.set(component, others);
  else state.watchedLoops?.delete(component);
}

// --------------------------------------------------------------------------------------- the graph

function componentOf(graph: WorkflowGraph, node: number): number {
  return (graph.components as Condensation).componentOf[node] as number;
}

function placeOf(graph: WorkflowGraph, node: number): number {
  return (graph.components as Condensation).placeOf[node] as number;
}

export function isInner(graph: WorkflowGraph, index: number): boolean {
  const edge = graph.edges[index] as GraphEdge;
  return componentOf(graph, edge.source) === componentOf(graph, edge.target);
}

function isSourceAlive(graph: WorkflowGraph, state: InstanceState, edge: number): boolean {
  return (state.liveness as Liveness).isAlive((graph.edges[edge] as GraphEdge).source);
}
