import type {
  ConditionSpec,
  DefinitionSpec,
  EdgeSpec,
  FailureMode,
  GroupSpec,
  JoinSpec,
  NodeSpec,
  RetrySpec,
  StepSpec,
} from "./definition-spec.ts";
import { insideOf, isGroup } from "./definition-spec.ts";
import { drawValue } from "./random-schedule.ts";
import type { RandomSource } from "./random-source.ts";

/**
 * What a random definition may be made of. The options themselves are drawn (swarm testing): when
 * everything is possible everywhere, the rare meetings of just two features drown in the rest.
 */
interface Swarm {
  readonly sizes: readonly [least: number, most: number];
  readonly kinds: readonly StepSpec["kind"][];
  readonly groups: readonly GroupSpec["kind"][];
  readonly joins: readonly JoinSpec[];
  readonly loops: boolean;
  /** Edges beyond those that connect the graph, per node. */
  readonly density: number;
  readonly conditions: boolean;
  readonly failureEdges: boolean;
  readonly cancelEdges: boolean;
  readonly gatewayChoices: boolean;
  readonly canExecute: boolean;
  readonly retries: boolean;
  readonly times: boolean;
  readonly mutexes: boolean;
  readonly cancels: boolean;
  readonly terminates: boolean;
  readonly reducers: boolean;
  readonly compensates: boolean;
}

const stepKinds = ["machine", "human", "timer", "webhook", "signal", "gateway"] as const;
const groupKinds = [
  "sequential",
  "interleaved",
  "parallel",
  "race",
  "quorum",
  "conditional",
  "map",
] as const;

function drawSwarm(random: RandomSource): Swarm {
  const often = () => random.chance(0.5);
  const seldom = () => random.chance(0.25);
  // The join rule is the hardest, so nearly half of all definitions have nothing but a graph.
  const onlyGraph = random.chance(0.45);
  return {
    sizes: random.weigh([
      [50, [2, 5]],
      [35, [5, 9]],
      [12, [8, 12]],
      [3, [12, 25]],
    ]),
    kinds: onlyGraph ? ["machine", "gateway"] : ["machine", ...random.some(stepKinds, 0.5)],
    groups: onlyGraph ? [] : random.some(groupKinds, 0.5),
    joins: random.some(["any", "each", "and", 1, 2, 3] as const, onlyGraph ? 0.5 : 0.2),
    loops: random.chance(0.6),
    density: random.pick(onlyGraph ? [0.3, 0.7, 1.2] : [0, 0.3, 0.7]),
    conditions: random.chance(0.7),
    failureEdges: seldom(),
    cancelEdges: seldom(),
    gatewayChoices: often(),
    canExecute: seldom(),
    retries: !onlyGraph && often(),
    times: !onlyGraph && often(),
    mutexes: seldom(),
    cancels: seldom(),
    terminates: random.chance(0.1),
    reducers: seldom(),
    compensates: random.chance(0.1),
  };
}

/** A definition that could have been written by somebody, and is valid. */
export function randomDefinition(random: RandomSource): DefinitionSpec {
  const swarm = drawSwarm(random);
  const names = new NameSource();
  const size = random.between(...swarm.sizes);
  const tops = Array.from({ length: size }, () =>
    random.chance(swarm.groups.length > 0 ? 0.5 : 0)
      ? randomGroup(swarm, random, names, 0)
      : randomStep(swarm, random, names),
  );
  const edges = randomEdges(tops, swarm, random);
  const busy = withoutIdleGateways(tops, edges);
  // What it cancels could come back by a cancel edge and a gateway, and start it again for ever.
  const mayCancelRest = !(swarm.cancelEdges && busy.some(takesNoTime));
  const nodes = busy.map((node) => ({
    ...node,
    ...randomJoin(node, edges, swarm, random, mayCancelRest),
  }));
  const sinks = nodes.filter(({ name }) => !edges.some(({ source }) => source === name));
  const ends = new Set([
    ...(sinks.length > 0 ? sinks : [random.pick(nodes)]),
    ...random.some(nodes, 0.08),
  ]);
  return {
    nodes: withMutexes(withCancels(nodes, swarm, random), swarm, random, 0),
    edges: withConditions(edges, nodes, swarm, random),
    initial: (nodes[0] as NodeSpec).name,
    terminals: [...ends].map(({ name }) => ({
      step: name,
      ...(swarm.terminates && random.chance(0.4) && { terminate: true as const }),
    })),
    reducers: swarm.reducers ? { appended: "append", total: "sum", merged: "merge" } : {},
    ...(swarm.compensates && { compensate: true as const }),
    initialData: Object.fromEntries(
      random.some(["a", "b", "branch", "items"], 0.6).map((key) => [key, drawValue(key, random)]),
    ),
  };
}

