import type { Effect } from "../machine/index.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

/** So many effects are performed before the steps that were started get their turn. */
const effectsAtOnce = 1000;

interface Rest {
  readonly runtime: InstanceRuntime;
  readonly effects: readonly Effect[];
  from: number;
  readonly to: number;
}

/**
 * Performs effects in order. Of very many, some are performed at a time: the first steps of a wide
 * fork end before the last ones begin, so that not all of them hold memory at once.
 */
export class EffectQueue {
  readonly #perform: (runtime: InstanceRuntime, effect: Effect) => void;
  #rests: Rest[] = [];

  constructor(perform: (runtime: InstanceRuntime, effect: Effect) => void) {
    this.#perform = perform;
  }

  perform(runtime: InstanceRuntime, effects: readonly Effect[], from: number, to: number): void {
    if (from === to) return;
    if (this.#rests.length > 0 || to - from > effectsAtOnce) {
      this.#rests.push({ runtime, effects, from, to });
      if (this.#rests.length === 1) this.#go();
      return;
    }
    for (let index = from; index < to; index++) this.#perform(runtime, effects[index] as Effect);
  }

  clear(): void {
    this.#rests = [];
  }

  readonly #go = (): void => {
    let left = effectsAtOnce;
    for (const rest of this.#rests) {
      while (left > 0 && rest.from < rest.to) {
        this.#perform(rest.runtime, rest.effects[rest.from++] as Effect);
        left--;
      }
      if (left === 0) break;
    }
    this.#rests = this.#rests.filter(({ from, to }) => from < to);
    if (this.#rests.length > 0) setImmediate(this.#go);
  };
}
