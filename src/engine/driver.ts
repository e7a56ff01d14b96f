import type { Logger } from "../definition/context.ts";
import { EngineClosedError, StepNotActiveError, UnknownInstanceError } from "../errors.ts";
import { unboundStep } from "../graph/compile.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { ContextView } from "../machine/context-view.ts";
import {
  type Command,
  decide,
  type Effect,
  type ExecutionRecord,
  isLive,
  type MachineEvent,
  restore,
} from "../machine/index.ts";
import type { Change, Store } from "../store/store.ts";
import { ChildInstances } from "./children.ts";
import type { Clock } from "./clock.ts";
import { InstanceRuntime, type Waiter } from "./instance-runtime.ts";
import { InstanceTimers } from "./instance-timers.ts";
import type { Limiter } from "./limiter.ts";
import { errorOfRejection } from "./rejections.ts";
import { StepRunner } from "./step-runner.ts";
import { WebhookTokens } from "./webhook-token.ts";

export interface DriverOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limiters: ReadonlyMap<string, Limiter>;
  readonly secret: string;
  readonly graphOf: (workflow: string, version: string | undefined) => WorkflowGraph;
}

/** A command on its way, and who wants to know what became of it. */
interface Request {
  readonly runtime: InstanceRuntime;
  readonly command: Command;
  readonly done: ((error?: unknown) => void) | undefined;
}

interface Decided {
  readonly request: Request;
  readonly events: readonly MachineEvent[];
  readonly effects: readonly Effect[];
}

/** After so many commands without a pause, timers and I/O of the application get their turn. */
const commandsPerTurn = 10_000;

/**
 * Decides, commits, and then acts.
 *
 * D1. Commands that arrive together are decided in order and committed in one transaction.
 * D2. Effects are performed, and callers answered, only after the commit.
 * D3. While a commit is on its way, further commands gather for the next.
 * D4. If a commit fails, the instances in it are forgotten and loaded anew when they are needed.
 */
