import { InvalidOptionError } from "../errors.ts";
import type { Clock } from "./clock.ts";

/** How much of something outside may be used at once, by all instances of this process. */
export interface Limit {
  /** Attempts at the same time. */
  readonly concurrent?: number;
  /** Attempts begun in any one second. */
  readonly perSecond?: number;
}

/** An attempt that wants to begin, unless it was cancelled meanwhile. */
interface Entrant {
  isWanted(): boolean;
  begin(): void;
}

/** Lets attempts begin as a limit allows, first come, first served. */
export class Limiter {
  readonly #clock: Clock;
  readonly #concurrent: number;
  readonly #perSecond: number;
  readonly #waiting: Entrant[] = [];
  /** When the latest attempts began, oldest first; as many as one second allows. */
  readonly #begun: number[] = [];
  #running = 0;
  #isTimerSet = false;

  /** @throws InvalidOptionError if a limit is not a whole number of at least 1. */
  constructor(name: string, limit: Limit, clock: Clock) {
    for (const [option, value] of Object.entries(limit)) {
      if (option !== "concurrent" && option !== "perSecond") {
        throw new InvalidOptionError(
          `The limit "${name}" has the unknown option ${option}; use concurrent and perSecond.`,
        );
      }
      if (!Number.isInteger(value) || value < 1) {
        throw new InvalidOptionError(
          `The limit "${name}" has ${option}: ${value}; it must be a whole number of at least 1.`,
        );
      }
    }
    this.#clock = clock;
    this.#concurrent = limit.concurrent ?? Number.POSITIVE_INFINITY;
    this.#perSecond = limit.perSecond ?? Number.POSITIVE_INFINITY;
  }

  /** Calls `begin` when there is room; whoever has begun must call `end` once when it is done. */
  enter(entrant: Entrant): void {
    this.#waiting.push(entrant);
    this.#admit();
  }

  end(): void {
    this.#running--;
    this.#admit();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#running < this.#concurrent) {
      if (!this.#waiting[0]?.isWanted()) {
        this.#waiting.shift();
        continue;
      }
      const delay = this.#delayOfRate();
      if (delay > 0) {
        this.#wakeIn(delay);
        return;
      }
      this.#running++;
      this.#waiting.shift()?.begin();
    }
  }

  #delayOfRate(): number {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return 0;
    const now = this.#clock.now();
    if (this.#begun.length >= this.#perSecond) {
      const free = (this.#begun[0] as number) + 1000;
      if (free > now) return free - now;
      this.#begun.shift();
    }
    this.#begun.push(now);
    return 0;
  }

  #wakeIn(delay: number): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#clock.callAt(this.#clock.now() + delay, () => {
      this.#isTimerSet = false;
      this.#admit();
    });
  }
}
