import type { Condensation } from "../graph/components.ts";
import { condense } from "../graph/components.ts";
import { loopWithout } from "../graph/loops.ts";
import type { GraphEdge, GraphNode } from "../graph/workflow-graph.ts";
import { cancelNodes, failInstance } from "./ending.ts";
import { visitNode } from "./executions.ts";
import { isInner, type JoinState, openEdges, touch } from "./join-state.ts";
import { startByEdge } from "./routing.ts";
import type { Transition } from "./transition.ts";

/** What the join rule makes of the counts that `join-state.ts` keeps. */

type Move = "start" | "close" | "fail" | undefined;

/**
 * Moves the joins in which something changed, in the order of the definition: rounds close before
 * anything starts, and a join fails only when no other has anything to do. Gives whether one moved.
 */
export function moveJoins(t: Transition): boolean {
  let hasMoved = false;
  const doomed: JoinState[] = [];
  for (let join = nextTouched(t); join !== undefined; join = nextTouched(t)) {
    const move = t.isOver ? undefined : moveOf(t, join);
    if (move === "fail") doomed.push(join);
    if (move !== "start" && move !== "close") continue;
    hasMoved = true;
    if (move === "close") closeJoinRound(t, join);
    else startJoin(t, join);
    t.drain(startByEdge);
  }
  for (const join of doomed) {
    if (hasMoved) touch(t.state, join);
    else if (!t.isOver && moveOf(t, join) === "fail") failJoin(t, join);
  }
  return hasMoved || doomed.length > 0;
}

/** The first touched join with an open round, or else the first. */
function nextTouched(t: Transition): JoinState | undefined {
  const touched = t.state.touchedJoins;
  const place = t.state.openRounds === 0 ? 0 : touched.findIndex(({ round }) => round !== 0);
  const join = touched[Math.max(place, 0)];
  if (join === undefined) return undefined;
  if (place > 0) touched.splice(place, 1);
  else touched.shift();
  join.touched = false;
  return join;
}

/** What a join does, by the counts; undefined if it waits, or nothing has come. */
function moveOf(t: Transition, join: JoinState): Move {
  const open = (enough: number) => openEdges(t.graph, t.state, join, enough);
  if (join.round !== 0) return open(1) === 0 ? "close" : undefined;
  if (join.arrivals === 0) return undefined;
  if (join.node.join.kind === "all") return open(1) === 0 ? "start" : undefined;
  const missing = arrivalsWanted(join) - join.filled.length;
  if (missing <= 0) return "start";
  return open(missing) < missing ? "fail" : undefined;
}

function arrivalsWanted({ node }: JoinState): number {
  return node.join.kind === "count" ? node.join.count : node.incoming.length;
}

/** The node starts with one arrival of each edge that has any. */
function startJoin(t: Transition, join: JoinState): void {
  const { node } = join;
  const arrivals = [...join.filled].sort((a, b) => a - b);
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

function failJoin(t: Transition, join: JoinState): void {
  const { node } = join;
  const wanted = arrivalsWanted(join);
  failInstance(t, {
    code: "JOIN_UNREACHABLE",
    message:
      `The join "${node.path}" needs arrivals on ${wanted} of its ${node.incoming.length} edges, ` +
      `has them on ${join.filled.length}, and no more can come.`,
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
  const waiting: JoinState[] = [];
  for (const [component, parked] of parkedInLoops) {
    let arrivals = 0;
    for (const join of parked) arrivals += join.arrivals;
    if (liveness.canBeEntered(component) || liveness.activeIn(component) > arrivals) continue;
    waiting.push(...parked);
  }
  waiting.sort(inOrder);
  for (const group of mutualWaits(t, waiting)) if (!t.isOver) release(t, group);
  return waiting.length > 0;
}

const inOrder = (a: JoinState, b: JoinState) => a.node.index - b.node.index;

/** Rounds close; then the others start one after another, each with what has come by then. */
function release(t: Transition, waiting: readonly JoinState[]): void {
  const rounds = waiting.filter(({ round }) => round !== 0);
  const starting = waiting.filter(({ round, node }) => round === 0 && node.join.kind === "all");
  for (const join of rounds) closeJoinRound(t, join);
  for (const join of starting) {
    if (!t.isOver && join.arrivals > 0) startJoin(t, join);
  }
  const [stuck] = waiting;
  if (rounds.length + starting.length === 0 && stuck !== undefined) failJoin(t, stuck);
}

/** The sets of joins that wait for each other and for nothing outside the set, in order. */
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
    .map((members) => members.map((place) => parked[place] as JoinState))
    .sort(([a], [b]) => inOrder(a as JoinState, b as JoinState));
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
