import type { Store, StoredTimer } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import { type Due, TimerQueue } from "./timer-queue.ts";

/**
 * The timers of instances that this process will fire, whether the instances are in memory or not.
 * One that was cleared holds neither memory nor the clock.
 */
export class DueTimers {
  readonly #queue: TimerQueue;
  readonly #clock: Clock;
  /** Timers further away are not held here: the store is asked for those that are due within it. */
  readonly #reachMs: number;
  readonly #fire: (instanceId: string, timerId: string) => void;
  readonly #armed = new Map<string, Due>();

  constructor(clock: Clock, reachMs: number, fire: (instanceId: string, timerId: string) => void) {
    this.#queue = new TimerQueue(clock);
    this.#clock = clock;
    this.#reachMs = reachMs;
    this.#fire = fire;
  }

  /** Fires it at its time, or so much later. One that is armed already stays as it is. */
  arm({ instanceId, timer }: StoredTimer, delayMs = 0): void {
    const { id } = timer;
    const fireAt = timer.fireAt + delayMs;
    const key = keyOf(instanceId, id);
    const before = this.#armed.get(key);
    if (before !== undefined) {
      if (before.at === fireAt || (delayMs > 0 && before.at === timer.fireAt)) return;
      this.#queue.cancel(before);
      this.#armed.delete(key);
    }
    if (timer.fireAt - this.#clock.now() >= this.#reachMs) return;
    const due = this.#queue.add(fireAt, () => {
      this.#armed.delete(key);
      this.#fire(instanceId, id);
    });
    this.#armed.set(key, due);
  }

  disarm(instanceId: string, timerId: string): void {
    const key = keyOf(instanceId, timerId);
    const due = this.#armed.get(key);
    if (due === undefined) return;
    this.#queue.cancel(due);
    this.#armed.delete(key);
  }

  /**
   * Fires what is due, and arms what the store has for a worker, each with its delay: the others
   * fire a timer only if the one whose turn it is has not.
   */
  async look(
    store: Store,
    worker: { readonly workerId: string; delay(instanceId: string): number } | undefined,
  ): Promise<void> {
    // The clock may have been set since timers were armed.
    this.#queue.fireDue();
    if (worker === undefined) return;
    const { workerId } = worker;
    const before = store.isShared ? this.#clock.now() + this.#reachMs : undefined;
    const timers = await store.listTimers({ workerId, before, limit: timersAtOnce });
    for (const timer of timers) this.arm(timer, worker.delay(timer.instanceId));
  }

  clear(): void {
    this.#queue.clear();
    this.#armed.clear();
  }
}

/** More timers than these are looked at the next time. */
const timersAtOnce = 10_000;

/** No id of a timer has a space in it. */
function keyOf(instanceId: string, timerId: string): string {
  return `${timerId} ${instanceId}`;
}
