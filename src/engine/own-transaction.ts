import type { AnyData } from "../definition/context.ts";
import type { WorkflowDefinition } from "../definition/workflow-definition.ts";
import {
  TransactionConflictError,
  TransactionUnsupportedError,
  UnknownInstanceError,
} from "../errors.ts";
import { unboundStep } from "../graph/compile.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import { decideIn } from "../machine/decide.ts";
import { type Command, type EpochMs, isLive, restore } from "../machine/index.ts";
import { Transition } from "../machine/transition.ts";
import type { MaybePromise, Store, StoreTransaction } from "../store/store.ts";
import { checkTexts } from "../text.ts";
import { type ActorOptions, actorOf } from "./actor.ts";
import type { Definitions } from "./definitions.ts";
import type { EngineCore } from "./engine-core.ts";
import type { StartOptions } from "./engine-options.ts";
import { checkSame, validInput } from "./initial-data.ts";
import { InstanceRuntime } from "./instance-runtime.ts";
import { type Letter, lettersFor, letterTo, newsForParent } from "./letters.ts";
import { PendingChange } from "./pending-change.ts";
import { errorOfRejection } from "./rejections.ts";
import { findExisting, newInstance, startBy } from "./starting.ts";
import { type CompleteTaskOptions, completion, findTask, instanceOf } from "./tasks.ts";
import { WorkflowInstance } from "./workflow-instance.ts";

/** What transactions of the application need of the engine. */
export interface OwnTransactionHost {
  readonly store: Store;
  readonly core: EngineCore;
  readonly definitions: Definitions;
  createId(): string;
  now(): EpochMs;
  /** The graph of a workflow, which is registered if it is given as a definition. */
  graphOf(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, any>,
    version: string | undefined,
  ): WorkflowGraph;
}

/** The engine's commands in transactions of the application. */
export class OwnTransactions {
  readonly #host: OwnTransactionHost;
  /** By client or handle: what several callers ask of one is done one after the other. */
  readonly #known = new WeakMap<object, OwnTransaction>();

  constructor(host: OwnTransactionHost) {
    this.#host = host;
  }

  /** @throws TransactionUnsupportedError, InvalidArgumentError, EngineClosedError */
  of(transaction: unknown): OwnTransaction {
    const { store, core } = this.#host;
    core.refuseIfClosed();
    if (store.inTransaction === undefined) {
      throw new TransactionUnsupportedError(
        "The store of this engine keeps nothing in transactions of the application: use a " +
          "PostgresStore, or a SqliteStore that was made with a DatabaseSync.",
      );
    }
    const isObject = typeof transaction === "object" && transaction !== null;
    const known = isObject ? this.#known.get(transaction) : undefined;
    if (known !== undefined) return known;
    const own = new OwnTransaction(store.inTransaction(transaction), this.#host);
    if (isObject) this.#known.set(transaction, own);
    return own;
  }
}

/**
 * Commands that take effect in a transaction of the application. Each is decided for good when it
 * is called, against the instance as it is in the transaction: it throws, and has written nothing,
 * if it is refused. No code runs before the application has committed; then a message to the worker
 * that has the instance makes it go on.
 *
 * Every call answers with the instance as it is in the transaction.
 */
export class OwnTransaction {
  readonly #transaction: StoreTransaction;
  readonly #host: OwnTransactionHost;
  #latest: Promise<unknown> = Promise.resolve();
  /** Instances that the open transaction has changed. */
  readonly #changed = new Set<string>();

  constructor(transaction: StoreTransaction, host: OwnTransactionHost) {
    this.#transaction = transaction;
    this.#host = host;
  }

