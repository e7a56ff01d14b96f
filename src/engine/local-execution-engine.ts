import type { AnyData } from "../definition/context.ts";
import { compileForm } from "../definition/form.ts";
import type { BaseHumanStep } from "../definition/human-step.ts";
import type { WorkflowRegistry } from "../definition/registry.ts";
import type { AnyDefinition, WorkflowDefinition } from "../definition/workflow-definition.ts";
import {
  InstanceExistsError,
  InvalidArgumentError,
  InvalidFormDataError,
  InvalidTokenError,
  UnknownLimitError,
} from "../errors.ts";
import { compileDefinition } from "../graph/compile.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import { type Actor, type Command, createInstance } from "../machine/index.ts";
import { refuseTask } from "../machine/permission.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import type { Store } from "../store/store.ts";
import { checkTags, checkTexts } from "../text.ts";
import { attachBackground } from "./attach-background.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DecisionLinks } from "./decision-links.ts";
import { EngineCore } from "./engine-core.ts";
import type { EngineOptions, StartOptions, TracedStart } from "./engine-options.ts";
import { checkSame, inputObject, noData, validInput } from "./initial-data.ts";
import { InstanceDirectory } from "./instance-directory.ts";
import { InstanceRuntime } from "./instance-runtime.ts";
import { Limiter } from "./limiter.ts";
import { errorOfRejection, StartRefused } from "./rejections.ts";
import type { Schedules } from "./schedules.ts";
import { gatherStatistics, type Statistics } from "./statistics.ts";
import { TaskInbox } from "./task-inbox.ts";
import {
  type CompleteTaskOptions,
  findTask,
  type ListTasksOptions,
  showTask,
  taskQuery,
} from "./tasks.ts";
import { Telemetry } from "./telemetry.ts";
import { timeOrderedId } from "./time-ordered-id.ts";
import { waitUntil } from "./waiters.ts";
import type { WatchFilter, WatchListener } from "./watcher.ts";
import { tokenOf } from "./webhook-token.ts";
import { type HumanTask, WorkflowInstance } from "./workflow-instance.ts";

/** Runs workflows in this process. */
export class LocalExecutionEngine {
  readonly tasks: TaskInbox;
  /** Tokens with which people decide without signing in. */
  readonly decisionLinks: DecisionLinks;
  readonly #registry: WorkflowRegistry;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #createId: () => string;
  readonly #core: EngineCore;
  readonly #checked = new WeakSet<WorkflowGraph>();
  readonly #limiters: ReadonlyMap<string, Limiter>;
  readonly #telemetry = Telemetry.find();
  /** Finds instances, tells what was done to them, and does one thing to many of them. */
  readonly instances: InstanceDirectory;
  /** The cron schedules that start instances. */
  readonly schedules: Schedules;

