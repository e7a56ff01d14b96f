import type { Logger } from "../definition/context.ts";
import { InvalidOptionError } from "../errors.ts";
import type { KnownWorker, MaybePromise, News, Store, WorkerBeat } from "../store/store.ts";
import type { Clock } from "./clock.ts";

export interface FleetOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly workerId: string;
  /** How often a sign of life is given, and the store is looked at for what was not told. */
  readonly pollIntervalMs: number;
  /** A worker without a sign of life for so long is taken for gone. */
  readonly leaseMs: number;
  /** Takes nothing over. */
  readonly isGuest: boolean;
}

export interface FleetHost {
  /** Instances of workers that are gone belong to this worker now. */
  takeOver(instanceIds: readonly string[]): Promise<void>;
  /** This worker owns these in the store, whether it knows of it or not. */
  reconcile(instanceIds: readonly string[]): Promise<void>;
  /** This worker was taken for gone, and what it owned may belong to others. */
  outlived(): void;
  receiveMail(): Promise<void>;
  /** Somebody else has changed an instance. */
  hear(news: Extract<News, { type: "instance" }>): void;
  /** Whatever is looked at from time to time. */
  look(): Promise<void>;
}

/** Another worker, and for how many looks its beat has stood still. */
interface Neighbour {
  beat: number;
  stillFor: number;
}

/** For so long what the store gave no answer to may still be on its way to it. */
const longestDelayMs = 30_000;

/** So many instances are taken over at a time, so that several workers share what is left. */
const claimAtOnce = 50;

