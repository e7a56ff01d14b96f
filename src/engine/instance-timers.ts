import type { TimerRecord } from "../machine/index.ts";
import type { Clock } from "./clock.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { TimerQueue } from "./timer-queue.ts";

/** The timers of instances in memory. One that was cleared holds neither memory nor the clock. */
export class InstanceTimers {
  readonly #queue: TimerQueue;
  readonly #fire: (runtime: InstanceRuntime, timerId: string) => void;

  constructor(clock: Clock, fire: (runtime: InstanceRuntime, timerId: string) => void) {
    this.#queue = new TimerQueue(clock);
    this.#fire = fire;
  }

  arm(runtime: InstanceRuntime, timer: TimerRecord): void {
    this.disarm(runtime, timer.id);
    const due = this.#queue.add(timer.fireAt, () => {
      runtime.armed?.delete(timer.id);
      this.#fire(runtime, timer.id);
    });
    runtime.armed ??= new Map();
    runtime.armed.set(timer.id, due);
  }

  disarm(runtime: InstanceRuntime, timerId: string): void {
    const due = runtime.armed?.get(timerId);
    if (due === undefined) return;
    this.#queue.cancel(due);
    runtime.armed?.delete(timerId);
  }

  disarmAll(runtime: InstanceRuntime): void {
    for (const due of runtime.armed?.values() ?? []) this.#queue.cancel(due);
    runtime.armed = undefined;
  }

  clear(): void {
    this.#queue.clear();
  }
}
