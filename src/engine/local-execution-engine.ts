import type { AnyData } from "../definition/context.ts";
import type { WorkflowRegistry } from "../definition/registry.ts";
import type { AnyDefinition, WorkflowDefinition } from "../definition/workflow-definition.ts";
import { InvalidTokenError } from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import type { Command } from "../machine/index.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import type { Store } from "../store/store.ts";
import { checkTexts } from "../text.ts";
import { type ActorOptions, actorOf } from "./actor.ts";
import { attachBackground } from "./attach-background.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DecisionLinks } from "./decision-links.ts";
import { Definitions } from "./definitions.ts";
import { EngineCore } from "./engine-core.ts";
import type { EngineOptions, StartOptions, TracedStart } from "./engine-options.ts";
import { checkSame, inputObject, noData, validInput } from "./initial-data.ts";
import { InstanceDirectory } from "./instance-directory.ts";
import { InstanceRuntime } from "./instance-runtime.ts";
import { Limiter } from "./limiter.ts";
import { type OwnTransaction, OwnTransactions } from "./own-transaction.ts";
import { StartRefused, VersionChanged } from "./rejections.ts";
import type { Schedules } from "./schedules.ts";
import { findExisting, newInstance, startBy } from "./starting.ts";
import { gatherStatistics, type Statistics, type WorkerLoad } from "./statistics.ts";
import { TaskInbox } from "./task-inbox.ts";
import { type CompleteTaskOptions, completion, instanceOf } from "./tasks.ts";
import { Telemetry } from "./telemetry.ts";
import { timeOrderedId } from "./time-ordered-id.ts";
import { type UpgradeOptions, type UpgradePlan, Upgrades } from "./upgrades.ts";
import { waitUntil } from "./waiters.ts";
import type { WatchFilter, WatchListener } from "./watcher.ts";
import { tokenOf } from "./webhook-token.ts";
import { WorkflowInstance } from "./workflow-instance.ts";

/** Runs workflows in this process. */
export class LocalExecutionEngine {
  /** Tokens with which people decide without signing in. */
  readonly decisionLinks: DecisionLinks;
  readonly #registry: WorkflowRegistry;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #createId: () => string;
  readonly #core: EngineCore;
  readonly #transactions: OwnTransactions;
  readonly #definitions: Definitions;
  readonly #upgrades: Upgrades;
  readonly #telemetry = Telemetry.find();
  /** Finds instances, tells what was done to them, and does one thing to many of them. */
  readonly instances: InstanceDirectory;
  /** The cron schedules that start instances. */
  readonly schedules: Schedules;
  /** What people have to do, and what they do with it besides completing it. */
  readonly tasks: TaskInbox;

