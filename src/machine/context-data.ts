/**
 * The data of an instance, readable as it was at any moment that a running step still sees. A write
 * costs the same however many keys there are, and old values stay only while somebody may read them.
 */

interface Entry {
  readonly value: unknown;
  readonly version: number;
  older: Entry | undefined;
}

export class ContextData {
  /** Counts the commits: the moment that a reader sees. */
  version = 0;
  readonly #entries = new Map<string, Entry>();
  /** The versions that readers have open, ascending, and how many readers each has. */
  readonly #openVersions: number[] = [];
  readonly #readers: number[] = [];

  /** Starts a reader at the present moment and gives its version; `closeReader` ends it. */
  openReader(): number {
    const last = this.#openVersions.length - 1;
    if (this.#openVersions[last] === this.version) this.#readers[last] = this.#readersAt(last) + 1;
    else {
      this.#openVersions.push(this.version);
      this.#readers.push(1);
    }
    return this.version;
  }

  closeReader(version: number): void {
    const index = this.#indexOfVersion(version);
    if (index < 0) return;
    this.#readers[index] = this.#readersAt(index) - 1;
    while (this.#readers.length > 0 && this.#readersAt(this.#readers.length - 1) === 0) {
      this.#readers.pop();
      this.#openVersions.pop();
    }
    while (this.#readers[0] === 0) {
      this.#readers.shift();
      this.#openVersions.shift();
    }
  }

  /** Makes the writes visible, together, to readers that start from now on. */
  commit(writes: readonly (readonly [key: string, value: unknown])[]): void {
    const version = ++this.version;
    for (const [key, value] of writes) {
      this.#entries.set(key, { value, version, older: this.#visibleToReaders(key) });
    }
  }

  /** The present entry of a key with those before it, less what no open reader can see. */
  #visibleToReaders(key: string): Entry | undefined {
    const newestReader = this.#openVersions[this.#openVersions.length - 1];
    if (newestReader === undefined) return undefined;
    let entry = this.#entries.get(key);
    while (entry !== undefined && entry.version > newestReader) entry = entry.older;
    if (entry !== undefined && (this.#openVersions[0] as number) >= entry.version) {
      entry.older = undefined;
    }
    return entry;
  }

  has(key: string, version = this.version): boolean {
    return this.#entryAt(key, version) !== undefined;
  }

  get(key: string, version = this.version): unknown {
    return this.#entryAt(key, version)?.value;
  }

  /** All data of the present moment, as a new object. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries([...this.#entries].map(([key, { value }]) => [key, value]));
  }

  #entryAt(key: string, version: number): Entry | undefined {
    let entry = this.#entries.get(key);
    while (entry !== undefined && entry.version > version) entry = entry.older;
    return entry;
  }

  #readersAt(index: number): number {
    return this.#readers[index] as number;
  }

  #indexOfVersion(version: number): number {
    let low = 0;
    let high = this.#openVersions.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#openVersions[middle] as number;
      if (found === version) return middle;
      if (found < version) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/**
 * What members of one group wrote and later members of it may see, before anybody else does. A
 * reader sees the entries that were there when it started.
 */
export class ScopeLog {
  readonly #keys: string[] = [];
  readonly #values: unknown[] = [];
  readonly #positions = new Map<string, number[]>();

  get length(): number {
    return this.#values.length;
  }

  add(key: string, value: unknown): void {
    const positions = this.#positions.get(key);
    if (positions === undefined) this.#positions.set(key, [this.#values.length]);
    else positions.push(this.#values.length);
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** Everything, in the order in which it was written. */
  entries(): (readonly [key: string, value: unknown])[] {
    return this.#keys.map((key, index) => [key, this.#values[index]] as const);
  }

  /** The values written for a key among the first `length` entries, oldest first. */
  valuesOf(key: string, length: number): readonly unknown[] {
    const positions = this.#positions.get(key);
    if (positions === undefined) return [];
    return positions.filter((position) => position < length).map((index) => this.#values[index]);
  }

  /** The latest value written for a key among the first `length` entries. */
  latest(key: string, length: number): { readonly value: unknown } | undefined {
    const positions = this.#positions.get(key);
    if (positions === undefined) return undefined;
    for (let index = positions.length - 1; index >= 0; index--) {
      const position = positions[index] as number;
      if (position < length) return { value: this.#values[position] };
    }
    return undefined;
  }
}