/** Names that are unique in a definition: A, B, …, Z, A1, B1, … */
class NameSource {
  #count = 0;

  next(): string {
    const letter = String.fromCharCode(65 + (this.#count % 26));
    const round = Math.floor(this.#count / 26);
    this.#count += 1;
    return round === 0 ? letter : `${letter}${round}`;
  }
}

// --------------------------------------------------------------------------------- steps and groups

function randomStep(swarm: Swarm, random: RandomSource, names: NameSource): StepSpec {
  const kind = random.pick(["machine" as const, ...swarm.kinds]);
  const common = randomOptions(kind, swarm, random, names.next());
  const compensate = swarm.compensates && random.chance(0.6) && { compensate: true as const };
  switch (kind) {
    case "machine":
    case "human":
      return { ...common, kind, ...compensate };
    case "timer":
      return { ...common, kind, durationMs: random.pick([10, 1_000]) };
    case "webhook":
      return { ...common, kind, ...(random.chance(0.5) && { execute: true as const }) };
    case "signal": {
      const transient = random.chance(0.3) && { transient: true as const };
      return { ...common, kind, signal: random.pick(["go", "stop"]), ...transient };
    }
    case "gateway": {
      const choices = ["first", "holding", "all", "named"] as const;
      const choice = swarm.gatewayChoices ? random.pick(choices) : "holding";
      return { name: common.name, kind, choice };
    }
  }
}

function randomGroup(
  swarm: Swarm,
  random: RandomSource,
  names: NameSource,
  depth: number,
): GroupSpec {
  const kind = random.pick(swarm.groups);
  const common = randomOptions(kind, swarm, random, names.next());
  const randomMember = (): NodeSpec =>
    random.chance(depth < 2 ? 0.25 : 0)
      ? randomGroup(swarm, random, names, depth + 1)
      : randomStep(withoutGateways(swarm), random, names);
  const members = Array.from({ length: random.pick([1, 2, 2, 3, 3, 4]) }, randomMember);
  const callback = () => random.chance(0.3) && { callback: randomMember() };
  const maxConcurrent = () => random.chance(0.3) && { maxConcurrent: random.between(1, 2) };
  const failure = () =>
    random.chance(0.6) && {
      failure: random.pick<FailureMode>(["fail-fast", "wait-all", "collect"]),
    };

  switch (kind) {
    case "sequential":
    case "interleaved":
      return { ...common, kind, members };
    case "parallel":
      return { ...common, kind, members, ...callback(), ...maxConcurrent(), ...failure() };
    case "race": {
      const settle = random.chance(0.4) && { settle: random.pick(["success", "first"] as const) };
      return { ...common, kind, members, ...settle };
    }
    case "quorum": {
      const required = random.between(1, members.length);
      const counts = random.chance(0.4) && { counts: true as const };
      const veto = random.chance(0.3) && { veto: true as const };
      return { ...common, kind, members, required, ...counts, ...veto };
    }
    case "conditional":
      return { ...common, kind, members, key: "branch" };
    case "map": {
      const member = members[0] as NodeSpec;
      const enough = random.chance(0.3) ? { required: random.between(1, 2) } : failure();
      const map = { ...common, kind, members: [member] as const, key: "items" };
      return { ...map, ...callback(), ...maxConcurrent(), ...enough };
    }
  }
}

const withoutGateways = (swarm: Swarm): Swarm => ({
  ...swarm,
  kinds: swarm.kinds.filter((kind) => kind !== "gateway"),
});

function randomOptions(kind: NodeSpec["kind"], swarm: Swarm, random: RandomSource, name: string) {
  const isMachine = kind === "machine";
  return {
    name,
    ...(swarm.canExecute && random.chance(0.3) && { canExecute: true as const }),
    ...(swarm.retries && random.chance(0.4) && { retry: randomRetry(isMachine, random) }),
    ...(swarm.times && random.chance(0.3) && { timeoutMs: random.pick([50, 500]) }),
    ...(swarm.times && random.chance(0.2) && { deadlineMs: random.pick([70, 700]) }),
  };
}

function randomRetry(isMachine: boolean, random: RandomSource): RetrySpec {
  return {
    maxAttempts: random.between(2, 3),
    ...(random.chance(0.6) && { initialIntervalMs: random.pick([8, 64]) }),
    ...(random.chance(0.3) && { backoffCoefficient: random.pick([1, 4]) }),
    ...(random.chance(0.2) && { maxIntervalMs: 80 }),
    // Only what reports its own failure comes with a random share.
    ...(isMachine && random.chance(0.2) && { jitter: 0.5 }),
  };
}

// -------------------------------------------------------------------------------------------- edges

/** Every node can be reached; what is added beyond that may close loops, with any entries and exits. */
function randomEdges(
  nodes: readonly NodeSpec[],
  swarm: Swarm,
  random: RandomSource,
): { source: string; target: string }[] {
  const edges: { source: string; target: string }[] = [];
  const add = (from: number, to: number) => {
    const source = (nodes[from] as NodeSpec).name;
    const target = (nodes[to] as NodeSpec).name;
    const exists = edges.some((edge) => edge.source === source && edge.target === target);
    if (!exists) edges.push({ source, target });
  };
  for (let to = 1; to < nodes.length; to += 1) {
    add(random.chance(0.5) ? to - 1 : random.below(to), to);
  }
  const extra = Math.ceil(nodes.length * swarm.density);
  for (let count = 0; count < extra; count += 1) {
    const from = random.below(nodes.length);
    const to = random.below(nodes.length);
    if (from < to || (swarm.loops && (from !== to || random.chance(0.3)))) add(from, to);
    else if (from > to) add(to, from);
  }
  return edges;
}

/**
 * A gateway has something to choose from, and every loop has something that takes time: a loop that
 * takes none would turn for ever inside one command.
 */
export function withoutIdleGateways(
  nodes: readonly NodeSpec[],
  edges: readonly { source: string; target: string }[],
): NodeSpec[] {
  const asMachine = ({ name }: NodeSpec): NodeSpec => ({ kind: "machine", name });
  const result = [...nodes];
  const named = (name: string) => result.find((node) => node.name === name) as NodeSpec;
  const nextOf = (name: string) =>
    edges.filter(({ source }) => source === name).map(({ target }) => target);
  for (const [index, node] of result.entries()) {
    const isIdle = node.kind === "gateway" && nextOf(node.name).length === 0;
    if (isIdle) result[index] = asMachine(node);
    if (isIdle || !takesNoTime(node)) continue;
    const reached = new Set(nextOf(node.name));
    for (const name of reached) {
      if (takesNoTime(named(name))) for (const next of nextOf(name)) reached.add(next);
    }
    if (reached.has(node.name)) result[index] = asMachine(node);
  }
  return result;
}

/** It may end in the moment in which it starts, and so must not cancel what leads back to it. */
function takesNoTime(node: NodeSpec): boolean {
  if (node.canExecute) return false;
  if (!isGroup(node)) return node.kind === "gateway" && node.choice !== "named";
  if (node.kind === "conditional" || node.kind === "map") return true;
  const waitsForAll = node.kind === "parallel" && (node.failure ?? "fail-fast") !== "fail-fast";
  // Elsewhere one member may decide, at least by its failure.
  return waitsForAll ? insideOf(node).every(takesNoTime) : node.members.some(takesNoTime);
}

function randomJoin(
  node: NodeSpec,
  edges: readonly { target: string }[],
  swarm: Swarm,
  random: RandomSource,
  mayCancelRest: boolean,
): { join?: JoinSpec; cancelRest?: true } {
  const count = edges.filter(({ target }) => target === node.name).length;
  const possible = swarm.joins.filter((join) => typeof join !== "number" || join <= count);
  if (count < 2 || possible.length === 0 || random.chance(0.4)) return {};
  const join = random.pick(possible);
  const counts = (join === "any" || typeof join === "number") && !takesNoTime(node);
  const cancelsRest = counts && random.chance(0.3) && mayCancelRest;
  return { join, ...(cancelsRest && { cancelRest: true as const }) };
}

function withConditions(
  edges: readonly { source: string; target: string }[],
  nodes: readonly NodeSpec[],
  swarm: Swarm,
  random: RandomSource,
): EdgeSpec[] {
  const ons = [
    ...(swarm.failureEdges ? (["failure", "always"] as const) : []),
    ...(swarm.cancelEdges ? (["cancel"] as const) : []),
  ];
  const meant: EdgeSpec[] = edges.map((edge) =>
    ons.length > 0 && random.chance(0.3) ? { ...edge, on: random.pick(ons) } : edge,
  );
  const paths = nodes.flatMap((node) => pathsOf(node, ""));
  return nodes.flatMap((node) => {
    const own = meant.filter(({ source }) => source === node.name);
    if (!swarm.conditions || (node.kind === "gateway" && node.choice === "named")) return own;
    const ends = [undefined, "failure", "always", "cancel"] as const;
    return ends.flatMap((on) => {
      const together = own.filter((edge) => edge.on === on);
      return conditionsFor(together, on === undefined, paths, random);
    });
  });
}

/** Conditions for the edges of one node that are meant for the same end. */
function conditionsFor(
  edges: readonly EdgeSpec[],
  mayHaveOtherwise: boolean,
  paths: readonly string[],
  random: RandomSource,
): EdgeSpec[] {
  const style = random.weigh([
    [4, "fork"],
    [4, "choice"],
    [3, "some"],
    [edges.length > 1 ? 0.7 : 0.2, "all"],
  ] as const);
  if (style === "fork" || (edges.length < 2 && style !== "all")) return [...edges];
  const others = edges.slice(0, -1);
  const last = edges.at(-1) as EdgeSpec;
  switch (style) {
    case "choice": {
      const conditional = others.map((edge) => ({ ...edge, when: randomCondition(paths, random) }));
      const rest = mayHaveOtherwise ? { otherwise: true as const } : {};
      return [...conditional, { ...last, ...rest }];
    }
    case "some":
      return edges.map((edge) =>
        random.chance(0.5) ? { ...edge, when: randomCondition(paths, random) } : edge,
      );
    case "all":
      return edges.map((edge) => ({ ...edge, when: randomCondition(paths, random) }));
  }
}

const randomCondition = (paths: readonly string[], random: RandomSource): ConditionSpec =>
  random.weigh<ConditionSpec>([
    [9, { key: random.pick(["a", "b"]), equals: random.below(2) }],
    [1, { resultOf: random.pick(paths), equals: random.below(3) }],
    [0.1, "throws"],
  ]);

/** Paths whose results can be asked for: those of a map's members have an index more. */
function pathsOf(node: NodeSpec, prefix: string): string[] {
  const path = `${prefix}${node.name}`;
  if (!isGroup(node) || node.kind === "map") return [path];
  return [path, ...insideOf(node).flatMap((member) => pathsOf(member, `${path}/`))];
}

// ------------------------------------------------------------------------------- cancels and mutexes

function withCancels(nodes: readonly NodeSpec[], swarm: Swarm, random: RandomSource): NodeSpec[] {
  if (!swarm.cancels) return [...nodes];
  return nodes.map((node) => {
    const others = nodes.filter(({ name }) => name !== node.name).map(({ name }) => name);
    const aims = random.chance(0.4) && !takesNoTime(node) ? random.some(others, 0.3) : [];
    return aims.length > 0 ? { ...node, cancels: aims } : node;
  });
}

/** What is inside a mutex may ask for higher ones only, so that nobody waits in a circle. */
function withMutexes(
  nodes: readonly NodeSpec[],
  swarm: Swarm,
  random: RandomSource,
  above: number,
): NodeSpec[] {
  if (!swarm.mutexes) return [...nodes];
  return nodes.map((node) => {
    const isOwner = above < 3 && random.chance(0.4);
    const rank = isOwner ? random.between(above + 1, 3) : above;
    const own = isOwner ? { ...node, mutex: `m${rank}` } : node;
    if (!isGroup(own)) return own;
    const within = (inner: readonly NodeSpec[]) => withMutexes(inner, swarm, random, rank);
    const callback = "callback" in own && own.callback && { callback: within([own.callback])[0] };
    return { ...own, members: within(own.members), ...callback } as GroupSpec;
  });
}