  /**
   * @throws InvalidOptionError if a limit or a time (`retention` too) is no whole number of at
   * least 1, or the lease is shorter than three intervals.
   */
  constructor(registry: WorkflowRegistry, options: EngineOptions = {}) {
    this.#registry = registry;
    this.#store = options.store ?? new MemoryStore();
    this.#clock = options.clock ?? systemClock;
    this.#createId = options.createId ?? (() => timeOrderedId(this.#clock.now()));
    const limiters = new Map(
      Object.entries(options.limits ?? {}).map(([name, limit]) => [
        name,
        new Limiter(name, limit, this.#clock),
      ]),
    );
    this.#definitions = new Definitions(registry, this.#store, limiters);
    this.#upgrades = new Upgrades(this.#definitions, () => Math.floor(this.#clock.now()));
    this.#core = new EngineCore({
      definitions: this.#definitions,
      upgrades: this.#upgrades,
      store: this.#store,
      clock: this.#clock,
      logger: options.logger ?? console,
      limiters,
      secret: options.secret,
      createId: this.#createId,
      random: options.random ?? Math.random,
      aroundStep: options.aroundStep,
      pollIntervalMs: options.pollIntervalMs ?? 1000,
      leaseMs: options.leaseMs ?? 8000,
      isGuest: options.isGuest ?? false,
      telemetry: this.#telemetry,
    });
    this.#transactions = new OwnTransactions({
      ...{ store: this.#store, core: this.#core, createId: this.#createId },
      now: () => Math.floor(this.#clock.now()),
      definitions: this.#definitions,
      graphOf: (workflow, version) =>
        typeof workflow === "string"
          ? this.#definitions.graphOf(workflow, version)
          : this.#definitions.graphFor(this.#registered(workflow)),
    });
    this.tasks = new TaskInbox(this.#core, this.#store, this.#definitions.graphOf);
    const parts = { core: this.#core, store: this.#store, registry, clock: this.#clock };
    this.instances = new InstanceDirectory(parts);
    this.schedules = attachBackground(parts, this, options, this.#telemetry);
    this.decisionLinks = new DecisionLinks(parts);
  }

  /** The definitions that it knows. */
  get registry(): WorkflowRegistry {
    return this.#registry;
  }

  /**
   * Starts instances, completes tasks and sends signals in a transaction of the application: on
   * Postgres a `pg` client on which it has begun one, on SQLite the handle that the store was made
   * with. What is done takes effect when the application commits, and never happened if it rolls
   * back.
   *
   * @throws TransactionUnsupportedError if the store has no such transactions; InvalidArgumentError
   *   if this is nothing that could have begun one.
   */
  inTransaction(transaction: unknown): OwnTransaction {
    return this.#transactions.of(transaction);
  }

  // ----------------------------------------------------------------------------------- starting

  /**
   * Starts an instance and resolves when it has ended or waits for somebody or something.
   *
   * @throws UnknownWorkflowError, InvalidInputError, NotJsonError, UnknownLimitError, and
   *   InstanceExistsError if the id or key belongs to another workflow or other data.
   */
  async startWorkflow<Data = AnyData>(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, Data>,
    options: StartOptions<Data> = {},
  ): Promise<WorkflowInstance> {
    return this.#started(workflow, options, "settled");
  }

  /** Starts an instance and resolves as soon as the start is durable. Errors as `startWorkflow`. */
  async submitWorkflow<Data = AnyData>(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, Data>,
    options: StartOptions<Data> = {},
  ): Promise<WorkflowInstance> {
    return this.#started(workflow, options, "stored");
  }

  /** Resolves when the instance has ended. */
  async waitFor(instanceId: string): Promise<WorkflowInstance> {
    return this.#core.wait(instanceId, "ended", show);
  }

  /** Resolves when the instance has ended or waits for somebody or something. */
  async waitUntilSettled(instanceId: string): Promise<WorkflowInstance> {
    return this.#core.wait(instanceId, "settled", show);
  }

  /**
   * Continues what an engine that is gone left unfinished in the store; gives how many instances.
   */
  recover(): Promise<number> {
    return this.#core.recover();
  }

  // ------------------------------------------------------------------------------------ reading

  /** Whether this process has commands to decide, or writes what was decided. */
  get isBusy(): boolean {
    return this.#core.isBusy;
  }

  /** How much this process has to do at the moment. */
  get load(): WorkerLoad {
    return this.#core.load;
  }

  /** @throws UnknownInstanceError */
  async getInstance(instanceId: string): Promise<WorkflowInstance> {
    return this.#core.read(instanceId, show);
  }

  /** How much there is of everything, and how old it is. */
  async statistics(): Promise<Statistics> {
    return gatherStatistics(this.#core, this.#store, Math.floor(this.#clock.now()));
  }

  /**
   * Calls the listener with what changes from now on, when it is durable, whichever process changes
   * it. A listener that is slow hears of the latest state of each instance and task. Gives a
   * function that ends it.
   *
   * @throws InvalidArgumentError, EngineClosedError
   */
  watch(filter: WatchFilter, listener: WatchListener): () => void {
    this.#core.startInBackground();
    return this.#core.watchers.watch(filter, listener);
  }

  // -------------------------------------------------------------------- what people and systems do

  /**
   * Completes a task with the data of its form. This and the calls below resolve when what they set
   * going has ended or waits; what was running before is not waited for.
   *
   * @throws InvalidFormDataError naming each field, NotAllowedError, TaskGoneError,
   * UnknownTaskError,
   *   AmbiguousTaskError, InstanceEndedError.
   */
  async completeHumanTask(options: CompleteTaskOptions): Promise<WorkflowInstance> {
    const actor = actorOf(options);
    const { runtime, checked } = await this.#core.read(instanceOf(options), (runtime) => ({
      runtime,
      checked: completion(runtime, options, actor),
    }));
    try {
      return await this.#act(runtime, await checked);
    } catch (error) {
      if (error instanceof VersionChanged) return this.completeHumanTask(options);
      throw error;
    }
  }

