/**
 * A set of small numbers that changes all the time. Unlike a `Set`, which rehashes when it shrinks,
 * it allocates nothing for one more or one less.
 */
export class IdSet {
  readonly #ids: number[] = [];
  /** By id: its place in `#ids`, counted from 1; 0 or nothing for an id that is not in the set. */
  readonly #places: number[] = [];

  get size(): number {
    return this.#ids.length;
  }

  add(id: number): void {
    while (this.#places.length <= id) this.#places.push(0);
    if (this.#places[id] === 0) this.#places[id] = this.#ids.push(id);
  }

  delete(id: number): void {
    const place = this.#places[id] ?? 0;
    if (place === 0) return;
    this.#places[id] = 0;
    const last = this.#ids.pop() as number;
    if (last === id) return;
    this.#ids[place - 1] = last;
    this.#places[last] = place;
  }

  /** A copy, ascending. */
  inOrder(): number[] {
    return this.#ids.toSorted((a, b) => a - b);
  }
}
