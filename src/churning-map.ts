/** So many entries may have been added before the map is made anew, and twice what is in it. */
const addedAtMost = 512;

/**
 * A map whose entries come and go all the time.
 *
 * V8 links the table that a `Map` has outgrown, or has filled with deleted entries, to the table
 * that follows it. Once one of these is old, all later ones and everything that stood in them stay
 * in memory until the next full collection, and each collection of young objects copies them. A map
 * that is made anew in time has no such chain: a short instance then costs half as much.
 */
export class ChurningMap<Key, Value> {
  #map = new Map<Key, Value>();
  #added = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  set(key: Key, value: Value): void {
    if (++this.#added > addedAtMost && this.#added > 2 * this.#map.size) {
      this.#map = new Map(this.#map);
      this.#added = this.#map.size;
    }
    this.#map.set(key, value);
  }

  delete(key: Key): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map.clear();
  }

  /** In the order in which the keys were added. */
  keys(): IterableIterator<Key> {
    return this.#map.keys();
  }

  values(): IterableIterator<Value> {
    return this.#map.values();
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#map[Symbol.iterator]();
  }
}