/**
 * The workers on one store: each gives signs of life and takes over what is left of those that give
 * none any more. Beats are counted, not timed, and silence is measured by one's own looks: clocks
 * that differ do not matter, and who was frozen itself takes nobody for gone when it wakes up.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #host: FleetHost;
  readonly #neighbours = new Map<string, Neighbour>();
  #beat = 0;
  #started: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;
  #stopTicking: () => void = () => {};
  /** Instances that were claimed at the start of a store's only worker, and not yet taken over. */
  #left: readonly string[] = [];
  #claims: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** When the last sign of life was given that was answered. */
  #signAt = Number.POSITIVE_INFINITY;
  readonly #untrusted: (() => void)[] = [];
  #isLooking = false;
  /** Taken for gone, and not yet known again. */
  #isOutlived = false;
  /** How many more looks ask the store what this worker owns. */
  #doubts = 0;
  /** Whether the worker is known to the store, and may own instances. */
  isReady = false;

  /** @throws InvalidOptionError if a worker that is well could be taken for gone. */
  constructor(options: FleetOptions, host: FleetHost) {
    checkTiming(options);
    this.#options = options;
    this.#host = host;
  }

  /** Whether other workers are there that may want to hear of instances. */
  get hasNeighbours(): boolean {
    return this.#neighbours.size > 0;
  }

  /** The ids of the other workers that are known. */
  get neighbours(): readonly string[] {
    return [...this.#neighbours.keys()];
  }

  /**
   * Whether nobody can have taken this worker for gone: a process that was frozen does not begin
   * what another has begun meanwhile.
   */
  get isTrusted(): boolean {
    const { store, clock, leaseMs, pollIntervalMs } = this.#options;
    if (!store.isShared) return true;
    const since = clock.now() - this.#signAt;
    return since >= 0 && since < leaseMs - pollIntervalMs;
  }

  /** Does it now if the worker is trusted, or else after its next sign of life. */
  whenTrusted(work: () => void): void {
    if (this.isTrusted) work();
    else this.#untrusted.push(work);
  }

  /**
   * It is not known what became of a commit or a claim: for as long as it may still be kept, the
   * store is asked what this worker owns.
   */
  doubt(): void {
    const { leaseMs, pollIntervalMs } = this.#options;
    this.#doubts = Math.ceil(Math.max(leaseMs, longestDelayMs) / pollIntervalMs);
  }

  /** Whether, of all workers, this one is first to do what any of them could do for an instance. */
  isTurn(instanceId: string): boolean {
    const workers = [...this.#neighbours.keys(), this.#options.workerId].sort();
    const turn = workers[numberOf(instanceId) % workers.length];
    return turn === this.#options.workerId;
  }

  /**
   * Makes the worker known. A store of one process only answers at once, and what it has belongs to
   * this worker from then on.
   */
  start(): MaybePromise<void> {
    if (this.isReady) return;
    if (this.#started !== undefined) return this.#started;
    const { store, workerId } = this.#options;
    this.#beat = 1;
    const at = this.#options.clock.now();
    const known = store.beat({ id: workerId, beat: 1 });
    if (!(known instanceof Promise) && !store.isShared) {
      const left = this.#claimAll(known);
      if (!(left instanceof Promise)) {
        this.#left = left;
        this.isReady = true;
        return;
      }
    }
    this.#started = this.#join(known, at);
    this.#started.catch(() => {
      this.#started = undefined;
    });
    return this.#started;
  }

  async #join(known: MaybePromise<readonly KnownWorker[]>, at: number): Promise<void> {
    const { store, workerId } = this.#options;
    const workers = await known;
    this.#signAt = at;
    if (!store.isShared) this.#left = await this.#claimAll(workers);
    this.#observe(workers);
    this.#stopListening = await store.listen(workerId, (news) => this.#hear(news));
    if (this.#isClosed) return this.#stopListening?.();
    this.isReady = true;
    if (store.isShared) this.#scheduleTick();
  }

  /** In a store for one process, whoever else is known is gone. */
  #claimAll(known: readonly KnownWorker[]): MaybePromise<readonly string[]> {
    const { store, workerId } = this.#options;
    const gone = known.filter(({ id }) => id !== workerId);
    return store.claim({ workerId, gone, limit: Number.MAX_SAFE_INTEGER });
  }

  #hear(news: News): void {
    if (this.#isClosed) return;
    switch (news.type) {
      case "mail":
        this.#inBackground(this.#host.receiveMail());
        break;
      case "orphans":
        this.#inBackground(this.claim());
        break;
      default:
        this.#host.hear(news);
    }
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (this.#isClosed) return;
      this.#options.logger.error("The store cannot be looked at; it is tried again", { error });
    });
  }

  // -------------------------------------------------------------------------------------- looking

  #scheduleTick(): void {
    const { clock, pollIntervalMs } = this.#options;
    if (this.#isClosed) return;
    this.#stopTicking = clock.callAt(clock.now() + pollIntervalMs, () => {
      const tick = this.#tick().finally(() => this.#scheduleTick());
      this.#inBackground(tick);
    });
  }

  async #tick(): Promise<void> {
    await this.#giveSign();
    // Looking may take long: signs of life do not wait for it.
    if (this.#isClosed || this.#isLooking) return;
    this.#isLooking = true;
    const look = this.#look().finally(() => {
      this.#isLooking = false;
    });
    this.#inBackground(look);
  }

  async #look(): Promise<void> {
    await this.claim();
    if (this.#doubts > 0) {
      const { store, workerId } = this.#options;
      await this.#host.reconcile(await store.owned(workerId));
      this.#doubts--;
    }
    await this.#host.receiveMail();
    await this.#host.look();
  }

  async #giveSign(): Promise<void> {
    const { store, clock, workerId } = this.#options;
    const at = clock.now();
    this.#beat++;
    const workers = await store.beat({ id: workerId, beat: this.#beat });
    if (this.#isClosed) return;
    if (!workers.some(({ id }) => id === workerId)) this.#isOutlived = true;
    if (this.#isOutlived) {
      this.#beat = 1;
      await store.beat({ id: workerId, beat: 1 });
      this.#isOutlived = false;
      this.#host.outlived();
    }
    this.#observe(workers);
    this.#signAt = at;
    for (const work of this.#untrusted.splice(0)) this.whenTrusted(work);
  }

  #observe(workers: readonly KnownWorker[]): void {
    const { workerId, leaseMs, pollIntervalMs } = this.#options;
    const others = new Set<string>();
    for (const { id, beat, isGone } of workers) {
      if (id === workerId) continue;
      others.add(id);
      const neighbour = this.#neighbours.get(id);
      if (isGone) {
        this.#neighbours.set(id, { beat, stillFor: Number.POSITIVE_INFINITY });
      } else if (neighbour === undefined || neighbour.beat !== beat) {
        this.#neighbours.set(id, { beat, stillFor: 0 });
      } else if (neighbour.stillFor * pollIntervalMs < leaseMs) {
        neighbour.stillFor++;
      }
    }
    for (const id of this.#neighbours.keys()) if (!others.has(id)) this.#neighbours.delete(id);
  }

  /** The workers that are taken for gone. */
  #gone(): WorkerBeat[] {
    const { leaseMs, pollIntervalMs } = this.#options;
    return [...this.#neighbours]
      .filter(([, { stillFor }]) => stillFor * pollIntervalMs >= leaseMs)
      .map(([id, { beat }]) => ({ id, beat }));
  }

  /** Takes over what workers left that are gone; gives how many instances. */
  claim(): Promise<number> {
    const claimed = this.#claims.then(() => this.#claim());
    claimed.catch(() => this.doubt());
    this.#claims = claimed.catch(() => {});
    return claimed;
  }

  async #claim(): Promise<number> {
    const { store, workerId, isGuest } = this.#options;
    if (isGuest) return 0;
    const left = this.#left;
    this.#left = [];
    await this.#host.takeOver(left);
    let count = left.length;
    const gone = this.#gone();
    while (store.isShared && !this.#isClosed) {
      const ids = await store.claim({ workerId, gone, limit: claimAtOnce });
      for (const { id } of gone) this.#neighbours.delete(id);
      if (ids.length > 0) await this.#host.takeOver(ids);
      count += ids.length;
      if (ids.length < claimAtOnce) break;
    }
    return count;
  }

  // -------------------------------------------------------------------------------------- leaving

  /** Others can take over at once what this worker had. */
  async leave(): Promise<void> {
    this.#isClosed = true;
    this.#stopTicking();
    this.#stopListening?.();
    // What waits for the next sign of life sees that there is none.
    for (const work of this.#untrusted.splice(0)) work();
    if (this.#beat > 0) await this.#options.store.retire(this.#options.workerId);
  }
}

/** With a shorter lease, one sign of life that is late would be as good as none. */
const signsInLease = 3;

function checkTiming({ pollIntervalMs, leaseMs }: FleetOptions): void {
  for (const [option, value] of Object.entries({ pollIntervalMs, leaseMs })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new InvalidOptionError(
      `The engine has ${option}: ${value}; it must be a whole number of at least 1.`,
    );
  }
  if (leaseMs >= signsInLease * pollIntervalMs) return;
  throw new InvalidOptionError(
    `The engine has leaseMs: ${leaseMs} and pollIntervalMs: ${pollIntervalMs}; ` +
      `the lease must be at least ${signsInLease} times as long as the interval.`,
  );
}

/** Spreads ids evenly. */
function numberOf(id: string): number {
  let number = 0;
  for (let index = 0; index < id.length; index++) {
    number = (31 * number + id.charCodeAt(index)) >>> 0;
  }
  return number;
}