  /**
   * @throws InvalidOptionError if a time of `retention`, a limit, `pollIntervalMs` or `leaseMs` is no whole number of at
   * least 1, or the lease is shorter than three intervals.
   */
  constructor(registry: WorkflowRegistry, options: EngineOptions = {}) {
    this.#registry = registry;
    this.#store = options.store ?? new MemoryStore();
    this.#clock = options.clock ?? systemClock;
    this.#createId = options.createId ?? (() => timeOrderedId(this.#clock.now()));
    this.#limiters = new Map(
      Object.entries(options.limits ?? {}).map(([name, limit]) => [
        name,
        new Limiter(name, limit, this.#clock),
      ]),
    );
    this.#core = new EngineCore({
      store: this.#store,
      clock: this.#clock,
      logger: options.logger ?? console,
      limiters: this.#limiters,
      secret: options.secret,
      createId: this.#createId,
      random: options.random ?? Math.random,
      pollIntervalMs: options.pollIntervalMs ?? 1000,
      leaseMs: options.leaseMs ?? 8000,
      graphOf: (workflow, version) => this.#graphOf(registry.getDefinition(workflow, version)),
      telemetry: this.#telemetry,
    });
    const now = () => Math.floor(this.#clock.now());
    const host = { core: this.#core, store: this.#store, registry, clock: this.#clock, now };
    this.instances = new InstanceDirectory(this.#core, this.#store, now);
    this.schedules = attachBackground(host, this, options, this.#telemetry);
    this.tasks = new TaskInbox(this.#core, this.#store);
    this.decisionLinks = new DecisionLinks(this.#core, this.#store, now);
  }

  /** The definitions that it knows. */
  get registry(): WorkflowRegistry {
    return this.#registry;
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

  /** @throws UnknownInstanceError */
  async getInstance(instanceId: string): Promise<WorkflowInstance> {
    return this.#core.read(instanceId, show);
  }

  /** Open tasks, oldest first: all, or those that this user, or these groups, may complete. */
  async listTasks(query: ListTasksOptions = {}): Promise<HumanTask[]> {
    this.#core.refuseIfClosed();
    const tasks = await this.#store.listTasks(taskQuery(query));
    return tasks.map(({ instanceId, workflow, task }) => showTask(task, instanceId, workflow));
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
   * @throws InvalidArgumentError
   */
  watch(filter: WatchFilter, listener: WatchListener): () => void {
    const stop = this.#core.watchers.watch(filter, listener);
    this.#core.startInBackground();
    return stop;
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
    const { instanceId, userId: user, groups, admin, data = {} } = options;
    const actor: Actor = { user, groups, admin };
    const { runtime, task, step } = await this.#core.read(instanceId, (runtime) => {
      const task = findTask(runtime, options);
      const refusal = refuseTask(task, task.id, actor);
      if (refusal !== undefined) throw errorOfRejection(refusal);
      const { source } = runtime.state.node(runtime.state.execution(task.executionId));
      return { runtime, task, step: source as BaseHumanStep };
    });
    const validated = await compileForm(step.formSchema).validate(data);
    if (!validated.ok) {
      const list = validated.fields.map(({ field, message }) => `${field || "data"}: ${message}`);
      throw new InvalidFormDataError(
        `The data for task "${task.path}" does not fit its form: ${list.join("; ")}.`,
        validated.fields,
      );
    }
    const { id: taskId } = task;
    return this.#act(runtime, { type: "TaskCompleted", taskId, data: validated.data, actor });
  }

  /**
   * Sends a named signal; if no step waits for it, it is kept until one does.
   *
   * @throws InstanceEndedError, NotJsonError, UnknownInstanceError.
   */
  async signal(options: {
    readonly instanceId: string;
    readonly name: string;
    readonly data?: unknown;
    /** A repeated signal with the same id counts once. */
    readonly id?: string;
  }): Promise<WorkflowInstance> {
    checkTexts({ name: options.name, id: options.id });
    const runtime = await this.#core.find(options.instanceId);
    const data = toJson(options.data ?? null, `The data of signal "${options.name}"`);
    return this.#act(runtime, { type: "SignalArrived", name: options.name, data, id: options.id });
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
  async addItem(options: {
    readonly instanceId: string;
    readonly stepName: string;
    readonly item: unknown;
  }): Promise<WorkflowInstance> {
    const runtime = await this.#core.find(options.instanceId);
    const item = toJson(options.item, `An item for "${options.stepName}"`);
    return this.#act(runtime, { type: "ItemAdded", path: options.stepName, item });
  }

  /**
   * Ends a map early: what has not ended is cancelled, and the map ends with what succeeded. A map
   * whose `required` number is not reached fails.
   */
  async closeMap(options: {
    readonly instanceId: string;
    readonly stepName: string;
  }): Promise<WorkflowInstance> {
    const runtime = await this.#core.find(options.instanceId);
    return this.#act(runtime, { type: "MapClosed", path: options.stepName });
  }

  // ---------------------------------------------------------------------------- what operators do

  /** Stops what runs, withdraws tasks and timers, and ends the instance as cancelled. */
  async cancelWorkflow(
    instanceId: string,
    options: { readonly reason?: string; readonly userId?: string } = {},
  ): Promise<WorkflowInstance> {
    const actor: Actor = { user: options.userId };
    checkTexts({ reason: options.reason });
    return this.#act(await this.#core.find(instanceId), {
      type: "Cancel",
      reason: options.reason,
      actor,
    });
  }

  /** Lets running steps end and starts nothing new. */
  async pauseWorkflow(instanceId: string, by: { userId?: string } = {}): Promise<WorkflowInstance> {
    const runtime = await this.#core.find(instanceId);
    return this.#act(runtime, { type: "Pause", actor: { user: by.userId } });
  }

  /** Goes on with a paused instance; timers that came due meanwhile fire now. */
  async resumeWorkflow(
    instanceId: string,
    by: { userId?: string } = {},
  ): Promise<WorkflowInstance> {
    const runtime = await this.#core.find(instanceId);
    return this.#act(runtime, { type: "Resume", actor: { user: by.userId } });
  }

  /** Continues a failed instance at what failed, or from a named step; completed work stays. */
  async retryWorkflow(
    instanceId: string,
    options: { readonly from?: string; readonly userId?: string } = {},
  ): Promise<WorkflowInstance> {
    const runtime = await this.#core.find(instanceId);
    return this.#act(runtime, {
      type: "Retry",
      from: options.from,
      actor: { user: options.userId },
    });
  }

  /**
   * Cancels one step or group: its running work, tasks and timers, and arrivals that wait for it.
   */
  async cancelStep(options: {
    readonly instanceId: string;
    readonly stepName: string;
    readonly userId?: string;
  }): Promise<WorkflowInstance> {
    const runtime = await this.#core.find(options.instanceId);
    const actor: Actor = { user: options.userId };
    return this.#act(runtime, { type: "CancelStep", path: options.stepName, actor });
  }

  /** Stops: aborts what runs (it runs again after `recover`), and refuses further calls. */
  async close(): Promise<void> {
    await this.#core.close();
    await this.#store.close();
  }

  // ------------------------------------------------------------------------------------------

  async #act(found: InstanceRuntime, command: Command): Promise<WorkflowInstance> {
    if ("actor" in command) checkTexts({ userId: command.actor.user });
    return this.#core.act(found, command, show);
  }

  async #started<Data>(
    // biome-ignore lint/suspicious/noExplicitAny: steps of any kind
    workflow: string | WorkflowDefinition<any, Data>,
    options: StartOptions<Data>,
    until: "stored" | "settled",
  ): Promise<WorkflowInstance> {
    const start = (traceparent?: string) =>
      this.#startNow(workflow, { ...options, traceparent }, until);
    if (this.#telemetry === undefined) return this.#startNow(workflow, options, until);
    return this.#telemetry.start(typeof workflow === "string" ? workflow : workflow.name, start);
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
    const graph = this.#graphOf(definition);
    const { instanceId, idempotencyKey, user, tenant, businessKey } = options;
    if (user !== undefined || tenant !== undefined || businessKey !== undefined) {
      checkTexts({ user, tenant, businessKey });
    }
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
    const state = createInstance(graph, {
      id: options.instanceId ?? this.#createId(),
      initialData,
      now: this.#clock.now(),
      user: options.user,
      tenant: options.tenant,
      idempotencyKey: options.idempotencyKey,
      businessKey: options.businessKey,
      tags: options.tags && checkTags(options.tags),
      traceparent: options.traceparent,
    });
    const runtime = new InstanceRuntime(graph, state, 0);
    this.#core.begin(runtime);
    return runtime;
  }

  #registered<Data>(definition: WorkflowDefinition<AnyDefinition["steps"], Data>): AnyDefinition {
    this.#registry.registerDefinition(definition);
    return definition;
  }

  async #existing(
    options: Pick<StartOptions, "instanceId" | "idempotencyKey">,
  ): Promise<InstanceRuntime | undefined> {
    for (const option of ["instanceId", "idempotencyKey"] as const) {
      const value = options[option];
      if (value !== undefined && (typeof value !== "string" || value === "")) {
        const found = JSON.stringify(value);
        throw new InvalidArgumentError(`${option} must be a non-empty string; found ${found}.`);
      }
    }
    const { instanceId, idempotencyKey } = options;
    checkTexts({ instanceId, idempotencyKey });
    if (idempotencyKey !== undefined) {
      const known = await this.#store.findByIdempotencyKey(idempotencyKey);
      if (known !== undefined && instanceId !== undefined && known !== instanceId) {
        throw new InstanceExistsError(
          `The idempotency key "${idempotencyKey}" belongs to instance "${known}", ` +
            `not to "${instanceId}".`,
        );
      }
      if (known !== undefined) return this.#core.tryFind(known);
    }
    return instanceId === undefined ? undefined : this.#core.tryFind(instanceId);
  }

  #graphOf(definition: AnyDefinition): WorkflowGraph {
    const graph = compileDefinition(definition);
    if (this.#checked.has(graph)) return graph;
    for (const { path, limit } of graph.nodes) {
      if (limit !== undefined && !this.#limiters.has(limit)) {
        throw new UnknownLimitError(
          `"${path}" of workflow "${definition.name}" names the limit "${limit}"; ` +
            `define it in the engine's options: limits: { ${limit}: { concurrent: 5 } }.`,
        );
      }
    }
    this.#checked.add(graph);
    return graph;
  }
}

/** The instance as it is now. */
function show({ state }: InstanceRuntime): WorkflowInstance {
  return new WorkflowInstance(state);
}
