import { WorkflowRegistry } from "../definition/registry.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import type { EngineOptions, StartOptions } from "../engine/engine-options.ts";
import { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import { InjectedFailureError, InvalidArgumentError, StepNotActiveError } from "../errors.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import { type Duration, toMs } from "./duration.ts";
import type { PathCoverage } from "./path-coverage.ts";
import { Person, type PersonOptions } from "./person.ts";
import { type StandIn, StepControl } from "./step-control.ts";
import { TestInstance } from "./test-instance.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface TestEngineOptions extends Pick<EngineOptions, "limits" | "logger" | "random"> {
  /** When the test begins: 2030-01-01 UTC unless told. */
  readonly now?: Date | string | number;
  /** Learns which paths the test takes. */
  readonly coverage?: PathCoverage;
}

/**
 * Workflows in memory on a clock that moves only when the test says so: a month passes in
 * milliseconds, and nothing sleeps. Each call resolves when everything that it set going, and that
 * needs no time and nobody, has happened; the test's instances then show it.
 *
 * Timers of the engine (due dates, reminders, retries, timeouts, schedules) go by this clock. Code
 * of steps that waits for a real clock or a real network is waited for.
 */
export class TestEngine {
  readonly registry: WorkflowRegistry;
  readonly clock: VirtualClock;
  /** The engine itself, for all that this class has no word for. */
  readonly engine: LocalExecutionEngine;
  readonly #steps = new StepControl();
  readonly #instances = new Map<string, TestInstance>();
  readonly #coverage: PathCoverage | undefined;

  constructor(
    workflows: AnyDefinition | readonly AnyDefinition[] | WorkflowRegistry,
    { now, coverage, ...options }: TestEngineOptions = {},
  ) {
    this.registry = registryOf(workflows);
    this.clock = new VirtualClock(now === undefined ? undefined : momentOf(now));
    this.#coverage = coverage;
    this.engine = new LocalExecutionEngine(this.registry, {
      logger: quietLogger,
      random: () => 0,
      ...options,
      store: new MemoryStore({ keepEnded: Number.MAX_SAFE_INTEGER }),
      clock: this.clock,
      secret: "a secret for tests",
      aroundStep: this.#steps.around,
    });
  }

  /** What the test's clock shows. */
  get now(): Date {
    return new Date(this.clock.now());
  }

  /** Starts an instance of a workflow; of the only one, if there is one. Errors as the engine's. */
  async start(workflow?: string | AnyDefinition, options?: StartOptions): Promise<TestInstance>;
  async start(options?: StartOptions): Promise<TestInstance>;
  async start(
    first: string | AnyDefinition | StartOptions = {},
    second: StartOptions = {},
  ): Promise<TestInstance> {
    const isWorkflow = typeof first === "string" || "steps" in first;
    const workflow = isWorkflow ? first : this.#onlyWorkflow();
    const options = isWorkflow ? second : first;
    const { id } = await this.engine.submitWorkflow(workflow, options);
    await this.settle();
    return this.instance(id);
  }

