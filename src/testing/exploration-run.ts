import { compileForm } from "../definition/form.ts";
import type { BaseHumanStep } from "../definition/human-step.ts";
import type { SignalStep } from "../definition/wait-steps.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import type { HumanTask } from "../engine/tasks.ts";
import type { StepExecution, WorkflowInstance } from "../engine/workflow-instance.ts";
import { ExplorationError, WorkflowsError } from "../errors.ts";
import { compileDefinition } from "../graph/compile.ts";
import type { GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import type { ExplorationWorld } from "./exploration-world.ts";
import type { ExploreOptions } from "./explore.ts";
import { sampleOf } from "./form-samples.ts";

/** Something that may happen next. */
interface Move {
  readonly text: () => string;
  readonly make: () => unknown;
}

/** After so many crashes the rest of a run goes without: it is to come to an end. */
const crashesAtMost = 3;
const crashShare = 0.04;

/** One order of events, made of a seed: the same seed gives the same. */
export class ExplorationRun {
  readonly log: string[] = [];
  crashes = 0;
  readonly #definition: AnyDefinition;
  readonly #world: ExplorationWorld;
  readonly #options: ExploreOptions;
  readonly #graph: WorkflowGraph;
  readonly #id: string;
  #problem: { readonly error: unknown } | undefined;

  constructor(
    definition: AnyDefinition,
    world: ExplorationWorld,
    seed: number,
    options: ExploreOptions,
  ) {
    this.#definition = definition;
    this.#world = world;
    this.#options = options;
    this.#graph = compileDefinition(definition);
    this.#id = `explored-${seed}`;
    world.begin(seed);
  }

  /** Gives the instance at its end; throws what was found to be wrong. */
  async run(): Promise<WorkflowInstance> {
    const { actsAtMost = 1000 } = this.#options;
    await this.#start();
    let instance = await this.#look();
    while (instance.endedAt === undefined) {
      if (this.log.length >= actsAtMost) {
        throw new ExplorationError(`It has not ended after ${actsAtMost} acts (actsAtMost).`);
      }
      const move = this.#choose(instance);
      this.log.push(move.text());
      await move.make();
      await this.#settle();
      instance = await this.#look();
    }
    this.#options.finally?.(instance);
    return instance;
  }

  async #start(): Promise<void> {
    const { initialData = {} } = this.#options;
    const data = typeof initialData === "function" ? initialData() : initialData;
    const options = { instanceId: this.#id, initialData: data };
    await this.#world.engine.submitWorkflow(this.#definition, options);
    await this.#settle();
  }

  async #look(): Promise<WorkflowInstance> {
    if (this.#problem !== undefined) throw this.#problem.error;
    const instance = await this.#world.engine.getInstance(this.#id);
    this.#options.always?.(instance);
    return instance;
  }

  #settle(): Promise<void> {
    return this.#world.settle(this.#options.patienceMs ?? 2000);
  }

  // ----------------------------------------------------------------------- what may happen next

  #choose(instance: WorkflowInstance): Move {
    const moves = this.#moves(instance);
    if (moves.length === 0) {
      const live = instance.steps.filter(({ status }) => /running|waiting|pending/.test(status));
      const waits = live.map(({ path, status }) => `${path} (${status})`);
      throw new ExplorationError(
        `It is ${instance.status} and nothing can happen any more: ${waits.join(", ")}. ` +
          "Give `signals` and `webhooks` what these steps wait for.",
      );
    }
    const { crashes = true } = this.#options;
    if (crashes && this.crashes < crashesAtMost && this.#world.random.chance(crashShare)) {
      return {
        text: () => "the process dies, and another one takes over",
        make: () => this.#crash(),
      };
    }
    return this.#world.random.pick(moves);
  }

  #moves(instance: WorkflowInstance): Move[] {
    const moves: Move[] = this.#world.gates.held.map((gate) => ({
      text: () => gate.text,
      make: () => this.#world.gates.open(gate),
    }));
    for (const task of instance.tasks) moves.push(this.#completion(task));
    if (this.#graph.nodes.some(({ kind }) => kind === "signal" || kind === "webhook")) {
      for (const step of instance.steps) {
        const move = step.status === "waiting" ? this.#message(step) : undefined;
        if (move !== undefined) moves.push(move);
      }
    }
    const { nextAlarm } = this.#world.clock;
    if (Number.isFinite(nextAlarm)) {
      const ms = Math.max(0, nextAlarm - this.#world.clock.now());
      moves.push({ text: () => `${ms} ms pass`, make: () => this.#world.clock.advance(ms) });
    }
    return moves;
  }

  #completion(task: HumanTask): Move {
    const { path, excludeUsers = [] } = task;
    const user = this.#userFor(task);
    const [group] = task.candidateGroups ?? [];
    const data = this.#answerTo(path);
    return {
      text: () => `${user} completes ${path} with ${JSON.stringify(data)}`,
      make: () =>
        this.#act(
          this.#world.engine.completeHumanTask({
            instanceId: this.#id,
            taskId: task.id,
            userId: excludeUsers.includes(user) ? `another ${user}` : user,
            groups: group === undefined ? [] : [group],
            data,
          }),
        ),
    };
  }

  #userFor({ assignee, candidateUsers, candidateGroups }: HumanTask): string {
    if (assignee !== undefined) return assignee;
    if (candidateUsers !== undefined && candidateUsers.length > 0) {
      return this.#world.random.pick(candidateUsers);
    }
    return candidateGroups === undefined ? "somebody" : `somebody of ${candidateGroups[0]}`;
  }

  #answerTo(path: string): unknown {
    const given = byPath(this.#options.answers, path);
    if (given !== undefined) return this.#world.random.pick(given);
    const step = this.#node(path)?.source as BaseHumanStep | undefined;
    return sampleOf(compileForm(step?.formSchema).jsonSchema, this.#world.random);
  }

  /** What a step that waits for a signal or a webhook may be told. */
  #message({ path }: StepExecution): Move | undefined {
    const node = this.#node(path);
    if (node?.kind === "webhook") {
      const payload = this.#world.random.pick(byPath(this.#options.webhooks, path) ?? [null]);
      const text = () => `the webhook of ${path} is called with ${JSON.stringify(payload)}`;
      return { text, make: () => this.#act(this.#callWebhook(path, payload)) };
    }
    if (node?.kind !== "signal") return undefined;
    const { signal: name } = node.source as SignalStep;
    const data = this.#world.random.pick(this.#options.signals?.[name] ?? [null]);
    return {
      text: () => `signal ${name} arrives with ${JSON.stringify(data)}`,
      make: () => this.#act(this.#world.engine.signal({ instanceId: this.#id, name, data })),
    };
  }

  async #callWebhook(stepName: string, payload: unknown): Promise<void> {
    const token = await this.#world.engine.webhookToken({ instanceId: this.#id, stepName });
    await this.#world.engine.completeWebhook(token, payload);
  }

  #node(path: string): GraphNode | undefined {
    const { nodeByPath, nodes } = this.#graph;
    const index = nodeByPath.get(path) ?? nodeByPath.get(path.replace(/\[\d+\]/g, "[]"));
    return index === undefined ? undefined : nodes[index];
  }

  /** Does not wait for what comes of it; a refusal is a problem unless things have moved on. */
  #act(call: Promise<unknown>): void {
    call.catch((error: unknown) => {
      const code = error instanceof WorkflowsError ? error.code : "";
      if (!harmless.has(code)) this.#problem ??= { error };
    });
  }

  #crash(): Promise<void> {
    this.crashes++;
    return this.#world.crash();
  }
}

/** Somebody else was first, or the engine was closed by a crash. */
const harmless = new Set([
  "ENGINE_CLOSED",
  "INSTANCE_ENDED",
  "STEP_NOT_ACTIVE",
  "TASK_GONE",
  "TOKEN_USED",
]);

function byPath<Value>(
  values: Readonly<Record<string, readonly Value[]>> | undefined,
  path: string,
): readonly Value[] | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\[\d+\]$/, "");
  return values?.[path] ?? values?.[path.replace(/\[\d+\]/g, "")] ?? values?.[name];
}
