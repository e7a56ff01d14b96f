import fc from "fast-check";
import { buildDefinition } from "./build-definition.ts";
import type { DefinitionSpec, EdgeSpec, GroupSpec, NodeSpec } from "./definition-spec.ts";
import { isGroup } from "./definition-spec.ts";
import { type Scenario, spellOut } from "./lockstep.ts";
import { randomDefinition, withoutIdleGateways } from "./random-definition.ts";
import { RandomSource } from "./random-source.ts";

/** The scenario of a seed. */
function randomScenario(seed: number): Scenario {
  const random = new RandomSource(seed);
  return {
    spec: randomDefinition(random),
    seed,
    habits: {
      failures: random.pick([0, 0.1, 0.3]),
      timeouts: random.chance(0.4),
      cancels: random.chance(0.3),
      pauses: random.chance(0.2),
      interruptions: random.chance(0.15),
    },
    restarts: random.pick(["never", "often", "always"] as const),
    upgrades: random.pick(["never", "never", "same", "extended"] as const),
  };
}

/** A finding is made simpler for as long, and then reported as it is. */
const longestShrinkingMs = 45_000;

/** Scenarios from seeds; a failing one is made simpler in the terms of workflows. */
class ScenarioArbitrary extends fc.Arbitrary<Scenario> {
  #shrinksUntil: number | undefined;

