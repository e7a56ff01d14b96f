import { decideIn } from "../machine/decide.ts";
import type { Command, Effect, EpochMs, Rejection, UpgradeCommand } from "../machine/index.ts";
import { Transition } from "../machine/transition.ts";
import type { Answer, Commit, Message, Store } from "../store/store.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { type Letter, lettersFor, letterTo, newsForParent, type Outcome } from "./letters.ts";
import type { OpenTransactions } from "./open-transactions.ts";
import { PendingChange } from "./pending-change.ts";
import { errorOfRejection } from "./rejections.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Upgrades } from "./upgrades.ts";
import { answerWaiters } from "./waiters.ts";
import type { Watchers } from "./watchers.ts";

/** Called when a command is durable, or with the reason why it is not. */
type Done = (error?: unknown) => void;

/** What may be asked of an instance. */
export type EngineCommand = Command | UpgradeCommand;

/** A command on its way, and who wants to know what became of it. */
export interface Request {
  readonly runtime: InstanceRuntime;
  readonly command: EngineCommand;
  /** The message that it carries out. */
  readonly message: Message | undefined;
  readonly done: Done | undefined;
  /** The instance's epoch when it was asked, and then when it was decided. */
  epoch: number;
  /** What was decided: its events and effects are those of its batch up to these places. */
  change: PendingChange | undefined;
  rejection: Rejection | undefined;
  eventsEnd: number;
  effectsEnd: number;
}

/** Commands that are decided together, and written in one transaction. */
interface Batch {
  readonly transition: Transition;
  readonly decided: Request[];
  readonly changes: PendingChange[];
  readonly answers: Answer[];
  readonly dropped: readonly Message[];
  /** When its commit was begun, if somebody measures. */
  begunAt: number | undefined;
}

/** What the driver needs of the rest of the engine. */
export interface DriverHost {
  readonly store: Store;
  readonly workerId: string;
  readonly transactions: OpenTransactions;
  now(): EpochMs;
  createId(): string;
  /** Who is told of what was kept. */
  readonly watchers: Watchers;
  readonly telemetry: Telemetry | undefined;
  /** Answers to messages of this worker that it has read, to be forgotten with the next commit. */
  takeDismissed(): readonly string[];
  /** Decides upgrades, as `decideIn` decides everything else. */
  readonly upgrades: Pick<Upgrades, "decide">;
  /** Whether other workers want to hear of instances. */
  hasListeners(): boolean;
  /** A message to this worker was kept: it may be carried out. */
  take(message: Message): void;
  /**
   * It is durable: effects may be performed, callers answered. The request's events and effects are
   * those of `decided` from the given places to the request's own.
   */
  perform(request: Request, decided: Transition, eventsFrom: number, effectsFrom: number): void;
  /** The instance belongs to another worker. */
  forward(request: Request, owner: string): void;
  /** Somebody else has changed the instance: these requests have to be looked at again. */
  refused(runtime: InstanceRuntime, requests: readonly Request[]): void;
  /** It is not known what of this was kept. */
  lost(runtimes: readonly InstanceRuntime[], requests: readonly Request[], error: unknown): void;
  /** More was kept than what is in memory. */
  doubt(): void;
  /** The message is left to be received again. */
  putDown(message: Message): void;
  /** The message was carried out. */
  carriedOut(message: Message): void;
}

/** After so many commands without a pause, timers and I/O of the application get their turn. */
const commandsPerTurn = 10_000;

/** While one commit is being written the next is put together, and written beside it. */
const commitsAtOnce = 2;

const none: readonly never[] = [];

/**
 * Decides, commits, and then acts.
 *
 * D1. Commands that arrive together are decided in order and committed in one transaction.
 * D2. Effects are performed, and callers answered, only after the commit.
 * D3. While an instance's commit is on its way, further commands to it wait for its end.
 * D4. If a commit fails, or somebody else has changed an instance, what is in memory of it is
 *     forgotten, and loaded anew before anything else is decided. Code that still runs the present
 *     attempt goes on.
 */
