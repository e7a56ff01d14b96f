/** The engine on the store in memory: what a step costs when nothing is written to a disk. */
import {
  Edge,
  LocalExecutionEngine,
  MapGroup,
  machineStep,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { figure, medianMicros, piecesPerSecond, type Round } from "./figure.ts";
import {
  CHAIN_LENGTH,
  FAN_OUTS,
  LOOP_PASSES,
  MAP_ITEMS,
  microsEach,
  SAMPLE_MS,
  STEPS_IN_SEQUENCE,
  WORKFLOWS_AT_ONCE,
} from "./handwritten.ts";
import { byName, chain, group, settingStep, settingSteps } from "./workflows.ts";

/** Fewer rounds where one takes long. */
const ROUNDS_OF_LARGE = { rounds: 5, warmups: 1 } as const;

/** Plain edges from one step to many, and from these to one. */
function fork(count: number) {
  const branches = settingSteps(count);
  const edges = branches.flatMap(({ name }) => [new Edge("first", name), new Edge(name, "join")]);
  return new WorkflowDefinition({
    name: "fork",
    version: "1.0.0",
    steps: byName([settingStep("first"), ...branches, settingStep("join")]),
    edges,
    initialStep: "first",
    terminalSteps: ["join"],
  });
}

/** A step that comes back to itself. */
function loop(passes: number) {
  const pass = machineStep("pass", async (context) => {
    context.set("passes", Number(context.get("passes", 0)) + 1);
  });
  return new WorkflowDefinition({
    name: "loop",
    version: "1.0.0",
    steps: { pass, done: settingStep("done") },
    edges: [
      new Edge("pass", "pass", {
        condition: (context) => Number(context.get("passes", 0)) < passes,
      }),
      new Edge("pass", "done", { otherwise: true }),
    ],
    initialStep: "pass",
    terminalSteps: ["done"],
  });
}

function map() {
  const member = machineStep("increase", async (context) => Number(context.item) + 1);
  return new WorkflowDefinition({
    name: "map",
    version: "1.0.0",
    steps: { each: new MapGroup(member, { items: "list" }) },
    edges: [],
    initialStep: "each",
    terminalSteps: ["each"],
  });
}

/**
 * A round that measures instances of the definition, from their start to their end, on one engine for
 * all rounds, as an application has it. What has ended stays in its store and is part of the cost.
 */
function roundOf(
  definition: Parameters<WorkflowRegistry["registerDefinition"]>[0],
  measure: (runInstance: () => Promise<void>) => Promise<number>,
  initialData: Record<string, unknown> = {},
): Round {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(definition);
  const engine = new LocalExecutionEngine(registry);
  return () =>
    measure(async () => {
      const instance = await engine.startWorkflow(definition.name, { initialData });
      if (instance.status !== "completed") {
        throw new Error(`"${definition.name}" is ${instance.status}, not completed.`);
      }
    });
}

figure("memory.sequential", { unit: "steps/s", limit: "memory.handwritten" }, () => {
  return roundOf(chain(STEPS_IN_SEQUENCE), (runInstance) =>
    piecesPerSecond(SAMPLE_MS, WORKFLOWS_AT_ONCE * STEPS_IN_SEQUENCE, async () => {
      await Promise.all(Array.from({ length: WORKFLOWS_AT_ONCE }, runInstance));
    }),
  );
});

figure("memory.single", { unit: "µs", limit: "memory.handwritten.single" }, () => {
  return roundOf(chain(1), (runInstance) => medianMicros(SAMPLE_MS, runInstance));
});

for (const count of FAN_OUTS) {
  const options = {
    unit: "µs/branch",
    limit: `memory.handwritten.fanout.${count}`,
    ...(count >= 10_000 ? ROUNDS_OF_LARGE : {}),
  } as const;
  figure(`memory.fork.${count}`, options, () => {
    return roundOf(fork(count), (runInstance) => microsEach(count, runInstance));
  });
  figure(`memory.group.${count}`, options, () => {
    return roundOf(group(count), (runInstance) => microsEach(count, runInstance));
  });
}

figure(
  `memory.chain.${CHAIN_LENGTH}`,
  { unit: "µs/step", limit: `memory.handwritten.chain.${CHAIN_LENGTH}`, ...ROUNDS_OF_LARGE },
  () => {
    return roundOf(chain(CHAIN_LENGTH), (runInstance) => microsEach(CHAIN_LENGTH, runInstance));
  },
);

figure(
  `memory.loop.${LOOP_PASSES}`,
  { unit: "µs/pass", limit: `memory.handwritten.loop.${LOOP_PASSES}`, ...ROUNDS_OF_LARGE },
  () => {
    return roundOf(loop(LOOP_PASSES), (runInstance) => microsEach(LOOP_PASSES, runInstance));
  },
);

figure(
  `memory.map.${MAP_ITEMS}`,
  { unit: "µs/item", limit: `memory.handwritten.map.${MAP_ITEMS}`, ...ROUNDS_OF_LARGE },
  () => {
    const list = Array.from({ length: MAP_ITEMS }, (_, index) => index);
    return roundOf(map(), (runInstance) => microsEach(MAP_ITEMS, runInstance), { list });
  },
);

figure(
  `memory.compile.${CHAIN_LENGTH}`,
  { unit: "µs/step", limit: `memory.handwritten.compile.${CHAIN_LENGTH}`, ...ROUNDS_OF_LARGE },
  () => () =>
    microsEach(CHAIN_LENGTH, async () => {
      new WorkflowRegistry().registerDefinition(chain(CHAIN_LENGTH));
    }),
);