export class Driver {
  readonly tokens: WebhookTokens;
  readonly #options: DriverOptions;
  readonly #runner: StepRunner;
  readonly #timers: InstanceTimers;
  readonly #children: ChildInstances;
  readonly #runtimes = new Map<string, InstanceRuntime>();
  readonly #loading = new Map<string, Promise<InstanceRuntime | undefined>>();
  readonly #keys = new Map<string, string>();
  #queue: Request[] = [];
  #isScheduled = false;
  #isCommitting = false;
  #sinceTurn = 0;
  #isClosed = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.tokens = new WebhookTokens(options.secret);
    this.#timers = new InstanceTimers(options.clock, (runtime, timerId) =>
      this.#send(runtime, { type: "TimerFired", timerId }),
    );
    this.#children = new ChildInstances({
      clock: options.clock,
      graphOf: options.graphOf,
      find: (instanceId) => this.tryFind(instanceId),
      known: (instanceId) => this.#runtimes.get(instanceId),
      begin: (runtime) => this.start(runtime),
      keep: (runtime) => this.#runtimes.set(runtime.id, runtime),
      send: (runtime, command, done) => this.#send(runtime, command, done),
    });
    this.#runner = new StepRunner({
      clock: options.clock,
      logger: options.logger,
      limiters: options.limiters,
      send: (runtime, command) => this.#send(runtime, command),
      resume: (runtime, execution) => void this.#continueExecution(runtime, execution),
      tokenFor: (instanceId, executionId) => this.tokens.issue(instanceId, executionId),
    });
  }

  // ----------------------------------------------------------------------------------- instances

  start(runtime: InstanceRuntime): void {
    this.refuseIfClosed();
    this.#runtimes.set(runtime.id, runtime);
    const { idempotencyKey } = runtime.state.instance;
    if (idempotencyKey !== undefined) this.#keys.set(idempotencyKey, runtime.id);
    this.#send(runtime, { type: "Start" });
  }

  /** The instance with this id or key, if this process has it in memory. */
  peek(given: { instanceId?: string; idempotencyKey?: string }): InstanceRuntime | undefined {
    const id = given.instanceId ?? this.#keys.get(given.idempotencyKey ?? "");
    return id === undefined ? undefined : this.#runtimes.get(id);
  }

  /** @throws UnknownInstanceError */
  async find(instanceId: string): Promise<InstanceRuntime> {
    const runtime = this.#runtimes.get(instanceId) ?? (await this.tryFind(instanceId));
    if (runtime !== undefined) return runtime;
    throw new UnknownInstanceError(`There is no instance "${instanceId}".`);
  }

  async tryFind(instanceId: string): Promise<InstanceRuntime | undefined> {
    this.refuseIfClosed();
    const known = this.#runtimes.get(instanceId);
    if (known !== undefined) return known;
    let loading = this.#loading.get(instanceId);
    if (loading === undefined) {
      loading = this.#load(instanceId).finally(() => this.#loading.delete(instanceId));
      this.#loading.set(instanceId, loading);
    }
    return loading;
  }

  async #load(instanceId: string): Promise<InstanceRuntime | undefined> {
    const stored = await this.#options.store.load(instanceId);
    if (stored === undefined) return undefined;
    const { workflow, version } = stored.rows.instance;
    const graph = this.#options.graphOf(workflow, version);
    const runtime = new InstanceRuntime(graph, restore(graph, stored.rows), stored.version);
    runtime.isStored = true;
    if (runtime.isEnded) return runtime;
    this.#runtimes.set(instanceId, runtime);
    await this.#continue(runtime);
    return runtime;
  }

  /** What an engine that is gone had going, goes on. */
  async #continue(runtime: InstanceRuntime): Promise<void> {
    const { state } = runtime;
    const { parent } = state.instance;
    if (parent !== undefined && (await this.#isOver(parent))) {
      this.#send(runtime, { type: "Cancel", reason: "the parent instance has ended", actor: {} });
      return;
    }
    for (const timer of state.timers?.values() ?? []) this.#timers.arm(runtime, timer);
    const known = state.executions.filter(
      (execution) => isLive(execution.status) && state.node(execution).source !== unboundStep,
    );
    // A body that runs again, and binds its members, continues them itself.
    for (const execution of known) await this.#continueExecution(runtime, execution);
  }

  /** Whether nothing waits for a child any more. */
  async #isOver(parent: { instanceId: string; executionId: number }): Promise<boolean> {
    const rows = (await this.#options.store.load(parent.instanceId))?.rows;
    const waiting = rows?.executions.find(({ id }) => id === parent.executionId);
    return waiting === undefined || !isLive(waiting.status);
  }

  async #continueExecution(runtime: InstanceRuntime, execution: ExecutionRecord): Promise<void> {
    const { kind } = runtime.state.node(execution);
    if (execution.status === "running" || kind === "custom") {
      this.#send(runtime, { type: "StepInterrupted", executionId: execution.id });
    } else if (kind === "subworkflow" && execution.status === "waiting") {
      await this.#children.continue(runtime, execution);
    }
  }

  /** Loads every instance that has not ended and goes on with it. */
  async recover(): Promise<number> {
    this.refuseIfClosed();
    const ids = await this.#options.store.listUnfinished();
    for (const id of ids) await this.tryFind(id);
    return ids.length;
  }

  /** Resolves when the start is durable. */
  whenStored(runtime: InstanceRuntime): Promise<InstanceRuntime> {
    if (runtime.isStored) return Promise.resolve(runtime);
    return new Promise((resolve, reject) => runtime.storeWaiters.push({ resolve, reject }));
  }

  whenSettled(runtime: InstanceRuntime): Promise<InstanceRuntime> {
    if (runtime.isSettled) return Promise.resolve(runtime);
    return new Promise((resolve, reject) => runtime.settleWaiters.push({ resolve, reject }));
  }

  /**
   * Resolves when what the command set going has ended or waits. What was busy before is not waited
   * for, so a step may act on its own instance.
   */
  async act(found: InstanceRuntime, command: Command): Promise<InstanceRuntime> {
    const others = found.busyExecutions();
    const runtime = await this.request(found, command);
    for (const id of others) if (!isBusy(runtime, id)) others.delete(id);
    if (runtime.isSettledBut(others.size)) return runtime;
    return new Promise((resolve, reject) => {
      runtime.settleWaiters.push({ resolve, reject, others });
    });
  }

  whenEnded(runtime: InstanceRuntime): Promise<InstanceRuntime> {
    if (runtime.isEnded) return Promise.resolve(runtime);
    return new Promise((resolve, reject) => runtime.endWaiters.push({ resolve, reject }));
  }

  /** @throws StepNotActiveError */
  tokenOf(runtime: InstanceRuntime, path: string): string {
    const { state } = runtime;
    const execution = state.executions.findLast(
      (each) => each.path === path && isLive(each.status) && state.node(each).kind === "webhook",
    );
    if (execution !== undefined) return this.tokens.issue(runtime.id, execution.id);
    throw new StepNotActiveError(`No webhook step "${path}" of instance "${runtime.id}" waits.`);
  }

  close(): void {
    this.#isClosed = true;
    this.#timers.clear();
    const closed = new EngineClosedError("The engine was closed.");
    for (const runtime of [...this.#runtimes.values()]) this.#forget(runtime, closed);
    for (const { done } of this.#queue) done?.(closed);
    this.#queue = [];
  }

  /** @throws EngineClosedError */
  refuseIfClosed(): void {
    if (this.#isClosed) throw new EngineClosedError("The engine was closed; make a new one.");
  }

  // ----------------------------------------------------------------------- deciding and committing

  /** Resolves when the command is durable; rejects with the error that its rejection means. */
  request(found: InstanceRuntime, command: Command): Promise<InstanceRuntime> {
    this.refuseIfClosed();
    // An ended instance is loaded by everybody who asks; whoever acts on it first keeps it.
    const runtime = this.#runtimes.get(found.id) ?? found;
    this.#runtimes.set(runtime.id, runtime);
    return new Promise((resolve, reject) => {
      const done = (error?: unknown) => (error === undefined ? resolve(runtime) : reject(error));
      this.#queue.push({ runtime, command, done });
      this.#schedule();
    });
  }

  #send(runtime: InstanceRuntime, command: Command, done?: () => void): void {
    if (this.#isClosed) return;
    this.#queue.push({ runtime, command, done });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isCommitting) return;
    this.#isScheduled = true;
    if (this.#sinceTurn < commandsPerTurn) {
      queueMicrotask(this.#flush);
    } else {
      this.#sinceTurn = 0;
      setImmediate(this.#flush);
    }
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    const batch = this.#queue;
    this.#queue = [];
    this.#sinceTurn += batch.length;
    const decided: Decided[] = [];
    const changes: Change[] = [];
    const now = this.#options.clock.now();
    for (const request of batch) {
      const { runtime, command, done } = request;
      const decision = decide(runtime.graph, runtime.state, command, now);
      if (!decision.ok) {
        done?.(errorOfRejection(decision.rejection));
        if (runtime.isEnded) this.#runtimes.delete(runtime.id);
        continue;
      }
      const { events, effects } = decision;
      decided.push({ request, events, effects });
      if (events.length > 0) collectChange(changes, runtime, events);
    }
    for (const { request } of decided) request.runtime.change = undefined;
    this.#commit(changes, decided);
  };

  #commit(changes: readonly Change[], decided: readonly Decided[]): void {
    let committed: void | Promise<void>;
    try {
      committed = changes.length === 0 ? undefined : this.#options.store.commit(changes);
    } catch (error) {
      this.#lose(decided, error);
      return;
    }
    if (committed === undefined) {
      this.#perform(decided);
      return;
    }
    this.#isCommitting = true;
    committed.then(
      () => {
        this.#isCommitting = false;
        this.#perform(decided);
        if (this.#queue.length > 0) this.#schedule();
      },
      (error) => {
        this.#isCommitting = false;
        this.#lose(decided, error);
        if (this.#queue.length > 0) this.#schedule();
      },
    );
  }

  #lose(decided: readonly Decided[], error: unknown): void {
    this.#options.logger.error("A commit failed; its instances are loaded anew", { error });
    for (const { request } of decided) {
      this.#forget(request.runtime, error);
      request.done?.(error);
    }
  }

  #forget(runtime: InstanceRuntime, error: unknown): void {
    if (this.#runtimes.get(runtime.id) === runtime) this.#runtimes.delete(runtime.id);
    this.#timers.disarmAll(runtime);
    for (const id of [...runtime.running.keys()]) this.#runner.abort(runtime, id);
    for (const waiter of takeWaiters(runtime)) waiter.reject(error);
  }

  // ------------------------------------------------------------------------------------- acting

  #perform(decided: readonly Decided[]): void {
    for (const { request, events, effects } of decided) {
      const { runtime } = request;
      for (const event of events) this.#announce(runtime, event);
      const isRetry = request.command.type === "Retry";
      for (const effect of effects) this.#performEffect(runtime, effect, isRetry);
      if (!runtime.isStored) markStored(runtime);
      request.done?.();
      this.#answerWaiters(runtime);
    }
  }

  #announce(runtime: InstanceRuntime, event: MachineEvent): void {
    switch (event.type) {
      case "StepSucceeded":
      case "StepFailed":
      case "StepSkipped":
      case "StepCanceled":
        this.#announceEnd(runtime, event.execution);
        break;
      case "TimerSet":
        this.#timers.arm(runtime, event.timer);
        break;
      case "TimerCleared":
        this.#timers.disarm(runtime, event.timer.id);
        break;
      case "InstanceResumed":
        for (const timer of runtime.state.timers?.values() ?? []) this.#timers.arm(runtime, timer);
        break;
      case "InstanceCompleted":
      case "InstanceFailed":
      case "InstanceCanceled":
        this.#endInstance(runtime);
        break;
      default:
    }
  }

  #announceEnd(runtime: InstanceRuntime, execution: ExecutionRecord): void {
    for (const { others } of runtime.settleWaiters) others?.delete(execution.id);
    if (execution.parent !== 0 && runtime.bodies !== undefined) {
      runtime.bodies.get(execution.parent)?.memberEnded(execution);
    }
    if (execution.compensates !== 0) return;
    const { source, isObserved } = runtime.state.node(execution);
    if (!isObserved) return;
    const { status, result, error } = execution;
    if (status === "succeeded" && source.onSuccess !== undefined) {
      this.#callHook(runtime, execution, (view) => source.onSuccess?.(view, result));
    } else if (status === "failed" && error !== undefined && source.onFailure !== undefined) {
      this.#callHook(runtime, execution, (view) => source.onFailure?.(view, error));
    }
  }

  /** Hooks only look on: what they throw is logged. */
  #callHook(
    runtime: InstanceRuntime,
    execution: ExecutionRecord,
    hook: (view: ContextView) => unknown,
  ): void {
    const report = (error: unknown) =>
      this.#options.logger.error(`A hook of "${execution.path}" threw`, { error });
    try {
      const returned = hook(new ContextView(runtime.graph, runtime.state, execution));
      if (returned instanceof Promise) returned.catch(report);
    } catch (error) {
      report(error);
    }
  }

  #performEffect(runtime: InstanceRuntime, effect: Effect, isRetry: boolean): void {
    switch (effect.type) {
      case "RunStep":
        this.#runner.run(runtime, effect);
        break;
      case "AbortStep":
        this.#runner.abort(runtime, effect.executionId);
        break;
      case "StartChild":
        this.#children.start(runtime, effect.execution, effect.input, isRetry);
        break;
      case "CancelChild":
        this.#children.cancel(runtime, effect.executionId, effect.reason);
        break;
      case "PauseChildren":
        for (const child of runtime.children ?? []) this.#send(child, { type: "Pause", actor: {} });
        break;
      default:
        for (const child of runtime.children ?? [])
          this.#send(child, { type: "Resume", actor: {} });
    }
  }

  #endInstance(runtime: InstanceRuntime): void {
    this.#timers.disarmAll(runtime);
    const { instance } = runtime.state;
    if (instance.idempotencyKey !== undefined) this.#keys.delete(instance.idempotencyKey);
    this.#runtimes.delete(runtime.id);
    if (instance.parent !== undefined) this.#children.report(runtime, instance.parent);
  }

  #answerWaiters(runtime: InstanceRuntime): void {
    if (runtime.isEnded) {
      for (const waiter of takeWaiters(runtime)) waiter.resolve(runtime);
    } else if (runtime.settleWaiters.length > 0) {
      const waiters = runtime.settleWaiters;
      runtime.settleWaiters = waiters.filter(
        ({ others }) => !runtime.isSettledBut(others?.size ?? 0),
      );
      for (const waiter of waiters) {
        if (!runtime.settleWaiters.includes(waiter)) waiter.resolve(runtime);
      }
    }
    if (runtime.parent !== undefined) this.#answerWaiters(runtime.parent);
  }
}

