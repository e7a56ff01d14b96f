import type { Logger } from "../definition/context.ts";
import type { EpochMs } from "../machine/index.ts";
import type { ScheduleRecord, Store } from "../store/store.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { Clock } from "./clock.ts";
import { nextMoment } from "./cron.ts";

export interface ScheduleRunnerHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pollIntervalMs: number;
  /** Whether, of all workers, this one is first to do what any of them could do. */
  isTurn(work: string): boolean;
  start(schedule: ScheduleRecord, instanceId: string): Promise<void>;
}

/** So many schedules are looked at at a time; what is due after them comes next. */
const atOnce = 1000;
/** What was this late is not late, but was missed. */
const missedAfterMs = 60_000;
/** The latest moment that a `Date` can have. */
const endOfTime = 8.64e15;

/**
 * Starts instances when their schedules are due.
 *
 * The id of an instance is made of its schedule's and the moment that was due, so whoever else
 * starts it gets the same one; only then is the schedule advanced, by its revision. A process that
 * dies between the two is followed by one that starts the same instance, and advances it.
 */
export class ScheduleRunner implements BackgroundWork {
  readonly #host: ScheduleRunnerHost;
  readonly #firing = new Set<string>();
  /** Why a schedule cannot fire here, by its id: said once. */
  readonly #complaints = new Map<string, string>();
  #disarm: () => void = () => {};
  #forgo: () => void = () => {};
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #isClosed = false;

  constructor(host: ScheduleRunnerHost) {
    this.#host = host;
  }

  /** Fires what is due, and waits for what is due next. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return this.#looking;
    }
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
      if (!this.#lookAgain) return;
      this.#lookAgain = false;
      this.#lookSoon();
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { store, clock, pollIntervalMs } = this.#host;
    // On a shared store, what is due later is found at the next look, whoever has saved it.
    const before = store.isShared ? Math.floor(clock.now()) + 2 * pollIntervalMs : endOfTime;
    const schedules = await store.listSchedules({ dueBefore: before, limit: atOnce });
    if (this.#isClosed) return;
    const now = clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const schedule of schedules) {
      const at = this.#turnAt(schedule);
      if (at > now) next = Math.min(next, at);
      else if (!this.#firing.has(schedule.id)) this.#inBackground(this.#fire(schedule));
    }
    this.#disarm();
    this.#disarm = () => {};
    if (next === Number.POSITIVE_INFINITY) return;
    this.#disarm = clock.callAt(next, () => this.#lookSoon());
  }

  /** The others fire it only if the one whose turn it is has not. */
  #turnAt({ id, nextAt = 0 }: ScheduleRecord): EpochMs {
    return nextAt + (this.#host.isTurn(id) ? 0 : this.#host.pollIntervalMs);
  }

  /** A schedule was saved: it may be due before what was. */
  changed(): void {
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (!this.#isClosed) this.#inBackground(this.look());
  }

  async #fire(schedule: ScheduleRecord): Promise<void> {
    const { id, cron, timezone, revision, nextAt: due } = schedule;
    if (due === undefined) return;
    this.#firing.add(id);
    try {
      const { clock, store } = this.#host;
      const now = Math.floor(clock.now());
      const instanceId = `${id}@${new Date(due).toISOString()}`;
      const isSkipped = schedule.missed === "skip" && now - due > missedAfterMs;
      if (!isSkipped && !(await this.#start(schedule, instanceId))) return;
      const last = isSkipped ? {} : { lastAt: due, lastInstanceId: instanceId };
      const nextAt = nextMoment(cron, timezone, Math.max(due, now));
      // If somebody else was first, it is as they saved it.
      await store.saveSchedule({ ...schedule, ...last, revision: revision + 1, nextAt });
      this.#complaints.delete(id);
      this.#lookSoon();
    } finally {
      this.#firing.delete(id);
    }
  }

  /** Gives whether the moment has been served, or never can be. */
  async #start(schedule: ScheduleRecord, instanceId: string): Promise<boolean> {
    try {
      await this.#host.start(schedule, instanceId);
      return true;
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      // Somebody else has started it, when the schedule was another one.
      if (code === "INSTANCE_EXISTS") return true;
      if (this.#isClosed) return false;
      const what = `Schedule "${schedule.id}" cannot start "${instanceId}"`;
      if (isFinal(code)) {
        this.#host.logger.error(`${what}, and goes on to its next moment`, { error });
        return true;
      }
      if (this.#complaints.get(schedule.id) !== instanceId) {
        this.#complaints.set(schedule.id, instanceId);
        this.#host.logger.error(`${what} here; it is tried again`, { error });
      }
      this.#tryAgain();
      return false;
    }
  }

  /** A shared store is looked at anyway. */
  #tryAgain(): void {
    const { store, clock } = this.#host;
    if (store.isShared || this.#isClosed) return;
    this.#forgo();
    this.#forgo = clock.callAt(clock.now() + tryAgainMs, () => this.#lookSoon());
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (this.#isClosed) return;
      this.#host.logger.error("Schedules cannot be looked at; it is tried again", { error });
      this.#tryAgain();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#disarm();
    this.#forgo();
  }
}

/** Then a store for one process, which is not looked at otherwise, is asked again. */
const tryAgainMs = 5000;

/** Data that its workflow does not take will not be taken later; all else may pass. */
function isFinal(code: unknown): boolean {
  return code === "INVALID_INPUT" || code === "NOT_JSON" || code === "INVALID_ARGUMENT";
}
