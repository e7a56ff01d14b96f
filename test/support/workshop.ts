import {
  type BaseMachineStep,
  Edge,
  type EngineOptions,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  type RecordedError,
  type StartOptions,
  type StepOptions,
  type Store,
  type WorkflowContext,
  WorkflowDefinition,
  type WorkflowInstance,
  type WorkflowNode,
  WorkflowRegistry,
} from "tandem-workflows";
import { SqliteStore } from "../../src/store/sqlite/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";

/** A database that stays when an engine on it is closed. */
class LastingSqliteStore extends SqliteStore {
  override close(): void {}
}

/** `TANDEM_TEST_STORE=sqlite` runs the tests of a workshop on SQLite. */
function newStore(): Store {
  return process.env.TANDEM_TEST_STORE === "sqlite"
    ? new LastingSqliteStore(":memory:")
    : new MemoryStore();
}

/** One attempt of a hand-cranked step. */
interface Turn {
  readonly path: string;
  readonly context: WorkflowContext;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  isOver: boolean;
}

/**
 * A place to try workflows out. Its steps end when the test says so, its clock moves when the test
 * turns it, and its engine can die and be replaced.
 */
export class Workshop {
  readonly clock: VirtualClock;
  readonly registry = new WorkflowRegistry();
  readonly store: Store;
  /** What the engine logged as an error. */
  readonly logged: string[] = [];
  /** Every attempt of a hand-cranked step, by path, in the order in which they started. */
  readonly begun: string[] = [];
  engine: LocalExecutionEngine;
  /** The instance that was started last. */
  id = "";
  readonly #options: EngineOptions;
  #turns: Turn[] = [];

  constructor(options: EngineOptions = {}, clock = new VirtualClock()) {
    this.clock = clock;
    this.store = options.store ?? newStore();
    this.#options = options;
    this.engine = this.newEngine();
  }

  newEngine(options: EngineOptions = {}): LocalExecutionEngine {
    const silent = () => {};
    return new LocalExecutionEngine(this.registry, {
      secret: "for tests",
      ...this.#options,
      store: this.store,
      ...options,
      clock: this.clock,
      logger: {
        debug: silent,
        info: silent,
        warn: silent,
        error: (message) => void this.logged.push(message),
      },
    });
  }

  // --------------------------------------------------------------------------- hand-cranked steps

  /** A step that runs until the test ends it with `finish` or `fail`. */
  step(name = "", options: StepOptions = {}): BaseMachineStep {
    return machineStep(
      name,
      (context) =>
        new Promise((resolve, reject) => {
          this.begun.push(context.stepName);
          this.#turns.push({ path: context.stepName, context, resolve, reject, isOver: false });
        }),
      options,
    );
  }

  /** Several of them, for a definition's `steps`. */
  steps(...names: readonly string[]): Record<string, BaseMachineStep> {
    return Object.fromEntries(names.map((name) => [name, this.step(name)]));
  }

  /** The paths of the hand-cranked steps that run now, in the order in which they started. */
  get running(): string[] {
    return this.#present.map(({ path }) => path);
  }

