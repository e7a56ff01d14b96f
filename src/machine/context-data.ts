import type { Writes } from "./state.ts";

/**
 * The data of an instance, readable as it was at any moment that a running step still sees. A write
 * costs the same however many keys there are, and old values stay only while somebody may read
 * them. What is committed is looked at when somebody reads: until then it costs its place in a
 * list, and no memory, for the records of executions hold the same writes.
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
  /** The latest commits that are not in `#entries` yet; the last one has the present version. */
  #unread: Writes[] = [];
  /** The newest version that a reader has open (-1: none), and how many readers have it. */
  #newest = -1;
  #newestReaders = 0;
  /** Older versions that readers have open, ascending, each with its number of readers. */
  #older: { readonly version: number; readers: number }[] | undefined;

  /** Starts a reader at the present moment and gives its version; `closeReader` ends it. */
  openReader(): number {
    if (this.#newest !== this.version) {
      if (this.#newest >= 0) {
        this.#older ??= [];
        this.#older.push({ version: this.#newest, readers: this.#newestReaders });
      }
      this.#newest = this.version;
      this.#newestReaders = 0;
    }
    this.#newestReaders++;
    return this.version;
  }

  closeReader(version: number): void {
    if (version !== this.#newest) {
      this.#closeOlder(version);
      return;
    }
    this.#newestReaders--;
    while (this.#newest >= 0 && this.#newestReaders === 0) {
      const before = this.#older?.pop();
      this.#newest = before?.version ?? -1;
      this.#newestReaders = before?.readers ?? 0;
    }
  }

  #closeOlder(version: number): void {
    const older = this.#older ?? [];
    let low = 0;
    let high = older.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((older[middle]?.version as number) < version) low = middle + 1;
      else high = middle;
    }
    const found = older[low];
    if (found?.version !== version) return;
    found.readers--;
    while (older[0]?.readers === 0) older.shift();
  }

  /** Makes the writes visible, together, to readers that start from now on. */
  commit(writes: Writes): void {
    this.version++;
    this.#unread.push(writes);
  }

  /** Brings in what was committed since somebody read. */
  #catchUp(): void {
    const unread = this.#unread;
    if (unread.length === 0) return;
    this.#unread = [];
    let version = this.version - unread.length;
    for (const writes of unread) {
      version++;
      for (const [key, value] of writes) {
        this.#entries.set(key, { value, version, older: this.#visibleToReaders(key) });
      }
    }
  }

  /** The present entry of a key with those before it, less what no open reader can see. */
  #visibleToReaders(key: string): Entry | undefined {
    if (this.#newest < 0) return undefined;
    let entry = this.#entries.get(key);
    while (entry !== undefined && entry.version > this.#newest) entry = entry.older;
    const oldest = this.#older?.[0]?.version ?? this.#newest;
    if (entry !== undefined && oldest >= entry.version) entry.older = undefined;
    return entry;
  }

  get(key: string, version = this.version): unknown {
    this.#catchUp();
    return this.#entryAt(key, version)?.value;
  }

  /** All data of the present moment, as a new object. */
  toObject(): Record<string, unknown> {
    this.#catchUp();
    return Object.fromEntries([...this.#entries].map(([key, { value }]) => [key, value]));
  }

  #entryAt(key: string, version: number): Entry | undefined {
    let entry = this.#entries.get(key);
    while (entry !== undefined && entry.version > version) entry = entry.older;
    return entry;
  }
}

/**
 * What members of one group wrote and later members of it may see, before anybody else does. A
 * reader sees the entries that were there when it started.
 */
export class ScopeLog {
  readonly #keys: string[] = [];
  readonly #values: unknown[] = [];
  /** Positions by key, of the first `#indexed` entries: nobody pays for a log that nobody reads. */
  readonly #positions = new Map<string, number[]>();
  #indexed = 0;

  get length(): number {
    return this.#values.length;
  }

  add(key: string, value: unknown): void {
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** Everything, in the order in which it was written. */
  entries(): (readonly [key: string, value: unknown])[] {
    return this.#keys.map((key, index) => [key, this.#values[index]] as const);
  }

  /** The values written for a key among the first `length` entries, oldest first. */
  valuesOf(key: string, length: number): readonly unknown[] {
    return this.#positionsOf(key)
      .filter((position) => position < length)
      .map((position) => this.#values[position]);
  }

  /** The latest value written for a key among the first `length` entries. */
  latest(key: string, length: number): { readonly value: unknown } | undefined {
    const position = this.#positionsOf(key).findLast((each) => each < length);
    return position === undefined ? undefined : { value: this.#values[position] };
  }

  #positionsOf(key: string): readonly number[] {
    for (; this.#indexed < this.#keys.length; this.#indexed++) {
      const other = this.#keys[this.#indexed] as string;
      const positions = this.#positions.get(other);
      if (positions === undefined) this.#positions.set(other, [this.#indexed]);
      else positions.push(this.#indexed);
    }
    return this.#positions.get(key) ?? [];
  }
}