  /**
   * Sends a named signal; if no step waits for it, it is kept until one does.
   *
   * @throws InstanceEndedError, NotJsonError, UnknownInstanceError.
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
    const { name, id } = options;
    checkTexts({ name, id });
    const actor = actorOf(options);
    const runtime = await this.#core.find(options.instanceId);
    const data = toJson(options.data ?? null, `The data of signal "${options.name}"`);
    return this.#act(runtime, { type: "SignalArrived", name, data, id, actor });
  }

  /** The one-time token of a webhook step that runs or waits. */
  async webhookToken(options: {
    readonly instanceId: string;
    readonly stepName: string;
  }): Promise<string> {
    const { instanceId, stepName } = options;
    const see = (runtime: InstanceRuntime) => tokenOf(runtime, stepName, this.#core.tokens);
    return this.#core.read(instanceId, see);
  }

  /**
   * Delivers what an outside system answers to a webhook step.
   *
   * @throws InvalidTokenError, TokenUsedError, InstanceEndedError, NotJsonError.
   */
  async completeWebhook(token: string, payload: unknown = null): Promise<WorkflowInstance> {
    await this.#core.start();
    const { instanceId, executionId } = this.#core.tokens.read(token);
    const runtime = await this.#core.tryFind(instanceId);
    if (runtime === undefined) {
      throw new InvalidTokenError("The instance that the webhook token is for does not exist.");
    }
    const json = toJson(payload, "The payload of the webhook");
    return this.#act(runtime, { type: "WebhookArrived", executionId, payload: json });
  }

  /** Adds an item to a map that runs. Throws MapClosedError if none of this path does. */
  async addItem(
    options: {
      readonly instanceId: string;
      readonly stepName: string;
      readonly item: unknown;
    } & ActorOptions,
  ): Promise<WorkflowInstance> {
    const actor = actorOf(options);
    const runtime = await this.#core.find(options.instanceId);
    const item = toJson(options.item, `An item for "${options.stepName}"`);
    return this.#act(runtime, { type: "ItemAdded", path: options.stepName, item, actor });
  }

  /**
   * Ends a map early: what has not ended is cancelled, and the map ends with what succeeded. A map
   * whose `required` number is not reached fails.
   */
  async closeMap(
    options: {
      readonly instanceId: string;
      readonly stepName: string;
    } & ActorOptions,
  ): Promise<WorkflowInstance> {
    const actor = actorOf(options);
    const runtime = await this.#core.find(options.instanceId);
    return this.#act(runtime, { type: "MapClosed", path: options.stepName, actor });
  }

  // ---------------------------------------------------------------------------- what operators do

  /** Stops what runs, withdraws tasks and timers, and ends the instance as cancelled. */
  async cancelWorkflow(
    instanceId: string,
    options: { readonly reason?: string } & ActorOptions = {},
  ): Promise<WorkflowInstance> {
    const { reason } = options;
    const actor = actorOf(options);
    checkTexts({ reason });
    return this.#act(await this.#core.find(instanceId), { type: "Cancel", reason, actor });
  }

  /** Lets running steps end and starts nothing new. */
  async pauseWorkflow(instanceId: string, by: ActorOptions = {}): Promise<WorkflowInstance> {
    const actor = actorOf(by);
    return this.#act(await this.#core.find(instanceId), { type: "Pause", actor });
  }

  /** Goes on with a paused instance; timers that came due meanwhile fire now. */
  async resumeWorkflow(instanceId: string, by: ActorOptions = {}): Promise<WorkflowInstance> {
    const actor = actorOf(by);
    return this.#act(await this.#core.find(instanceId), { type: "Resume", actor });
  }

  /** Continues a failed instance at what failed, or from a named step; completed work stays. */
  async retryWorkflow(
    instanceId: string,
    options: { readonly from?: string } & ActorOptions = {},
  ): Promise<WorkflowInstance> {
    const { from } = options;
    const actor = actorOf(options);
    return this.#act(await this.#core.find(instanceId), { type: "Retry", from, actor });
  }

  /**
   * Cancels one step or group: its running work, tasks and timers, and arrivals that wait for it.
   */
  async cancelStep(
    options: {
      readonly instanceId: string;
      readonly stepName: string;
    } & ActorOptions,
  ): Promise<WorkflowInstance> {
    const actor = actorOf(options);
    const runtime = await this.#core.find(options.instanceId);
    return this.#act(runtime, { type: "CancelStep", path: options.stepName, actor });
  }

  /**
   * Moves an instance of which nothing runs (it waits, is paused or has failed) to another version
   * of its workflow, where it goes on as it stands. With `dryRun`, it only says what that would do.
   *
   * @throws UpgradeRefusedError with every reason, UnknownWorkflowError, DefinitionChangedError,
   *   InstanceEndedError, UnknownInstanceError, InvalidArgumentError.
   */
  upgradeInstance(options: UpgradeOptions): Promise<UpgradePlan> {
    return this.#upgrades.upgrade(this.#core, options);
  }

  /** Stops: aborts what runs (it runs again after `recover`), and refuses further calls. */
  async close(): Promise<void> {
    await this.#core.close();
    await this.#store.close();
  }

  // ------------------------------------------------------------------------------------------

  async #act(found: InstanceRuntime, command: Command): Promise<WorkflowInstance> {
    return this.#core.act(found, command, show);
  }