  get #present(): Turn[] {
    return this.#turns.filter(({ isOver, context }) => !isOver && !context.signal.aborted);
  }

  /** The context of the running step. */
  context(path: string): WorkflowContext {
    return this.#turn(path).context;
  }

  #turn(path: string): Turn {
    const turn = this.#present.find((each) => each.path === path);
    if (turn !== undefined) return turn;
    throw new TypeError(`"${path}" does not run; what runs is: ${this.running.join(", ")}`);
  }

  /** The step returns, after writing what `set` says. */
  async finish(
    path: string,
    { set = {}, result }: { set?: Record<string, unknown>; result?: unknown } = {},
  ): Promise<void> {
    const turn = this.#turn(path);
    turn.isOver = true;
    for (const [key, value] of Object.entries(set)) turn.context.set(key, value);
    turn.resolve(result);
    await this.quiet();
  }

  /** The step throws. */
  async fail(path: string, error: unknown = new Error(`${path} broke`)): Promise<void> {
    const turn = this.#turn(path);
    turn.isOver = true;
    turn.reject(error);
    await this.quiet();
  }

  /** Code that was aborted returns all the same. */
  async finishLate(path: string, result: unknown = "late"): Promise<void> {
    const turn = this.#turns.find(({ path: each, isOver }) => each === path && !isOver);
    if (turn === undefined) throw new TypeError(`No attempt of "${path}" is left over.`);
    turn.isOver = true;
    turn.resolve(result);
    await this.quiet();
  }

  // ------------------------------------------------------------------------------------ instances

  async start(
    definition: WorkflowDefinition | string,
    options: StartOptions = {},
  ): Promise<WorkflowInstance> {
    const { id } = await this.engine.submitWorkflow(definition, options);
    this.id = id;
    await this.quiet();
    return this.view();
  }

  /** The instance as it is now. */
  view(): Promise<WorkflowInstance> {
    return this.engine.getInstance(this.id);
  }

  async status(): Promise<string> {
    return (await this.view()).status;
  }

  async data(): Promise<Readonly<Record<string, unknown>>> {
    return (await this.view()).data;
  }

  /** Why the instance failed. */
  async error(): Promise<RecordedError | undefined> {
    return (await this.view()).error;
  }

  /** Every execution as `path status`, in the order in which they were made. */
  async history(): Promise<string[]> {
    return (await this.view()).steps.map(({ path, status }) => `${path} ${status}`);
  }

  /** How the executions of one path stand, oldest first. */
  async statuses(path: string): Promise<string[]> {
    const { steps } = await this.view();
    return steps.filter((step) => step.path === path).map(({ status }) => status);
  }

  async openTasks(): Promise<string[]> {
    return (await this.engine.tasks.list({ limit: 1000 })).items.map(({ path }) => path);
  }

  async complete(stepName: string, data: unknown = {}, userId = "ann"): Promise<void> {
    await this.act(this.engine.completeHumanTask({ instanceId: this.id, stepName, userId, data }));
  }

  async signal(name: string, data?: unknown): Promise<void> {
    await this.act(this.engine.signal({ instanceId: this.id, name, data }));
  }

  /** Does something from outside, and does not wait for steps that run then. */
  async act(call: Promise<unknown>): Promise<void> {
    call.catch(() => {});
    await Promise.race([call, this.quiet()]);
    await this.quiet();
  }

  // ------------------------------------------------------------------------------ time and crashes

  async advance(milliseconds: number): Promise<void> {
    await this.clock.advance(milliseconds);
    await this.quiet();
  }

  /** Everything that needs no time and nobody has happened. */
  async quiet(): Promise<void> {
    for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The engine is gone. */
  async crash(): Promise<void> {
    await this.engine.close();
    this.#turns = [];
  }

  /** The engine is gone, and another one goes on with what is in the store. */
  async restart(): Promise<void> {
    await this.crash();
    this.engine = this.newEngine();
    await this.engine.recover();
    await this.quiet();
  }
}

type Options = ConstructorParameters<typeof WorkflowDefinition>[0];

/**
 * A definition in few words: edges are written `"a -> b -> c"`, the first step is the initial one, and
 * steps that no edge leaves are terminal, unless `options` say otherwise.
 */
export function flow(
  steps: Readonly<Record<string, WorkflowNode>>,
  edges: readonly (string | Edge)[] = [],
  options: Partial<Options> = {},
): WorkflowDefinition {
  const all = edges.flatMap((edge) => (typeof edge === "string" ? chain(edge) : [edge]));
  const sources = new Set(all.map(({ source }) => source));
  const names = Object.keys(steps);
  return new WorkflowDefinition({
    name: "test",
    steps,
    edges: all,
    initialStep: names[0] ?? "",
    terminalSteps: names.filter((name) => !sources.has(name)),
    ...options,
  });
}

function chain(text: string): Edge[] {
  const names = text.split("->").map((name) => name.trim());
  return names.slice(1).map((name, index) => new Edge(names[index] ?? "", name));
}

/** What a call was refused with. */
export async function refusal(call: Promise<unknown> | (() => unknown)): Promise<{
  name: string;
  code: string;
  message: string;
}> {
  try {
    await (typeof call === "function" ? call() : call);
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string };
    return { name, code, message };
  }
  throw new TypeError("The call was not refused.");
}
