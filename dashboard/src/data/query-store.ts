/** What was read from the server, by key; it stays on the page while it is read anew. */
export interface Snapshot<Value> {
  readonly value: Value | undefined;
  /** Why the latest attempt to read it failed; the value, if there is one, is older. */
  readonly error: unknown;
  readonly isLoading: boolean;
}

interface Entry {
  snapshot: Snapshot<unknown>;
  readonly listeners: Set<() => void>;
  load: (signal: AbortSignal) => Promise<unknown>;
  running: AbortController | undefined;
  /** Something changed while it was being read. */
  isStale: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  readAt: number;
}

const nothing: Snapshot<never> = { value: undefined, error: undefined, isLoading: true };
/** What changes all the time is read this often at most. */
const pauseMs = 250;
const mostKept = 200;

export class QueryStore {
  readonly #entries = new Map<string, Entry>();

  get<Value>(key: string): Snapshot<Value> {
    return (this.#entries.get(key)?.snapshot ?? nothing) as Snapshot<Value>;
  }

  subscribe(key: string, listener: () => void): () => void {
    const entry = this.#entry(key);
    entry.listeners.add(listener);
    return () => {
      entry.listeners.delete(listener);
    };
  }

  /** Reads it, unless that was done a moment ago. */
  use(key: string, load: (signal: AbortSignal) => Promise<unknown>): void {
    const entry = this.#entry(key);
    entry.load = load;
    if (entry.running === undefined && Date.now() - entry.readAt > 1000) void this.#read(entry);
  }

  /** Reads what somebody looks at anew, all of it or what the test says. */
  refresh(isMeant: (key: string) => boolean = () => true): void {
    for (const [key, entry] of this.#entries) {
      if (!isMeant(key)) continue;
      if (entry.listeners.size > 0) this.#readSoon(entry);
      else entry.readAt = 0;
    }
  }

  /** Reads it now, and resolves when that is done. */
  async reload(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry !== undefined) await this.#read(entry);
  }

  /** Puts in what an answer already said. */
  set(key: string, value: unknown): void {
    const entry = this.#entry(key);
    entry.running?.abort();
    entry.running = undefined;
    this.#show(entry, { value, error: undefined, isLoading: false });
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#makeRoom();
      entry = {
        snapshot: nothing,
        listeners: new Set(),
        load: () => Promise.resolve(undefined),
        running: undefined,
        isStale: false,
        timer: undefined,
        readAt: 0,
      };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #makeRoom(): void {
    if (this.#entries.size < mostKept) return;
    for (const [key, { listeners }] of this.#entries) {
      if (listeners.size === 0) this.#entries.delete(key);
    }
  }

  #readSoon(entry: Entry): void {
    if (entry.running !== undefined) {
      entry.isStale = true;
      return;
    }
    if (entry.timer !== undefined) return;
    const wait = Math.max(0, entry.readAt + pauseMs - Date.now());
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      void this.#read(entry);
    }, wait);
  }

  async #read(entry: Entry): Promise<void> {
    entry.running?.abort();
    const running = new AbortController();
    entry.running = running;
    entry.isStale = false;
    let next: Snapshot<unknown>;
    try {
      const value = await entry.load(running.signal);
      next = { value, error: undefined, isLoading: false };
    } catch (error) {
      next = { value: entry.snapshot.value, error, isLoading: false };
    }
    if (entry.running !== running) return;
    entry.running = undefined;
    entry.readAt = Date.now();
    this.#show(entry, next);
    if (entry.isStale) this.#readSoon(entry);
  }

  #show(entry: Entry, snapshot: Snapshot<unknown>): void {
    entry.snapshot = snapshot;
    for (const listener of entry.listeners) listener();
  }
}
