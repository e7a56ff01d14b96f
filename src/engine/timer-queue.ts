import type { Clock } from "./clock.ts";

interface Due {
  readonly at: number;
  readonly fire: () => void;
}

/** Any number of things to do at given times, with one timer of the clock: a binary heap. */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #heap: Due[] = [];
  #armedAt = Number.POSITIVE_INFINITY;
  #disarm: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is no longer wanted is not removed: `fire` must check for itself. */
  add(at: number, fire: () => void): void {
    const heap = this.#heap;
    let index = heap.push({ at, fire }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isEarlier(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
    this.#arm();
  }

  clear(): void {
    this.#heap.length = 0;
    this.#disarm();
    this.#armedAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const at = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
    if (at === this.#armedAt) return;
    this.#disarm();
    this.#armedAt = at;
    this.#disarm =
      at === Number.POSITIVE_INFINITY ? () => {} : this.#clock.callAt(at, () => this.#fireDue());
  }

  #fireDue(): void {
    this.#armedAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst();
      first.fire();
    }
    this.#arm();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      let smallest = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && this.#isEarlier(child, smallest)) smallest = child;
      }
      if (smallest === index) return;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #isEarlier(a: number, b: number): boolean {
    return (this.#heap[a] as Due).at < (this.#heap[b] as Due).at;
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b] as Due, heap[a] as Due];
  }
}