function isBusy(runtime: InstanceRuntime, executionId: number): boolean {
  const { status } = runtime.state.execution(executionId);
  return status === "running" || status === "scheduled";
}

/** All that a commit changes in one instance is one change. */
function collectChange(
  changes: Change[],
  runtime: InstanceRuntime,
  events: readonly MachineEvent[],
): void {
  if (runtime.change === undefined) {
    // With few commands to an instance, which is usual, its events need no list of their own.
    const change = { instanceId: runtime.id, expectedVersion: runtime.version++, events };
    runtime.change = { change, events: undefined };
    changes.push(change);
    return;
  }
  const { change } = runtime.change;
  runtime.change.events ??= [...change.events];
  change.events = runtime.change.events;
  for (const event of events) runtime.change.events.push(event);
}

function markStored(runtime: InstanceRuntime): void {
  runtime.isStored = true;
  for (const waiter of runtime.storeWaiters) waiter.resolve(runtime);
  runtime.storeWaiters = [];
}

function takeWaiters(runtime: InstanceRuntime): Waiter[] {
  const waiters = [...runtime.storeWaiters, ...runtime.settleWaiters, ...runtime.endWaiters];
  runtime.storeWaiters = [];
  runtime.settleWaiters = [];
  runtime.endWaiters = [];
  return waiters;
}
