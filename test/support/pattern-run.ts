import {
  type AnyDefinition,
  BaseMachineStep,
  LocalExecutionEngine,
  machineStep,
  type StepStatus,
  type WorkflowContext,
  type WorkflowInstance,
  WorkflowRegistry,
} from "tandem-workflows";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

interface StartingPoint {
  readonly data?: Readonly<Record<string, unknown>>;
  /** Definitions that the instance starts as children. */
  readonly children?: readonly AnyDefinition[];
}

/** One instance of a definition, driven by what people, senders of signals and operators do. */
export class PatternRun {
  readonly engine: LocalExecutionEngine;
  readonly clock: VirtualClock;
  readonly id: string;

  private constructor(engine: LocalExecutionEngine, clock: VirtualClock, id: string) {
    this.engine = engine;
    this.clock = clock;
    this.id = id;
  }

  /** Resolves when everything that needs nobody from outside has happened. */
  static async start(definition: AnyDefinition, from: StartingPoint = {}): Promise<PatternRun> {
    const clock = new VirtualClock();
    const registry = new WorkflowRegistry();
    for (const each of [definition, ...(from.children ?? [])]) registry.registerDefinition(each);
    const engine = new LocalExecutionEngine(registry, { clock });
    const { id } = await engine.submitWorkflow(definition, { initialData: from.data ?? {} });
    await clock.advance(0);
    return new PatternRun(engine, clock, id);
  }

  instance(): Promise<WorkflowInstance> {
    return this.engine.getInstance(this.id);
  }

  async status(): Promise<string> {
    return (await this.instance()).status;
  }

  /** The paths of the open tasks, oldest first. */
  async tasks(): Promise<string[]> {
    const { items: tasks } = await this.engine.tasks.list({ limit: 1000 });
    return tasks.filter((task) => task.instanceId === this.id).map((task) => task.path);
  }

  /** Completes the oldest open task of each path. */
  async complete(...paths: string[]): Promise<void> {
    for (const path of paths) await this.completeWith(path, {});
  }

  /** Completes the oldest open task of a path. */
  async completeWith(path: string, data: object): Promise<void> {
    const { items: tasks } = await this.engine.tasks.list({ limit: 1000 });
    const task = tasks.find((each) => each.instanceId === this.id && each.path === path);
    const done = this.engine.completeHumanTask({
      instanceId: this.id,
      ...(task === undefined ? { stepName: path } : { taskId: task.id }),
      data,
    });
    await this.#follow(done);
  }

  async signal(name: string, data: unknown = null): Promise<void> {
    await this.#follow(this.engine.signal({ instanceId: this.id, name, data }));
  }

  async cancel(stepName: string): Promise<void> {
    await this.#follow(this.engine.cancelStep({ instanceId: this.id, stepName }));
  }

  /** How each execution of a path stands or ended, oldest first. */
  async statusesOf(path: string): Promise<StepStatus[]> {
    const { steps } = await this.instance();
    return steps.filter((step) => step.path === path).map((step) => step.status);
  }

  /** How often a step or group has succeeded. */
  async times(path: string): Promise<number> {
    return (await this.statusesOf(path)).filter((status) => status === "succeeded").length;
  }

  /** A request resolves when the instance waits; a step that the test still holds delays that. */
  async #follow(request: Promise<unknown>): Promise<void> {
    let failed = false;
    let failure: unknown;
    request.catch((error: unknown) => {
      failed = true;
      failure = error;
    });
    await this.clock.advance(0);
    if (failed) throw failure;
  }
}

/** A machine step that does nothing. */
export function work(name: string, options: Parameters<typeof machineStep>[2] = {}) {
  return machineStep(name, () => undefined, options);
}

/** A machine step that runs until the test lets it end. */
export class HandCranked extends BaseMachineStep<Record<string, unknown>, void> {
  /** The contexts of the attempts that have begun. */
  readonly begun: WorkflowContext[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(name: string) {
    super();
    this.name = name;
  }

  execute(context: WorkflowContext): Promise<void> {
    this.begun.push(context);
    return new Promise((resolve) => this.#ends.push(resolve));
  }

  /** Lets the oldest attempt that still runs end. */
  end(): void {
    this.#ends.shift()?.();
  }
}
