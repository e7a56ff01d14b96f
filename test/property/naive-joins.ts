import type { DefinitionSpec, EdgeSpec } from "./definition-spec.ts";

/** Where control is in the graph: all that the join rule looks at. */
export interface Marking {
  readonly spec: DefinitionSpec;
  /** Nodes of the definition with an execution that has not ended. */
  readonly alive: ReadonlySet<string>;
  /** Tokens that no execution has used, oldest first. */
  readonly tokens: readonly EdgeSpec[];
  /** Joins that have fired and still take arrivals in, with the edges that counted. */
  readonly openRounds: ReadonlyMap<string, ReadonlySet<EdgeSpec>>;
}

export type JoinDecision =
  | { readonly do: "start"; readonly uses: readonly EdgeSpec[] }
  | { readonly do: "close round" }
  | { readonly do: "fail" }
  | { readonly do: "wait" };

export const incoming = (spec: DefinitionSpec, node: string): EdgeSpec[] =>
  spec.edges.filter((edge) => edge.target === node);

const joinOf = (spec: DefinitionSpec, node: string) =>
  spec.nodes.find((candidate) => candidate.name === node)?.join;

/** A node that starts at each token, without asking what else may come. */
export const startsAtOnce = (spec: DefinitionSpec, node: string): boolean =>
  incoming(spec, node).length < 2 || joinOf(spec, node) === "each";

/** How many arrivals start a join that counts them; undefined for the other joins. */
function arrivalsNeeded(spec: DefinitionSpec, node: string): number | undefined {
  const join = joinOf(spec, node);
  if (join === "any") return 1;
  return typeof join === "number" ? join : undefined;
}

/** Whether what is at `from` can reach the edge without first passing through the edge's target. */
export const canReach = (spec: DefinitionSpec, from: string, edge: EdgeSpec): boolean =>
  originsOf(spec, edge).has(from);

/** Nodes from which a path leads to the edge that does not visit the edge's target. */
function nodesThatReach(spec: DefinitionSpec, edge: EdgeSpec): Set<string> {
  const found = new Set<string>();
  if (edge.source !== edge.target) found.add(edge.source);
  for (const node of found) {
    for (const { source, target } of spec.edges) {
      if (target === node && source !== edge.target) found.add(source);
    }
  }
  return found;
}

/** The graph does not change, so this one answer is kept. */
function originsOf(spec: DefinitionSpec, edge: EdgeSpec): Set<string> {
  const known = origins.get(spec) ?? new Map<EdgeSpec, Set<string>>();
  origins.set(spec, known);
  const found = known.get(edge) ?? nodesThatReach(spec, edge);
  known.set(edge, found);
  return found;
}

const origins = new WeakMap<DefinitionSpec, Map<EdgeSpec, Set<string>>>();

const tokenedEdges = (marking: Marking, join: string): EdgeSpec[] =>
  incoming(marking.spec, join).filter((edge) => marking.tokens.includes(edge));

/** The edges that a join would still like to see taken. */
function missingEdges(marking: Marking, join: string): EdgeSpec[] {
  const counted = marking.openRounds.get(join);
  return incoming(marking.spec, join).filter((edge) =>
    counted ? !counted.has(edge) : !marking.tokens.includes(edge),
  );
}

/** Nodes where something runs or waits that can still bring one of these edges a token. */
function sourcesOfHope(marking: Marking, edges: readonly EdgeSpec[]): string[] {
  const active = [...marking.alive, ...marking.tokens.map((token) => token.target)];
  return active.filter((node) => edges.some((edge) => canReach(marking.spec, node, edge)));
}

/** What a node that cannot start at once does when everything else has been placed and started. */
export function decideJoin(marking: Marking, node: string): JoinDecision {
  const { spec } = marking;
  const arrived = tokenedEdges(marking, node);
  const missing = missingEdges(marking, node);
  const hopeful = missing.filter((edge) => sourcesOfHope(marking, [edge]).length > 0);

  if (marking.openRounds.has(node)) return { do: hopeful.length > 0 ? "wait" : "close round" };
  if (arrived.length === 0) return { do: "wait" };

  const start: JoinDecision = { do: "start", uses: arrived };
  const needed = arrivalsNeeded(spec, node);
  if (needed !== undefined) {
    if (arrived.length >= needed) return start;
    return { do: arrived.length + hopeful.length < needed ? "fail" : "wait" };
  }
  if (joinOf(spec, node) === "and") {
    if (missing.length === 0) return start;
    return { do: hopeful.length < missing.length ? "fail" : "wait" };
  }
  return hopeful.length > 0 ? { do: "wait" } : start;
}

/**
 * Joins that wait only for each other: sets of waiting joins, each of which waits for all others of
 * its set, for no other join, and for nothing that runs.
 */
export function mutualWaits(marking: Marking): string[][] {
  const isWaitedAt = (name: string) => marking.tokens.some(({ target }) => target === name);
  const waiting = marking.spec.nodes.map(({ name }) => name).filter(isWaitedAt);
  const waitsFor = (join: string, other: string) =>
    missingEdges(marking, join).some((edge) => canReach(marking.spec, other, edge));
  const waitsForWork = (join: string) => [...marking.alive].some((node) => waitsFor(join, node));

  const allAwaitedBy = (join: string) => {
    const awaited = new Set([join]);
    for (const one of awaited) {
      for (const other of waiting) if (waitsFor(one, other)) awaited.add(other);
    }
    return waiting.filter((join) => awaited.has(join));
  };
  const sets = waiting
    .map(allAwaitedBy)
    .filter((set) => set.every((one) => allAwaitedBy(one).length === set.length))
    .filter((set) => !set.some(waitsForWork));
  const isFirstOfItsKind = (set: string[], index: number) =>
    sets.findIndex((other) => other.includes(set[0] as string)) === index;
  return sets.filter(isFirstOfItsKind);
}