  #onlyWorkflow(): AnyDefinition {
    const all = this.registry.listDefinitions();
    const [only, ...others] = all;
    if (only !== undefined && others.length === 0) return only;
    const names = all.map(({ name }) => name).join(", ");
    throw new InvalidArgumentError(`Say which workflow is to start: ${names || "none is known"}.`);
  }

  /** An instance that something else started: a subworkflow, a schedule. */
  async instance(instanceId: string): Promise<TestInstance> {
    const seen = await this.engine.getInstance(instanceId);
    const known = this.#instances.get(instanceId);
    if (known !== undefined) return known;
    const instance = new TestInstance(seen);
    this.#instances.set(instanceId, instance);
    this.#coverage?.see(seen);
    return instance;
  }

  /** Somebody who acts in the test. */
  person(userId: string, options: PersonOptions = {}): Person {
    return new Person(userId, options, {
      engine: this.engine,
      act: (call) => this.act(call),
      instances: () => [...this.#instances.values()],
    });
  }

  // ------------------------------------------------------------------------- what is not a person

  /** Lets time pass; what comes due meanwhile happens in order, each with its consequences. */
  async advance(duration: Duration | number): Promise<void> {
    await this.#advanceTo(this.clock.now() + toMs(duration));
  }

  /** Lets time pass until this moment. */
  async advanceTo(moment: Date | string | number): Promise<void> {
    const end = momentOf(moment);
    if (end < this.clock.now()) {
      throw new InvalidArgumentError(
        `${new Date(end).toISOString()} has passed: it is ${this.now.toISOString()}.`,
      );
    }
    await this.#advanceTo(end);
  }

  async #advanceTo(end: number): Promise<void> {
    await this.settle();
    for (let next = this.clock.nextAlarm; next <= end; next = this.clock.nextAlarm) {
      await this.clock.advance(Math.max(0, next - this.clock.now()));
      await this.settle();
    }
    await this.clock.advance(end - this.clock.now());
    await this.settle();
  }

  /** Sends a signal to an instance. */
  async signal(
    name: string,
    data: unknown = null,
    { on }: { readonly on?: TestInstance } = {},
  ): Promise<void> {
    const instanceId = (on ?? this.#onlyInstance()).id;
    await this.act(this.engine.signal({ instanceId, name, data }));
  }

  /** Calls the webhook step of this path or name, as the outside system does. */
  async callWebhook(
    stepName: string,
    payload: unknown = null,
    { on }: { readonly on?: TestInstance } = {},
  ): Promise<void> {
    const instances = on === undefined ? [...this.#instances.values()] : [on];
    for (const { id: instanceId } of instances) {
      const token = await this.engine.webhookToken({ instanceId, stepName }).catch(() => undefined);
      if (token === undefined) continue;
      await this.act(this.engine.completeWebhook(token, payload));
      return;
    }
    throw new StepNotActiveError(`No webhook step "${stepName}" waits to be called.`);
  }

  #onlyInstance(): TestInstance {
    const [only, ...others] = this.#instances.values();
    if (only !== undefined && others.length === 0) return only;
    throw new InvalidArgumentError(
      `Say which of ${others.length + (only === undefined ? 0 : 1)} instances is meant: { on }.`,
    );
  }

  // --------------------------------------------------------------------------- what steps do

  /** From now on the step of this path does this instead of its own code. */
  replaceStep(path: string, standIn: StandIn): void {
    this.#steps.replace(path, standIn);
  }

  /** The next attempts of the step fail; once unless told. */
  failStep(
    path: string,
    error: unknown = new InjectedFailureError(`The test lets "${path}" fail.`),
    { times = 1 }: { readonly times?: number } = {},
  ): void {
    this.#steps.fail(path, error, times);
  }

  /** From now on the step never ends by itself: its timeout, or a cancellation, ends it. */
  hangStep(path: string): void {
    this.#steps.hang(path);
  }

  // ------------------------------------------------------------------------------------------

  /** Does something with the engine, and waits for everything that comes of it. */
  async act<Result>(call: Promise<Result>): Promise<Result | undefined> {
    let refusal: { readonly error: unknown } | undefined;
    let result: Result | undefined;
    const done = call.then(
      (value) => {
        result = value;
      },
      (error: unknown) => {
        refusal = { error };
      },
    );
    await Promise.race([done, this.settle()]);
    await this.settle();
    if (refusal !== undefined) throw refusal.error;
    return result;
  }

  /** Resolves when nothing happens any more without time, a person or a message. */
  async settle(): Promise<void> {
    for (;;) {
      await turns();
      if (this.#steps.isIdle) break;
      await this.#steps.nextEnd();
    }
    for (const [id, instance] of this.#instances) {
      const seen = await this.engine.getInstance(id);
      instance.see(seen);
      this.#coverage?.see(seen);
    }
  }

  async close(): Promise<void> {
    await this.engine.close();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function registryOf(
  workflows: AnyDefinition | readonly AnyDefinition[] | WorkflowRegistry,
): WorkflowRegistry {
  if (workflows instanceof WorkflowRegistry) return workflows;
  const registry = new WorkflowRegistry();
  const all = Array.isArray(workflows) ? workflows : [workflows as AnyDefinition];
  for (const definition of all) registry.registerDefinition(definition);
  return registry;
}

function momentOf(moment: Date | string | number): number {
  const ms = typeof moment === "number" ? moment : new Date(moment).getTime();
  if (Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError(`${JSON.stringify(moment)} is no moment; give a date.`);
}

const silent = () => {};
const quietLogger = { debug: silent, info: silent, warn: silent, error: silent };
