/** What a picture says of an instance is compared with what the instance goes on to do. */
import fc from "fast-check";
import {
  type AnyDefinition,
  type GroupEngine,
  humanStep,
  LocalExecutionEngine,
  MapGroup,
  machineStep,
  type PictureNode,
  pictureOf,
  StepGroup,
  type WorkflowContext,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { WorkflowInstance } from "../src/engine/workflow-instance.ts";
import { compileDefinition } from "../src/graph/compile.ts";
import type { WorkflowGraph } from "../src/graph/workflow-graph.ts";
import {
  type Command,
  createInstance,
  decide,
  type Effect,
  type InstanceState,
} from "../src/machine/index.ts";
import { buildDefinition } from "./property/build-definition.ts";
import { randomDefinition } from "./property/random-definition.ts";
import { RandomSource } from "./property/random-source.ts";

const allNodes = (node: PictureNode): PictureNode[] => [
  node,
  ...[...node.members, ...(node.callback ? [node.callback] : [])].flatMap(allNodes),
];

const live = new Set(["running", "waiting", "pending"]);

describe("the picture of an instance", () => {
  test("keeps its word while a random instance goes on", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new RandomSource(seed);
        const spec = randomDefinition(random);
        const definition = buildDefinition(spec);
        const run = new RandomRun(definition, spec.initialData, random);
        const given = new Set<string>();
        for (let turn = 0; turn < 40 && run.step(); turn++) {
          checkPicture(definition, new WorkflowInstance(run.state), given);
        }
      }),
      { numRuns: 300 },
    );
  });

  /** `given` collects the nodes of which it was said that nothing can reach them any more. */
  function checkPicture(
    definition: AnyDefinition,
    instance: WorkflowInstance,
    given: Set<string>,
  ): void {
    const picture = pictureOf(definition, instance);
    expect(JSON.parse(JSON.stringify(picture))).toStrictEqual(picture);
    const nodes = picture.nodes.flatMap(allNodes);
    const states = nodes.map(({ state }) => state ?? "");
    const isOver = ["completed", "failed", "canceled"].includes(instance.status);
    const isUndoing = instance.steps.some(({ compensates }) => compensates > 0);
    if (isOver) expect(states.filter((state) => live.has(state) || state === "idle")).toEqual([]);
    else if (!isUndoing) expect(states.some((state) => live.has(state))).toBe(true);
    const executed = new Set(instance.steps.map(({ path }) => path));
    expect([...given].filter((path) => executed.has(path))).toEqual([]);
    for (const { path, state } of picture.nodes) {
      if (state === "skipped" && !executed.has(path)) given.add(path);
    }
    for (const { path, status } of instance.tasks) {
      const node = nodes.find((each) => each.path === path.replace(/\[\d+\]/g, "[]"));
      // Of the members of a map, others may wait for their turn.
      const waits = node?.waitingFor?.map((wait) => wait.for) ?? [];
      expect([path, status, waits.includes("person")]).toEqual([path, "open", true]);
    }
    for (const { taken, waiting } of instance.edges) {
      expect(waiting).toBeGreaterThanOrEqual(0);
      expect(waiting).toBeLessThanOrEqual(taken);
    }
  }

  test("is drawn from what the engine gives", async () => {
    class Ask extends StepGroup {
      override readonly members = [machineStep("prepare", () => {})];
      async execute(context: WorkflowContext, engine: GroupEngine) {
        await engine.executeStep(this.members[0]!, context);
        await engine.executeStep(humanStep("answer", { assignee: "ada" }), context);
      }
    }
    const definition = new WorkflowDefinition({
      name: "ask",
      steps: {
        each: new MapGroup(
          machineStep("square", (context) => context.index),
          { items: "list" },
        ),
        ask: new Ask(),
        after: machineStep("after", () => {}),
      },
      edges: [
        { source: "each", target: "ask" },
        { source: "ask", target: "after" },
      ],
      initialStep: "each",
      terminalSteps: ["after"],
    });
    const registry = new WorkflowRegistry();
    registry.registerDefinition(definition);
    const engine = new LocalExecutionEngine(registry);
    const instance = await engine.startWorkflow("ask", { initialData: { list: [1, 2, 3] } });
    expect(pictureOf(definition, instance)).toMatchObject({
      instance: { id: instance.id, status: "waiting" },
      nodes: [
        { state: "done", progress: { done: 3, failed: 0, running: 0, total: 3 } },
        {
          state: "waiting",
          waitingFor: [{ for: "person", assignee: "ada" }],
          members: [{ path: "ask/prepare", state: "done" }],
        },
        { state: "idle" },
      ],
      edges: [{ taken: 1 }, { taken: 0 }],
    });
    await engine.close();
  });
});

