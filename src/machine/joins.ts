import type { Condensation } from "../graph/components.ts";
import { condense } from "../graph/components.ts";
import { loopWithout } from "../graph/loops.ts";
import type { GraphEdge, GraphNode } from "../graph/workflow-graph.ts";
import { cancelNodes, failInstance } from "./ending.ts";
import { visitNode } from "./executions.ts";
import { isInner, type JoinState, openEdges } from "./join-state.ts";
import type { Transition } from "./transition.ts";

/** What the join rule makes of the counts that `join-state.ts` keeps. */

/** Looks at a join in which something changed: it starts, fails, closes its round, or waits on. */
export function evaluateJoin(t: Transition, join: JoinState): void {
  const { join: rule, incoming } = join.node;
  const open = (enough: number) => openEdges(t.graph, t.state, join, enough);
  if (join.round !== 0) {
    if (open(1) === 0) closeJoinRound(t, join);
    return;
  }
  if (join.arrivals === 0) return;
  if (rule.kind === "all") {
    if (open(1) === 0) startJoin(t, join);
    return;
  }
  const wanted = rule.kind === "count" ? rule.count : incoming.length;
  const missing = wanted - join.filled.size;
  if (missing <= 0) startJoin(t, join);
  else if (open(missing) < missing) failJoin(t, join, wanted);
}

/** One arrival of each edge that has any. */
const arrivalsOf = (join: JoinState) => [...join.filled].sort((a, b) => a - b);

function startJoin(t: Transition, join: JoinState, arrivals = arrivalsOf(join)): void {
  const { node } = join;
  const counts = node.join.kind === "count";
  const execution = visitNode(t, node, arrivals, counts);
  if (!counts || t.isOver) return;
  if (node.join.kind === "count" && node.join.cancelRest) {
    cancelNodes(t, upstreamOf(t, join), `"${node.path}" has started`);
    if (join.round === execution.id && !t.isOver) closeJoinRound(t, join);
  }
}

/**
 * Every edge has delivered or no longer can: what arrives from now on counts for the next round.
 */
function closeJoinRound(t: Transition, join: JoinState): void {
  const execution = t.current(join.round);
  const arrivals = [...join.counted].sort((a, b) => a - b);
  t.step("RoundClosed", { ...execution, arrivals, roundOpen: false });
}

function failJoin(t: Transition, join: JoinState, wanted: number): void {
  const { node } = join;
  failInstance(t, {
    code: "JOIN_UNREACHABLE",
    message:
      `The join "${node.path}" needs arrivals on ${wanted} of its ${node.incoming.length} edges, ` +
      `has them on ${join.filled.size}, and no more can come.`,
    path: node.path,
  });
}

/** The nodes from which control could still reach an edge that the join misses, not passing it. */
function upstreamOf(t: Transition, join: JoinState): Set<number> {
  const found = new Set<number>();
  const pending = join.node.incoming.filter((edge) => join.isMissing(edge));
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const { source } = t.edge(index);
    if (source === join.node.index || found.has(source)) continue;
    found.add(source);
    pending.push(...(t.state.nodes[source] as GraphNode).incoming);
  }
  return found;
}

/**
 * Joins that wait only for each other do not wait. That can be so only within a loop, and only when
 * nothing runs in it and nothing can enter it: whatever else is active there would reach one of
 * them, and through it the others. Gives whether anything went on.
 */
export function releaseMutualWaits(t: Transition): boolean {
  const { liveness, parkedInLoops } = t.state;
  if (liveness === undefined || parkedInLoops === undefined) return false;
  for (const [component, parked] of parkedInLoops) {
    let arrivals = 0;
    for (const join of parked) arrivals += join.arrivals;
    if (liveness.canBeEntered(component) || liveness.activeIn(component) > arrivals) continue;
    for (const group of mutualWaits(t, [...parked])) release(t, group);
    return true;
  }
  return false;
}

function release(t: Transition, waiting: readonly JoinState[]): void {
  const movable = waiting.filter((join) => join.round !== 0 || join.node.join.kind === "all");
  // They move together: what one of them sends on at once is not for the start of another.
  const moves = movable.map((join) => ({ join, arrivals: arrivalsOf(join) }));
  for (const { join, arrivals } of moves) {
    if (join.round !== 0) closeJoinRound(t, join);
    else if (!t.isOver) startJoin(t, join, arrivals);
  }
  const stuck = waiting[0];
  if (movable.length === 0 && stuck !== undefined) {
    const { join, incoming } = stuck.node;
    failJoin(t, stuck, join.kind === "count" ? join.count : incoming.length);
  }
}

/** The sets of joins that wait for each other and for nothing outside the set. */
function mutualWaits(t: Transition, parked: readonly JoinState[]): JoinState[][] {
  const edges: { target: number }[] = [];
  const outgoing = parked.map((join) => {
    const holders = holdersOf(t, join);
    return parked.flatMap((other, target) =>
      holders.has(other.node.index) ? [edges.push({ target }) - 1] : [],
    );
  });
  const waits = condense({
    size: parked.length,
    outgoing,
    targetOf: (edge) => (edges[edge] as { target: number }).target,
  });
  return waits.nodes
    .filter((_, component) => (waits.leaving[component] as readonly number[]).length === 0)
    .map((members) => members.map((place) => parked[place] as JoinState));
}

/** The nodes of the loop from which an edge that the join misses can be reached, not passing it. */
function holdersOf(t: Transition, join: JoinState): Set<number> {
  const { placeOf, componentOf, nodes } = t.graph.components as Condensation;
  const loop = loopWithout(t.graph, join.node.index);
  const component = componentOf[join.node.index] as number;
  const reaching = new Set<number>();
  const pending = join.node.incoming
    .filter((edge) => isInner(t.graph, edge) && join.isMissing(edge))
    .map((edge) => (t.graph.edges[edge] as GraphEdge).source)
    .filter((source) => source !== join.node.index)
    .map((source) => loop.componentOf[placeOf[source] as number] as number);
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (reaching.has(part)) continue;
    reaching.add(part);
    for (const edge of loop.entering[part] as readonly number[]) {
      const { source } = t.graph.edges[edge] as GraphEdge;
      pending.push(loop.componentOf[placeOf[source] as number] as number);
    }
  }
  const holders = new Set<number>();
  for (const part of reaching) {
    for (const place of loop.nodes[part] as readonly number[]) {
      holders.add((nodes[component] as readonly number[])[place] as number);
    }
  }
  return holders;
}