export class Driver {
  readonly #host: DriverHost;
  #queue: Request[] = [];
  /** Messages about which there is nothing to do any more. */
  #dropped: Message[] = [];
  #isScheduled = false;
  #commits = 0;
  #sinceTurn = 0;
  #isClosed = false;

  constructor(host: DriverHost) {
    this.#host = host;
  }

  /** Whether something is to be decided, or is being committed. */
  get isBusy(): boolean {
    return this.#isScheduled || this.#commits > 0;
  }

  send(runtime: InstanceRuntime, command: EngineCommand, message?: Message, done?: Done): void {
    this.#enqueue({
      runtime,
      command,
      message,
      done,
      epoch: runtime.epoch,
      change: undefined,
      rejection: undefined,
      eventsEnd: 0,
      effectsEnd: 0,
    });
  }

  #enqueue(request: Request): void {
    if (this.#isClosed) return;
    this.#queue.push(request);
    this.#schedule();
  }

  /** Forgets a message about which there is nothing to do. */
  drop(message: Message): void {
    if (this.#isClosed) return;
    this.#dropped.push(message);
    this.#schedule();
  }

  /** Requests that wait for a commit or a load of their instance may go on. */
  release(runtime: InstanceRuntime): void {
    const requests = runtime.heldBack ?? none;
    runtime.heldBack = undefined;
    for (const request of requests) this.#enqueue(request);
  }

  /** A transaction of the application that has changed the instance is over. */
  endTransaction(instanceId: string): void {
    for (const request of this.#host.transactions.end(instanceId)) this.#enqueue(request);
  }

  /** The executions whose present attempts have reported, which was not decided on yet. */
  reporters(runtime: InstanceRuntime): ReadonlySet<number> {
    const ids = new Set<number>();
    for (const { command, runtime: other } of [...this.#queue, ...(runtime.heldBack ?? none)]) {
      if (other !== runtime || !isReport(command)) continue;
      const { executionId, attempt } = command;
      if (runtime.state.executions[executionId - 1]?.attempt === attempt) ids.add(executionId);
    }
    return ids;
  }

  /** Gives what was asked and not decided. */
  close(): readonly Request[] {
    this.#isClosed = true;
    const requests = [...this.#queue, ...this.#host.transactions.clear()];
    this.#queue = [];
    return requests;
  }

  /** How many commands wait to be decided. */
  get queueLength(): number {
    return this.#queue.length;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#commits >= commitsAtOnce) return;
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
    const requests = this.#queue;
    const dropped = this.#dropped;
    if (requests.length + dropped.length === 0) return;
    this.#queue = [];
    if (dropped.length > 0) this.#dropped = [];
    this.#sinceTurn += requests.length;
    const batch: Batch = {
      transition: new Transition(this.#host.now()),
      decided: [],
      changes: [],
      answers: dropped.map((message) => answerTo(message, undefined)),
      dropped,
      begunAt: undefined,
    };
    for (const request of requests) this.#decide(batch, request);
    for (const change of batch.changes) this.#complete(change);
    this.#commit(batch);
  };

  // ------------------------------------------------------------------------------------- deciding

  #decide(batch: Batch, request: Request): void {
    const { runtime, command, message, done } = request;
    // What was meant for the instance before it was loaded anew means nothing in what it is now. An
    // attempt that still is the present one may have gone on meanwhile: what it reports counts.
    const isOld = request.epoch !== runtime.epoch;
    if (isOld && message === undefined && done === undefined && !isReport(command)) return;
    request.epoch = runtime.epoch;
    if (runtime.refusal !== undefined) {
      if (message !== undefined) this.#host.putDown(message);
      done?.(runtime.refusal);
      return;
    }
    if (runtime.heldBack !== undefined) {
      runtime.heldBack.push(request);
      return;
    }
    if (this.#host.transactions.holds(request)) return;
    const { owner } = runtime;
    if (owner !== undefined && owner !== this.#host.workerId) {
      this.#host.forward(request, owner);
      return;
    }
    const { transition } = batch;
    const eventsFrom = transition.events.length;
    const effectsFrom = transition.effects.length;
    transition.reset(runtime.graph, runtime.state);
    const rejection =
      command.type === "Upgrade"
        ? this.#upgrade(transition, runtime, command)
        : decideIn(transition, command);
    const hasEvents = transition.events.length > eventsFrom;
    let { change } = runtime;
    if (hasEvents && change === undefined) {
      change = new PendingChange(runtime, transition.now);
      runtime.change = change;
      batch.changes.push(change);
    }
    if (hasEvents && change !== undefined) {
      change.add(transition.events, eventsFrom);
      this.#sendLetters(change, transition, effectsFrom, command.type === "Retry");
    }
    if (message !== undefined) {
      const answer = answerTo(message, rejection);
      if (change === undefined) batch.answers.push(answer);
      else change.answer(answer);
    }
    // A rejection may come from what is decided here, and counts only if that is kept.
    request.change = change;
    request.rejection = rejection;
    request.eventsEnd = transition.events.length;
    request.effectsEnd = transition.effects.length;
    batch.decided.push(request);
  }

  /** The instance has another graph and state afterwards. */
  #upgrade(
    transition: Transition,
    runtime: InstanceRuntime,
    command: UpgradeCommand,
  ): Rejection | undefined {
    const rejection = this.#host.upgrades.decide(transition, command);
    if (rejection !== undefined) return rejection;
    runtime.graph = transition.graph;
    runtime.state = transition.state;
    return undefined;
  }

  /** What concerns other instances is sent in the same transaction, so that it cannot get lost. */
  #sendLetters(
    change: PendingChange,
    { effects }: Transition,
    from: number,
    isRetry: boolean,
  ): void {
    for (let index = from; index < effects.length; index++) {
      const effect = effects[index] as Effect;
      for (const letter of lettersFor(change.runtime, effect, isRetry)) this.#post(change, letter);
    }
  }

  #post(change: PendingChange, letter: Letter, instanceId = change.instanceId): void {
    const { workerId } = this.#host;
    change.send(letterTo(workerId, this.#host.createId(), instanceId, change.at, letter));
  }

  /** Adds to a change what depends on all of its commands. */
  #complete(change: PendingChange): void {
    const { runtime, instance } = change;
    runtime.change = undefined;
    change.owner = runtime.isActive ? this.#host.workerId : undefined;
    change.isAnnounced = this.#isOfInterest(change);
    if (instance === undefined) return;
    const news = newsForParent(runtime);
    if (news !== undefined) this.#post(change, news.letter, news.parentId);
  }

  /** Whether other workers want to hear of the change. */
  #isOfInterest({ instance }: PendingChange): boolean {
    const { watchers } = this.#host;
    if (watchers.isWatchedElsewhere) return true;
    if (instance === undefined || instance.status === "running") return false;
    return this.#host.hasListeners();
  }

  // ----------------------------------------------------------------------------------- committing

  #commit(batch: Batch): void {
    const { changes, answers } = batch;
    const dismissed = this.#host.takeDismissed();
    const isNothing = changes.length + answers.length + dismissed.length === 0;
    const commit: Commit = { changes, answers, sent: none, handedOn: none, dismissed };
    const { telemetry } = this.#host;
    if (telemetry !== undefined && !isNothing) batch.begunAt = performance.now();
    let committed: readonly string[] | Promise<readonly string[]>;
    try {
      committed = isNothing ? none : this.#host.store.commit(commit);
    } catch (error) {
      this.#lose(batch, error);
      return;
    }
    if (!(committed instanceof Promise)) {
      this.#committed(batch, committed);
      return;
    }
    this.#commits++;
    for (const { runtime, owner } of changes) {
      runtime.heldBack ??= [];
      // As soon as it is kept, others may change what this worker no longer owns.
      if (owner === undefined) runtime.owner = undefined;
    }
    committed.then(
      (refused) => {
        this.#commits--;
        this.#committed(batch, refused);
        if (this.#queue.length > 0) this.#schedule();
      },
      (error) => {
        this.#commits--;
        this.#lose(batch, error);
        if (this.#queue.length > 0) this.#schedule();
      },
    );
  }

  #committed(batch: Batch, refused: readonly string[]): void {
    if (batch.begunAt !== undefined) {
      this.#host.telemetry?.committed(performance.now() - batch.begunAt);
    }
    if (this.#isClosed) return;
    const { watchers } = this.#host;
    for (const change of batch.changes) {
      if (refused.length > 0) change.isRefused = refused.includes(change.instanceId);
      if (!watchers.isEmpty && !change.isRefused) watchers.kept(change);
      if (change.isRefused || change.epoch !== change.runtime.epoch) continue;
      change.runtime.version = change.expectedVersion + 1;
      change.runtime.owner = change.owner;
    }
    for (const message of batch.dropped) this.#host.carriedOut(message);
    for (const change of batch.changes) {
      if (!change.isRefused) for (const message of change.sent) this.#host.take(message);
    }
    this.#perform(batch);
    if (refused.length > 0) this.#giveBack(batch);
  }

  #perform({ transition, decided }: Batch): void {
    let eventsFrom = 0;
    let effectsFrom = 0;
    for (const request of decided) {
      const { runtime, message, done, change, rejection, eventsEnd, effectsEnd } = request;
      if (request.epoch !== runtime.epoch) this.#performLate(request);
      else if (change?.isRefused !== true) {
        if (change !== undefined && runtime.isHeld) this.release(runtime);
        if (message !== undefined) this.#host.carriedOut(message);
        if (rejection === undefined) {
          this.#host.perform(request, transition, eventsFrom, effectsFrom);
        } else {
          done?.(errorOfRejection(rejection));
          answerWaiters(runtime);
        }
      }
      eventsFrom = eventsEnd;
      effectsFrom = effectsEnd;
    }
  }

  /** It was kept, and the instance is loaded anew meanwhile: what follows comes from there. */
  #performLate({ change, message, rejection, done }: Request): void {
    if (change?.isRefused) return;
    if (change !== undefined) this.#host.doubt();
    if (message !== undefined) this.#host.carriedOut(message);
    done?.(rejection === undefined ? undefined : errorOfRejection(rejection));
  }

  /** Somebody else was first: what the refused changes were for is looked at again. */
  #giveBack({ changes, decided }: Batch): void {
    for (const change of changes) {
      if (!change.isRefused) continue;
      const requests = decided.filter((each) => each.change === change);
      this.#host.refused(change.runtime, requests);
    }
  }

  #lose({ changes, decided }: Batch, error: unknown): void {
    if (this.#isClosed) return;
    const present = changes.filter(({ epoch, runtime }) => epoch === runtime.epoch);
    this.#host.lost(
      present.map(({ runtime }) => runtime),
      decided,
      error,
    );
  }
}

/** The message is this worker's, or it would not have it in hand. */
function answerTo(message: Message, rejection: Rejection | undefined): Answer {
  const outcome: Outcome = rejection === undefined ? { ok: true } : { ok: false, ...rejection };
  return { messageId: message.id, by: message.to, from: message.from, outcome };
}

export type Report = Extract<
  Command,
  { type: "StepSucceeded" | "StepFailed" | "StepSkipped" | "StepReady" }
>;

/** Whether it is what an attempt says: the machine sees to it that only the present one counts. */
export function isReport(command: EngineCommand): command is Report {
  switch (command.type) {
    case "StepSucceeded":
    case "StepFailed":
    case "StepSkipped":
    case "StepReady":
      return true;
    default:
      return false;
  }
}
