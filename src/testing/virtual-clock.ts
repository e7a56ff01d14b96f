import type { Clock } from "../engine/clock.ts";

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock that moves only when it is told to: a month passes in milliseconds, and nothing sleeps.
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #alarms = new Set<Alarm>();

  /** @param start milliseconds since the epoch; 2030-01-01 unless told. */
  constructor(start = Date.UTC(2030, 0, 1)) {
    this.#now = start;
  }

  /** How many timers are set. */
  get alarmCount(): number {
    return this.#alarms.size;
  }

  /** When the next timer is set for; infinite if none is. */
  get nextAlarm(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#alarms) if (at < next) next = at;
    return next;
  }

  now(): number {
    return this.#now;
  }

  callAt(at: number, callback: () => void): () => void {
    const alarm = { at, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** It is this moment again. Timers that are set stay set. */
  setBack(moment: number): void {
    this.#now = moment;
  }

  /**
   * Lets time pass. Whatever comes due meanwhile happens in order, each with all its consequences.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settled();
    }
    this.#now = end;
  }

  #next(end: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.at <= end && (next === undefined || alarm.at < next.at)) next = alarm;
    }
    return next;
  }
}

/** Everything that needs no time has happened: all promises that were ready have been followed. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
