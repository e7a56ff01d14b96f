import type { Clock } from "./clock.ts";

/** Something to do at a time; `TimerQueue.cancel` takes it back. */
export interface Due {
  readonly at: number;
  readonly fire: () => void;
  isCanceled: boolean;
}

/** Any number of things to do at given times, with one timer of the clock: a binary heap. */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #heap: Due[] = [];
  #canceled = 0;
  #armedAt = Number.POSITIVE_INFINITY;
  #disarm: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(at: number, fire: () => void): Due {
    const due: Due = { at, fire, isCanceled: false };
    this.#insert(due);
    this.#arm();
    return due;
  }

  /** Cheap however many there are: the cancelled go when they come first, or are the most. */
  cancel(due: Due): void {
    if (due.isCanceled) return;
    due.isCanceled = true;
    this.#canceled++;
    if (this.#canceled * 2 > this.#heap.length) this.#dropCanceled();
    this.#arm();
  }

  #dropCanceled(): void {
    const kept = this.#heap.filter(({ isCanceled }) => !isCanceled);
    this.#heap.length = 0;
    this.#canceled = 0;
    for (const due of kept) this.#insert(due);
  }

  #insert(due: Due): void {
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isEarlier(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  clear(): void {
    this.#heap.length = 0;
    this.#canceled = 0;
    this.#disarm();
    this.#armedAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    while (this.#heap[0]?.isCanceled) this.#removeFirst();
    const at = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
    if (at === this.#armedAt) return;
    this.#disarm();
    this.#armedAt = at;
    this.#disarm =
      at === Number.POSITIVE_INFINITY
        ? () => {}
        : this.#clock.callAt(at, () => {
            this.#armedAt = Number.POSITIVE_INFINITY;
            this.fireDue();
          });
  }

  fireDue(): void {
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst();
      if (first.isCanceled) continue;
      first.isCanceled = true;
      first.fire();
    }
    this.#arm();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    if (heap[0]?.isCanceled) this.#canceled--;
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