  /**
   * Starts an instance. One that exists is returned, or refused if it differs, as everywhere.
   *
   * @throws as the engine's method of this name; NoTransactionError, TransactionConflictError.
   */
  async submitWorkflow<Data = AnyData>(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, Data>,
    options: StartOptions<Data> = {},
  ): Promise<WorkflowInstance> {
    const graph = this.#host.graphOf(workflow, options.version);
    const { definition } = graph;
    const { user, tenant, businessKey, through } = options;
    checkTexts({ user, tenant, businessKey, through });
    const initialData = await validInput(definition, options.initialData ?? {});
    return this.#inTurn(async () => {
      await this.#checkShape(graph);
      const find = async () => {
        const existing = await this.#existing(options);
        return existing && checkSame(existing, definition, initialData);
      };
      const existing = await find();
      if (existing !== undefined) return new WorkflowInstance(existing.state);
      const given = { id: options.instanceId ?? this.#host.createId(), now: this.#host.now() };
      const state = newInstance(graph, initialData, options, given);
      const runtime = new InstanceRuntime(graph, state, 0);
      if (await this.#decide(runtime, startBy(options))) return new WorkflowInstance(state);
      // Another transaction was first, and has been committed meanwhile.
      const other = await find();
      if (other !== undefined) return new WorkflowInstance(other.state);
      throw new TransactionConflictError(
        `Another transaction has started instance "${given.id}", or one with the same key, and ` +
          "this one cannot see it: roll back, and repeat the whole transaction.",
      );
    });
  }

