/** Draws from a seed: the same seed gives the same draws, on every machine. */
export class RandomSource {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to `bound` - 1 (mulberry32). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(share: number): boolean {
    return this.below(1_000) < share * 1_000;
  }

  pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)];
    if (values.length === 0) throw new RangeError("There is nothing to pick from.");
    return value as Value;
  }

  /** Values with a weight each: more often what weighs more. */
  weigh<Value>(options: readonly (readonly [weight: number, value: Value])[]): Value {
    const total = options.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.below(Math.max(1, Math.round(total * 100))) / 100;
    for (const [weight, value] of options) {
      left -= weight;
      if (left < 0) return value;
    }
    return this.pick(options)[1];
  }

  some<Value>(values: readonly Value[], share: number): Value[] {
    return values.filter(() => this.chance(share));
  }
}