/** Drives the machine with random answers to all that it asks for. */
class RandomRun {
  readonly state: InstanceState;
  readonly #graph: WorkflowGraph;
  readonly #random: RandomSource;
  readonly #running = new Map<number, Extract<Effect, { type: "RunStep" }>>();
  #now = 0;
  #hasStarted = false;

  constructor(
    definition: AnyDefinition,
    initialData: Readonly<Record<string, unknown>>,
    random: RandomSource,
  ) {
    this.#graph = compileDefinition(definition);
    this.#random = random;
    this.state = createInstance(this.#graph, { id: "i", now: 0, initialData });
  }

  /** False when there is nothing left to do. */
  step(): boolean {
    const commands = this.#hasStarted ? this.#commands() : [{ type: "Start" } as const];
    if (commands.length === 0) return false;
    this.#hasStarted = true;
    const command = this.#random.pick(commands);
    if ("executionId" in command) this.#running.delete(command.executionId);
    const decision = decide(this.#graph, this.state, command, ++this.#now);
    for (const effect of decision.ok ? decision.effects : []) {
      if (effect.type === "RunStep") this.#running.set(effect.execution.id, effect);
      if (effect.type === "AbortStep") this.#running.delete(effect.executionId);
    }
    return true;
  }

  #commands(): Command[] {
    const { state } = this;
    const tasks = [...(state.tasks?.values() ?? [])].filter(({ status }) => status === "open");
    const waiting = state.executions.filter(({ status }) => status === "waiting");
    const kind = (execution: (typeof waiting)[number]) => state.node(execution);
    return [
      ...[...this.#running.values()].map((effect) => this.#answer(effect)),
      ...tasks.map(({ id }): Command => {
        return { type: "TaskCompleted", taskId: id, data: {}, actor: { admin: true } };
      }),
      ...[...(state.timers?.keys() ?? [])].map((timerId): Command => {
        return { type: "TimerFired", timerId };
      }),
      ...waiting.flatMap((execution): Command[] => {
        const { source } = kind(execution);
        if (source.kind === "webhook") {
          return [{ type: "WebhookArrived", executionId: execution.id, payload: null }];
        }
        if (source.kind !== "signal" || !("signal" in source)) return [];
        return [{ type: "SignalArrived", name: String(source.signal), data: null }];
      }),
    ];
  }

  #answer({ execution, phase }: Extract<Effect, { type: "RunStep" }>): Command {
    const { id: executionId, attempt } = execution;
    const random = this.#random;
    const at = { executionId, attempt };
    if (random.chance(0.2)) {
      const error = { code: "STEP_FAILED" as const, message: "It failed." };
      return { type: "StepFailed", ...at, error, retryable: random.chance(0.5), random: 0 };
    }
    if (phase === "prepare") {
      return random.chance(0.2) ? { type: "StepSkipped", ...at } : { type: "StepReady", ...at };
    }
    const { outgoing, kind, source } = this.state.node(execution);
    const targets = outgoing.map((edge) => {
      return this.state.nodes[this.#graph.edges[edge]?.target ?? -1]?.name ?? "";
    });
    const isNaming = kind === "gateway" && "evaluate" in source && source.evaluate !== undefined;
    const writes = random.chance(0.5) ? ([["a", random.below(2)]] as const) : undefined;
    return {
      type: "StepSucceeded",
      ...at,
      result: random.below(3),
      writes,
      ...(isNaming && { targets: [random.pick(targets)] }),
    };
  }
}