  /**
   * Completes a task with the data of its form.
   *
   * @throws as the engine's method of this name; NoTransactionError, TransactionConflictError, and
   *   TransactionUnsupportedError for a task that only the code of a user's own group knows.
   */
  async completeHumanTask(options: CompleteTaskOptions): Promise<WorkflowInstance> {
    const actor = actorOf(options);
    return this.#act(instanceOf(options), async (runtime) => {
      const { path, status, executionId } = findTask(runtime, options);
      const { source } = runtime.state.node(runtime.state.execution(executionId));
      if (source === unboundStep && status === "open") throw unknownStep(path);
      return completion(runtime, options, actor);
    });
  }

  /**
   * Sends a named signal; if no step waits for it, it is kept until one does.
   *
   * @throws as the engine's method of this name; NoTransactionError, TransactionConflictError, and
   *   TransactionUnsupportedError if a step may wait for it that only the code of a user's own
   *   group knows.
   */
  async signal(
    options: {
      readonly instanceId: string;
      readonly name: string;
      readonly data?: unknown;
      /** A repeated signal with the same id counts once. */
      readonly id?: string;
    } & ActorOptions,
  ): Promise<WorkflowInstance> {
    const { instanceId, name, id } = options;
    checkTexts({ name, id });
    const actor = actorOf(options);
    const data = toJson(options.data ?? null, `The data of signal "${name}"`);
    return this.#act(instanceId, ({ state }) => {
      const unknown = state.executions.find(
        (each) => isLive(each.status) && state.node(each).source === unboundStep,
      );
      if (unknown !== undefined) throw unknownStep(unknown.path);
      return { type: "SignalArrived", name, data, id, actor };
    });
  }

  // ------------------------------------------------------------------------------------------

  /** One after the other: each sees what the one before has done. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#latest.then(async () => {
      this.#host.core.refuseIfClosed();
      await this.#join();
      return work();
    });
    this.#latest = done.catch(() => {});
    return done;
  }

  /** Takes part in the fleet, which may have to wait for the transaction itself. */
  async #join(): Promise<void> {
    const joined = this.#host.core.start();
    if (!(joined instanceof Promise)) return;
    if (this.#transaction.exclusive !== undefined) joined.catch(() => {});
    else await joined;
  }

  async #act(
    instanceId: string,
    command: (runtime: InstanceRuntime) => Command | Promise<Command>,
  ): Promise<WorkflowInstance> {
    return this.#inTurn(async () => {
      const runtime = await this.#load(instanceId);
      if (runtime === undefined) {
        throw new UnknownInstanceError(`There is no instance "${instanceId}".`);
      }
      if (!(await this.#decide(runtime, await command(runtime)))) {
        throw new TransactionConflictError(
          `Instance "${instanceId}" was changed while the transaction had it: roll back, and ` +
            "repeat the whole transaction, with COMMIT only when this call has resolved.",
        );
      }
      return new WorkflowInstance(runtime.state);
    });
  }

  /** The instance as it is in the transaction, which this process sees nowhere else. */
  async #load(instanceId: string): Promise<InstanceRuntime | undefined> {
    const stored = await this.#transaction.load(instanceId);
    if (stored === undefined) return undefined;
    const { workflow, version } = stored.rows.instance;
    const graph = this.#host.graphOf(workflow, version);
    await this.#checkShape(graph);
    const runtime = new InstanceRuntime(graph, restore(graph, stored.rows), stored.version);
    runtime.owner = stored.owner;
    return runtime;
  }

  /** @throws DefinitionChangedError */
  #checkShape(graph: WorkflowGraph): MaybePromise<void> {
    const { shapes } = this.#host.definitions;
    const { exclusive } = this.#transaction;
    return exclusive === undefined ? shapes.check(graph) : shapes.checkIn(exclusive, graph);
  }

  #existing(options: StartOptions): Promise<InstanceRuntime | undefined> {
    return findExisting(
      options,
      (key) => this.#transaction.findByIdempotencyKey(key),
      (instanceId) => this.#load(instanceId),
    );
  }

  /** Gives whether what was decided is kept. Throws what the machine refuses. */
  async #decide(runtime: InstanceRuntime, command: Command): Promise<boolean> {
    const decided = new Transition(this.#host.now(), { holdsStarts: true });
    const rejection = decideIn(decided.reset(runtime.graph, runtime.state), command);
    if (rejection !== undefined) throw errorOfRejection(rejection);
    if (decided.events.length === 0) return true;
    const change = new PendingChange(runtime, decided.now);
    change.add(decided.events, 0);
    change.owner = runtime.owner;
    change.isAnnounced = true;
    for (const effect of decided.effects) {
      for (const letter of lettersFor(runtime, effect, false)) this.#post(change, letter);
    }
    const news = newsForParent(runtime);
    if (news !== undefined) this.#post(change, news.letter, news.parentId);
    const rest = whatIsLeft(runtime, decided);
    if (rest !== undefined) this.#post(change, rest);
    const isKept = await this.#transaction.keep(change);
    if (isKept) this.#follow(runtime.id);
    return isKept;
  }

  /** To the worker that has the instance, or to this one. */
  #post(change: PendingChange, letter: Letter, instanceId = change.instanceId): void {
    const { core, createId } = this.#host;
    const to = change.owner ?? core.workerId;
    change.send(letterTo(to, createId(), instanceId, change.at, letter));
  }

  /** Looks, when the transaction is over, at what became of the instance. */
  #follow(instanceId: string): void {
    const { core } = this.#host;
    if (this.#changed.has(instanceId)) return;
    if (this.#changed.size === 0) {
      this.#transaction.whenOver(() => {
        const changed = [...this.#changed];
        this.#changed.clear();
        core.endOwnTransaction(changed);
      });
    }
    this.#changed.add(instanceId);
    core.transactions.begin(instanceId);
  }
}

/** What is left to do by whoever has the instance in hand: undefined if it only waits. */
function whatIsLeft(runtime: InstanceRuntime, decided: Transition): Letter | undefined {
  const { state, owner } = runtime;
  const ended = decided.events.flatMap((event) => {
    const isEnd = event.type === "StepSucceeded" || event.type === "StepFailed";
    return isEnd && state.node(event.execution).isObserved ? [event.execution.id] : [];
  });
  const isLeft =
    owner !== undefined ||
    state.hasHeldStarts ||
    ended.length > 0 ||
    decided.events.some(({ type }) => type === "TimerSet");
  return isLeft ? { type: "GoOn", ended } : undefined;
}

function unknownStep(path: string): TransactionUnsupportedError {
  return new TransactionUnsupportedError(
    `"${path}" was made by the code of a group of its own kind, and only the process that runs ` +
      "the group knows it: declare it among the group's members, or do this outside of the " +
      "transaction.",
  );
}