  #started<Data>(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, Data>,
    options: StartOptions<Data>,
    until: "stored" | "settled",
  ): Promise<WorkflowInstance> {
    if (this.#telemetry === undefined) return this.#startNow(workflow, options, until);
    const name = typeof workflow === "string" ? workflow : workflow.name;
    return this.#telemetry.start(name, (traceparent) =>
      this.#startNow(workflow, { ...options, traceparent }, until),
    );
  }

  async #startNow<Data>(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, Data>,
    options: TracedStart<Data>,
    until: "stored" | "settled",
  ): Promise<WorkflowInstance> {
    const ready = this.#core.start();
    if (ready instanceof Promise) await ready;
    const begun = this.#begin(workflow, options);
    const runtime = begun instanceof InstanceRuntime ? begun : await begun;
    try {
      return await waitUntil(runtime, until, show);
    } catch (error) {
      // Another process started it at the same moment.
      if (error instanceof StartRefused) return this.#startNow(workflow, options, until);
      throw error;
    }
  }

  /** Gives the new instance, or the one that has the id or key already. */
  #begin<Data>(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, Data>,
    options: TracedStart<Data>,
  ): InstanceRuntime | Promise<InstanceRuntime> {
    const definition =
      typeof workflow === "string"
        ? this.#registry.getDefinition(workflow, options.version)
        : this.#registered(workflow);
    const graph = this.#definitions.graphFor(definition);
    const checked = this.#definitions.shapes.check(graph);
    if (checked instanceof Promise) return checked.then(() => this.#begin(definition, options));
    const { instanceId, idempotencyKey, user, tenant, businessKey, through } = options;
    const isTold = user !== undefined || tenant !== undefined || businessKey !== undefined;
    if (isTold || through !== undefined) checkTexts({ user, tenant, businessKey, through });
    if (
      definition.inputSchema === undefined &&
      instanceId === undefined &&
      idempotencyKey === undefined
    ) {
      const data = options.initialData;
      return this.#create(
        graph,
        data === undefined ? noData : inputObject(definition, data),
        options,
      );
    }
    return this.#beginChecked(graph, definition, options);
  }

  async #beginChecked(
    graph: WorkflowGraph,
    definition: AnyDefinition,
    options: TracedStart,
  ): Promise<InstanceRuntime> {
    const initialData = await validInput(definition, options.initialData ?? {});
    // While the store was asked, another call may have started it.
    const existing = (await this.#existing(options)) ?? this.#core.starting(options);
    if (existing !== undefined) return checkSame(existing, definition, initialData);
    return this.#create(graph, initialData, options);
  }

  #create(
    graph: WorkflowGraph,
    initialData: Readonly<Record<string, unknown>>,
    options: TracedStart,
  ): InstanceRuntime {
    const given = { id: options.instanceId ?? this.#createId(), now: this.#clock.now() };
    const state = newInstance(graph, initialData, options, given);
    const runtime = new InstanceRuntime(graph, state, 0);
    this.#core.begin(runtime, undefined, startBy(options));
    return runtime;
  }

  #registered<Data>(definition: WorkflowDefinition<AnyDefinition["steps"], Data>): AnyDefinition {
    this.#registry.registerDefinition(definition);
    return definition;
  }

  async #existing(
    options: Pick<StartOptions, "instanceId" | "idempotencyKey">,
  ): Promise<InstanceRuntime | undefined> {
    return findExisting(
      options,
      (key) => this.#store.findByIdempotencyKey(key),
      (instanceId) => this.#core.tryFind(instanceId),
    );
  }
}

/** The instance as it is now. */
function show({ state }: InstanceRuntime): WorkflowInstance {
  return new WorkflowInstance(state);
}