  override generate(random: fc.Random): fc.Value<Scenario> {
    return new fc.Value(randomScenario(random.nextInt()), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is Scenario {
    return typeof value === "object" && value !== null && "spec" in value;
  }

  override shrink(scenario: Scenario): fc.Stream<fc.Value<Scenario>> {
    this.#shrinksUntil ??= Date.now() + longestShrinkingMs;
    const end = this.#shrinksUntil;
    const spelledOut = spellOut(scenario);
    const size = sizeOf(spelledOut);
    return fc
      .stream(simplerScenarios(spelledOut))
      .takeWhile(() => Date.now() < end)
      .filter((simpler) => sizeOf(simpler) < size && isDefinition(simpler.spec))
      .map((simpler) => new fc.Value(simpler, undefined));
  }
}

export const scenarios = (): fc.Arbitrary<Scenario> => new ScenarioArbitrary();

/** What validation refuses would fail for another reason. */
function isDefinition(spec: DefinitionSpec): boolean {
  try {
    buildDefinition(spec);
    return true;
  } catch {
    return false;
  }
}

/** How much there is to understand: every value counts, plain ones less. */
function sizeOf(value: unknown): number {
  if (typeof value !== "object" || value === null)
    return value === "machine" || value === "never" ? 0.5 : 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + sizeOf(inner), 1);
}

/** Bigger steps first. What an action means may vanish with a node: then it is passed over. */
function* simplerScenarios(scenario: Scenario): IterableIterator<Scenario> {
  const actions = scenario.actions ?? [];
  if (scenario.restarts !== "never") yield { ...scenario, restarts: "never" };
  if (scenario.upgrades !== "never") yield { ...scenario, upgrades: "never" };
  for (const share of [0.25, 0.5, 0.75]) {
    const length = Math.ceil(actions.length * share);
    if (length < actions.length) yield { ...scenario, actions: actions.slice(0, length) };
  }
  for (const spec of simplerDefinitions(scenario.spec)) yield { ...scenario, spec };
  for (let place = actions.length - 1; place >= 0; place -= 1) {
    yield { ...scenario, actions: actions.toSpliced(place, 1) };
  }
}

function* simplerDefinitions(spec: DefinitionSpec): IterableIterator<DefinitionSpec> {
  for (const node of spec.nodes) {
    if (node.name !== spec.initial) yield* valid(withoutNode(spec, node.name));
  }
  for (const edge of spec.edges) {
    yield* valid({ ...spec, edges: spec.edges.filter((other) => other !== edge) });
    yield* valid(withEdge(spec, edge, { source: edge.source, target: edge.target }));
    if (edge.when) yield* valid(withEdge(spec, edge, omit(edge, "when")));
    if (edge.on) yield* valid(withEdge(spec, edge, omit(edge, "on")));
  }
  for (const node of spec.nodes) {
    for (const simpler of simplerNodes(node)) {
      const nodes = spec.nodes.map((other) => (other === node ? simpler : other));
      yield* valid({ ...spec, nodes });
    }
  }
  for (const key of Object.keys(spec.initialData)) {
    yield { ...spec, initialData: omit(spec.initialData, key) };
  }
  for (const { step } of spec.terminals) {
    const terminals = spec.terminals.filter((other) => other.step !== step);
    if (spec.edges.some(({ source }) => source === step)) yield* valid({ ...spec, terminals });
  }
  if (Object.keys(spec.reducers).length > 0) yield { ...spec, reducers: {} };
  if (spec.compensate) yield omit(spec, "compensate");
}

function* simplerNodes(node: NodeSpec): IterableIterator<NodeSpec> {
  if (node.kind !== "machine") yield { kind: "machine", name: node.name };
  const options = ["canExecute", "retry", "timeoutMs", "deadlineMs", "mutex", "cancels"];
  const more = ["join", "cancelRest", "compensate", "maxConcurrent", "failure", "callback"];
  const groups = ["settle", "counts", "veto", "execute", "transient"];
  for (const option of [...options, ...more, ...groups]) {
    if (option in node) yield omit(node, option as keyof NodeSpec);
  }
  if (node.kind === "map" && node.required) yield omit(node, "required") as NodeSpec;
  if (!isGroup(node)) return;
  for (const [place, member] of node.members.entries()) {
    if (node.members.length > 1) {
      const required = "required" in node && { required: Math.max(1, (node.required ?? 1) - 1) };
      yield { ...node, members: node.members.toSpliced(place, 1), ...required } as GroupSpec;
    }
    for (const simpler of simplerNodes(member)) {
      yield { ...node, members: node.members.toSpliced(place, 1, simpler) } as GroupSpec;
    }
  }
  if ("callback" in node && node.callback) {
    for (const callback of simplerNodes(node.callback)) yield { ...node, callback } as GroupSpec;
  }
}

function withoutNode(spec: DefinitionSpec, name: string): DefinitionSpec {
  const nodes = spec.nodes.filter((node) => node.name !== name);
  return {
    ...spec,
    nodes: nodes.map((node) => {
      const cancels = node.cancels?.filter((other) => other !== name);
      return cancels && cancels.length > 0 ? { ...node, cancels } : omit(node, "cancels");
    }),
    edges: spec.edges.filter(({ source, target }) => source !== name && target !== name),
    terminals: spec.terminals.filter(({ step }) => step !== name),
  };
}

const withEdge = (spec: DefinitionSpec, edge: EdgeSpec, simpler: EdgeSpec): DefinitionSpec => ({
  ...spec,
  edges: spec.edges.map((other) => (other === edge ? simpler : other)),
});

/** Only what is still a definition: all nodes reached, joins possible, gateways with a choice. */
function* valid(spec: DefinitionSpec): IterableIterator<DefinitionSpec> {
  const reached = new Set([spec.initial]);
  for (const name of reached) {
    for (const { source, target } of spec.edges) if (source === name) reached.add(target);
  }
  const hasEdgesFrom = (name: string) => spec.edges.some(({ source }) => source === name);
  const sinks = spec.nodes.filter(({ name }) => !hasEdgesFrom(name)).map(({ name }) => name);
  const terminals = [
    ...spec.terminals,
    ...sinks
      .filter((name) => !spec.terminals.some(({ step }) => step === name))
      .map((step) => ({ step })),
  ];
  const incoming = (name: string) => spec.edges.filter(({ target }) => target === name).length;
  const nodes = withoutIdleGateways(spec.nodes, spec.edges).map((node): NodeSpec => {
    const isTooLarge = typeof node.join === "number" && node.join > incoming(node.name);
    const isIdle = node.join === undefined || incoming(node.name) < 2;
    return isTooLarge || isIdle ? omit(omit(node, "join"), "cancelRest") : node;
  });
  const edges = spec.edges.filter(({ source, target }) => {
    return [source, target].every((name) => nodes.some((node) => node.name === name));
  });
  const isWhole = nodes.every(({ name }) => reached.has(name)) && terminals.length > 0;
  if (isWhole) yield { ...spec, nodes, edges: edges.map(withMeaning(edges)), terminals };
}

/** `otherwise` needs a condition beside it. */
const withMeaning =
  (edges: readonly EdgeSpec[]) =>
  (edge: EdgeSpec): EdgeSpec => {
    const hasAlternative = edges.some(({ source, when }) => source === edge.source && when);
    return edge.otherwise && !hasAlternative ? omit(edge, "otherwise") : edge;
  };

function omit<Value extends object>(value: Value, key: keyof Value): Value {
  const { [key]: _omitted, ...rest } = value;
  return rest as Value;
}
