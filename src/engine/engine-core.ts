import {
  EngineClosedError,
  InternalError,
  StoreUnavailableError,
  UnknownInstanceError,
} from "../errors.ts";
import type { Command, MachineEvent } from "../machine/index.ts";
import type { Transition } from "../machine/transition.ts";
import type { MaybePromise, Message } from "../store/store.ts";
import { Announcer } from "./announcer.ts";
import type { BackgroundWork } from "./background-work.ts";
import { abandon, ChildInstances } from "./children.ts";
import { Continuation } from "./continuation.ts";
import type { CoreOptions } from "./core-options.ts";
import { Driver, type EngineCommand, isReport, type Request } from "./driver.ts";
import { DueTimers } from "./due-timers.ts";
import { EffectQueue } from "./effect-queue.ts";
import { Fleet } from "./fleet.ts";
import { callHooks } from "./hooks.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { Instances } from "./instances.ts";
import { LetterCarrier } from "./letter-carrier.ts";
import { Mailroom } from "./mailroom.ts";
import { OpenTransactions } from "./open-transactions.ts";
import { closedError, StartRefused } from "./rejections.ts";
import { loadOf, type WorkerLoad } from "./statistics.ts";
import { StepRunner } from "./step-runner.ts";
import { answerWaiters, forgetEnded, rejectWaiters, type Waiter, waitUntil } from "./waiters.ts";
import { Watchers } from "./watchers.ts";
import { keptSecret, WebhookTokens } from "./webhook-token.ts";

/** The parts of an engine, and how they hang together. */
export class EngineCore {
  readonly workerId: string;
  readonly #options: CoreOptions;
  readonly #driver: Driver;
  readonly transactions = new OpenTransactions();
  readonly #instances: Instances;
  readonly #fleet: Fleet;
  readonly #mailroom: Mailroom;
  readonly #timers: DueTimers;
  readonly #children: ChildInstances;
  readonly #carrier: LetterCarrier;
  readonly #announcer: Announcer;
  readonly #runner: StepRunner;
  readonly #continuation: Continuation;
  readonly watchers: Watchers;
  readonly #background: BackgroundWork[] = [];
  readonly #effects = new EffectQueue((runtime, effect) => this.#runner.perform(runtime, effect));
  /** Instances of this process whose start is on its way, by their key. */
  readonly #keys = new Map<string, InstanceRuntime>();
  #tokens: WebhookTokens | undefined;
  #isClosed = false;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.workerId = options.createId();
    const { store, clock, logger, createId, definitions, upgrades, telemetry } = options;
    const { workerId } = this;
    const now = () => Math.floor(clock.now());
    const reachMs = store.isShared ? 2 * options.pollIntervalMs : Number.POSITIVE_INFINITY;
    this.#timers = new DueTimers(clock, reachMs, (id, timerId) => this.#fire(id, timerId));
    this.#instances = new Instances({
      ...{ store, clock, logger, workerId, definitions, transactions: this.transactions },
      isTrusted: () => this.#fleet.isTrusted,
      loaded: (runtime) => this.#continuation.loaded(runtime),
      missing: (runtime, error) => this.#missing(runtime, error),
      release: (runtime) => this.#release(runtime),
    });
    this.#announcer = new Announcer(this.#timers, this.#instances, options);
    this.#mailroom = new Mailroom({
      ...{ store, workerId, createId, now },
      whenTrusted: (work) => this.#fleet.whenTrusted(work),
      carryOut: (message) => {
        if (!this.#isClosed) this.#carrier.carryOut(message);
      },
    });
    this.#fleet = new Fleet(
      { ...options, workerId },
      {
        takeOver: (ids) => this.#takeOver(ids),
        reconcile: (ids) => this.#instances.reconcile(ids),
        outlived: () => this.#outlived(),
        receiveMail: () => this.#receiveMail(),
        hear: (news) => {
          this.#lookAt(this.#instances.known(news.instanceId));
          this.watchers.hear(news);
        },
        look: () => this.#look(),
      },
    );
    const hands = {
      find: (instanceId: string) => this.#instances.tryFind(instanceId),
      send: (runtime: InstanceRuntime, command: EngineCommand, message?: Message) =>
        this.#driver.send(runtime, command, message),
      drop: (message: Message) => this.#driver.drop(message),
      putDown: (message: Message) => this.#mailroom.putDown(message),
    };
    this.watchers = new Watchers({
      ...{ store, logger, workerId, now },
      neighbours: () => this.#fleet.neighbours,
      tell: (to, letter) => this.#mailroom.tell(to, letter),
    });
    this.#children = new ChildInstances({
      ...{ ...hands, definitions, now, isShared: store.isShared },
      known: (id) => this.#instances.known(id),
      begin: (runtime, message, command) => this.begin(runtime, message, command),
    });
    this.#carrier = new LetterCarrier({
      ...{ ...hands, children: this.#children, upgrades },
      known: (id) => (store.isShared ? undefined : this.#instances.known(id)),
      refresh: (id) => this.#instances.refresh(id),
      callHooks: (runtime, execution) => callHooks(runtime, execution, logger),
      watched: (letter) => this.watchers.watched(letter),
      inBackground: (what, work) => this.#inBackground(what, work),
    });
    this.#runner = this.#newRunner(options);
    this.#continuation = new Continuation({
      ...{ workerId, announcer: this.#announcer, runner: this.#runner, send: hands.send },
      ...{ reporters: (runtime) => this.#driver.reporters(runtime), isGuest: options.isGuest },
    });
    this.#driver = new Driver({
      ...{ store, workerId, now, createId, upgrades, telemetry, watchers: this.watchers },
      transactions: this.transactions,
      hasListeners: () => this.#fleet.hasNeighbours,
      takeDismissed: () => this.#mailroom.takeDismissed(),
      take: (message) => this.#mailroom.take(message),
      carriedOut: (message) => this.#carriedOut(message),
      putDown: (message) => this.#mailroom.putDown(message),
      doubt: () => this.#fleet.doubt(),
      perform: (request, decided, eventsFrom, effectsFrom) =>
        this.#perform(request, decided, eventsFrom, effectsFrom),
      forward: (request, owner) => this.#mailroom.forward(request, owner),
      refused: (runtime, requests) => this.#refused(runtime, requests),
      lost: (runtimes, requests, error) => this.#lost(runtimes, requests, error),
    });
  }

  #newRunner({ clock, logger, limiters, random, telemetry, aroundStep }: CoreOptions): StepRunner {
    return new StepRunner({
      ...{ clock, logger, limiters, random, telemetry, aroundStep },
      send: (runtime, command) => this.#driver.send(runtime, command),
      isTrusted: () => this.#fleet.isTrusted,
      whenTrusted: (work) => this.#fleet.whenTrusted(work),
      resume: (runtime, execution) => this.#continuation.resume(runtime, execution),
      tokenFor: (instanceId, executionId) => this.tokens.issue(instanceId, executionId),
    });
  }

  get tokens(): WebhookTokens {
    if (this.#tokens === undefined) throw new InternalError("The engine has not started.");
    return this.#tokens;
  }

  get isBusy(): boolean {
    return this.#driver.isBusy;
  }

  // ------------------------------------------------------------------------- beginning and ending

  /** Takes part; a store that answers at once makes it ready at once. */
  start(): MaybePromise<void> {
    this.refuseIfClosed();
    if (this.#tokens !== undefined) return;
    const joined = this.#fleet.start();
    return joined instanceof Promise ? joined.then(() => this.#useSecret()) : this.#useSecret();
  }

  /** @throws EngineClosedError */
  startInBackground(): void {
    this.refuseIfClosed();
    this.#inBackground("The engine cannot take part", async () => this.start());
  }

  #useSecret(): MaybePromise<void> {
    const { store, secret } = this.#options;
    const use = (value: string) => {
      if (this.#tokens !== undefined) return;
      this.#tokens = new WebhookTokens(value);
      this.#inBackground("The store cannot be looked at", () => this.#lookAround());
    };
    const kept = secret ?? keptSecret(store);
    return kept instanceof Promise ? kept.then(use) : use(kept);
  }

  /** Does this too from now on, from time to time. */
  attach(work: BackgroundWork): void {
    this.#background.push(work);
  }

  async #lookAround(): Promise<void> {
    await Promise.all(this.#background.map((work) => work.look()));
  }

  /** Takes over what engines that are gone have left; gives how many instances. */
  async recover(): Promise<number> {
    await this.start();
    const count = await this.#fleet.claim();
    await this.#receiveMail();
    await this.#look();
    return count;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closed = closedError();
    this.#timers.clear();
    this.#effects.clear();
    for (const work of this.#background) work.close();
    for (const { done } of this.#driver.close()) done?.(closed);
    for (const runtime of this.#instances.all()) {
      this.#continuation.abortAll(runtime);
      for (const { done } of runtime.heldBack ?? []) done?.(closed);
      rejectWaiters(runtime, closed);
    }
    this.#instances.close();
    this.#mailroom.close(closed);
    await this.#fleet.leave();
  }

  /** @throws EngineClosedError */
  refuseIfClosed(): void {
    if (this.#isClosed) throw new EngineClosedError("The engine was closed; make a new one.");
  }

  // ----------------------------------------------------------------------------------- instances

  begin(runtime: InstanceRuntime, message?: Message, command: Command = { type: "Start" }): void {
    this.refuseIfClosed();
    this.#instances.add(runtime);
    const { idempotencyKey } = runtime.state.instance;
    if (idempotencyKey !== undefined) this.#keys.set(idempotencyKey, runtime);
    this.#driver.send(runtime, command, message);
  }

  /** The instance with this id or key whose start is on its way here. */
  starting(given: { instanceId?: string; idempotencyKey?: string }): InstanceRuntime | undefined {
    const { instanceId, idempotencyKey } = given;
    const byKey = idempotencyKey === undefined ? undefined : this.#keys.get(idempotencyKey);
    return byKey ?? (instanceId === undefined ? undefined : this.#instances.known(instanceId));
  }

  /** @throws UnknownInstanceError, EngineClosedError */
  async find(instanceId: string): Promise<InstanceRuntime> {
    await this.start();
    return this.#instances.find(instanceId);
  }

  async tryFind(instanceId: string): Promise<InstanceRuntime | undefined> {
    await this.start();
    return this.#instances.tryFind(instanceId);
  }

  /** Gives what `see` makes of the instance as it is kept. Errors as `find`. */
  async read<Seen>(instanceId: string, see: (runtime: InstanceRuntime) => Seen): Promise<Seen> {
    return this.wait(instanceId, "stored", see);
  }

  /** The same, when it has ended or settled. */
  async wait<Seen>(
    instanceId: string,
    until: Waiter["until"],
    see: (runtime: InstanceRuntime) => Seen,
  ): Promise<Seen> {
    try {
      return await waitUntil(await this.find(instanceId), until, see);
    } catch (error) {
      // Here it was starting; it exists because somebody else was first.
      if (error instanceof StartRefused) return this.wait(instanceId, until, see);
      throw error;
    }
  }

  /**
   * Resolves when what the command set going has ended or waits. What was busy before is not waited
   * for, so a step may act on its own instance.
   */
  async act<Seen>(
    found: InstanceRuntime,
    command: EngineCommand,
    see: (runtime: InstanceRuntime) => Seen,
  ): Promise<Seen> {
    const others = found.busyExecutions();
    await this.tell(found, command);
    const runtime = (await this.#instances.tryFind(found.id)) ?? found;
    forgetEnded(runtime, others);
    return waitUntil(runtime, "settled", see, others);
  }

  /** Resolves when the command is durable. */
  async tell(found: InstanceRuntime, command: EngineCommand): Promise<void> {
    this.refuseIfClosed();
    const send = () =>
      new Promise<void>((resolve, reject) => {
        const done = (error?: unknown) => (error === undefined ? resolve() : reject(error));
        this.#instances.add(found);
        this.#driver.send(found, command, undefined, done);
      });
    const { telemetry } = this.#options;
    try {
      await (telemetry === undefined ? send() : telemetry.command(found, command, send));
    } catch (error) {
      if (error instanceof StartRefused) return this.tell(await this.find(found.id), command);
      throw error;
    }
    this.#instances.rest(found);
  }

  /** These instances do not exist any more. */
  forget(instanceIds: readonly string[]): void {
    this.#instances.forget(instanceIds);
  }

  /** Whether, of all workers, this one does what one of them has to do. */
  isTurn(work: string): boolean {
    return this.#fleet.isTurn(work);
  }

  /** How much this worker has to do at the moment. */
  get load(): WorkerLoad {
    return loadOf(this.workerId, this.#instances.all(), this.#driver.queueLength);
  }

  // --------------------------------------------------------------------- what came from the store

  #release(runtime: InstanceRuntime): void {
    this.#driver.release(runtime);
    answerWaiters(runtime);
  }

  #missing(runtime: InstanceRuntime, cause: unknown): void {
    // Without a cause, somebody has removed it after its end.
    const error = cause ?? new UnknownInstanceError(`There is no instance "${runtime.id}".`);
    this.#continuation.forget(runtime);
    abandon(runtime);
    runtime.refusal = error;
    // Whoever waits here is refused when it is looked at.
    this.#driver.release(runtime);
    this.#forgetKey(runtime);
    rejectWaiters(runtime, error);
  }

  async #takeOver(instanceIds: readonly string[]): Promise<void> {
    if (instanceIds.length > 0) await this.#instances.takeOver(instanceIds);
    await this.#receiveMail();
  }

  #outlived(): void {
    this.#options.logger.warn("This engine was taken for gone; what others took over is let go");
    const message = "It is not known what became of it: this process was taken for gone meanwhile.";
    const error = new StoreUnavailableError(message);
    this.#mailroom.giveUp(error);
    this.#fleet.doubt();
    this.watchers.outlived();
    for (const runtime of this.#instances.all()) {
      // A commit that is on its way may make it the owner of what others have taken over since.
      if (runtime.owner !== this.workerId && !runtime.isHeld) continue;
      // What has not begun yet must not begin before it is known whose it is.
      this.#continuation.forget(runtime);
      this.#instances.reload(runtime, error);
    }
  }

  #fire(instanceId: string, timerId: string): void {
    const command: Command = { type: "TimerFired", timerId };
    const known = this.#instances.known(instanceId);
    if (known !== undefined && !this.#options.store.isShared) {
      this.#driver.send(known, command);
      return;
    }
    this.#inBackground(`Timer "${timerId}" of instance "${instanceId}"`, async () => {
      const runtime = await this.#instances.tryFind(instanceId);
      if (runtime !== undefined) this.#driver.send(runtime, command);
    });
  }

  #inBackground(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#isClosed) this.#options.logger.error(`${what}: it is tried again`, { error });
    });
  }

  /** What nobody tells is looked at from time to time: instances somebody waits for, and timers. */
  async #look(): Promise<void> {
    if (this.#isClosed) return;
    const { store, pollIntervalMs, isGuest } = this.#options;
    for (const runtime of this.#instances.all()) this.#lookAt(runtime);
    const delay = (id: string) => (this.#fleet.isTurn(id) ? 0 : pollIntervalMs);
    await this.#timers.look(store, isGuest ? undefined : { workerId: this.workerId, delay });
    await this.#mailroom.tidy();
    await this.#lookAround();
  }

  #lookAt(runtime: InstanceRuntime | undefined): void {
    if (runtime === undefined || (runtime.waiters?.length ?? 0) === 0) return;
    this.#inBackground(`Instance "${runtime.id}" cannot be looked at`, async () => {
      await this.#instances.tryFind(runtime.id);
    });
  }

  // ---------------------------------------------------------- transactions of the application

  /** The transaction is over: what is in memory of these is read anew, and goes on. */
  endOwnTransaction(instanceIds: readonly string[]): void {
    if (this.#isClosed) return;
    for (const instanceId of instanceIds) {
      this.#inBackground(`Instance "${instanceId}" cannot be read`, async () => {
        try {
          if (this.#instances.known(instanceId)?.isStored)
            await this.#instances.refresh(instanceId);
        } finally {
          this.#driver.endTransaction(instanceId);
        }
        this.watchers.hear({ type: "instance", instanceId });
      });
    }
    this.#inBackground("The mail cannot be read", async () => {
      await this.start();
      await this.#receiveMail();
    });
  }

  // ---------------------------------------------------------------------------------------- mail

  async #receiveMail(): Promise<void> {
    if (!this.#isClosed) await this.#mailroom.receive();
  }

  #carriedOut(message: Message): void {
    this.#mailroom.settle(message);
    this.#carrier.carriedOut(message, this.#instances.known(message.instanceId));
  }

  // ------------------------------------------------------------------------- after a failed commit

  #refused(runtime: InstanceRuntime, requests: readonly Request[]): void {
    if (!runtime.isStored) {
      const refusal = new StartRefused(`Instance "${runtime.id}" or its key exists already.`);
      this.#instances.remove(runtime);
      for (const { message } of requests) if (message !== undefined) this.#driver.drop(message);
      this.#missing(runtime, refusal);
      return;
    }
    this.#instances.reload(runtime, undefined);
    const again = requests.filter(({ done, command }) => done !== undefined || isReport(command));
    runtime.heldBack = [...again, ...(runtime.heldBack ?? [])];
    const messages = requests.flatMap(({ message }) => message ?? []);
    if (messages.length === 0) return;
    // Another worker may have carried them out: what is still for this one is received again.
    for (const message of messages) this.#mailroom.putDown(message);
    this.#inBackground("The mail cannot be read", () => this.#receiveMail());
  }

  #lost(runtimes: readonly InstanceRuntime[], requests: readonly Request[], error: unknown): void {
    this.#options.logger.error("A commit failed; its instances are loaded anew", { error });
    this.#fleet.doubt();
    for (const { done, message } of requests) {
      if (message !== undefined) this.#mailroom.putDown(message);
      done?.(error);
    }
    for (const runtime of runtimes) this.#instances.reload(runtime, error);
  }

  // ------------------------------------------------------------------------------------- acting

  #perform(request: Request, decided: Transition, eventsFrom: number, effectsFrom: number): void {
    const { runtime, command, done, eventsEnd, effectsEnd } = request;
    for (let index = eventsFrom; index < eventsEnd; index++) {
      this.#announcer.announce(runtime, decided.events[index] as MachineEvent);
    }
    this.#effects.perform(runtime, decided.effects, effectsFrom, effectsEnd);
    if (command.type === "Start") this.#forgetKey(runtime);
    done?.();
    answerWaiters(runtime);
    if (!runtime.isEnded) this.#instances.rest(runtime);
  }

  #forgetKey(runtime: InstanceRuntime): void {
    const { idempotencyKey } = runtime.state.instance;
    if (idempotencyKey !== undefined) this.#keys.delete(idempotencyKey);
  }
}
