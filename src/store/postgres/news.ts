import { Client, type ClientConfig, escapeLiteral } from "pg";
import { StoreClosedError } from "../../errors.ts";
import type { EpochMs } from "../../machine/index.ts";
import type { Change, Commit, News } from "../store.ts";
import type { Database } from "./database.ts";
import { toStoreError } from "./postgres-error.ts";

/** What one process tells the others, as JSON in the payload of a notification. */
interface Bulletin {
  /** The store that sent it, which has told its own listeners itself. */
  readonly source: string;
  /** Workers that have mail. */
  readonly mail?: readonly string[];
  readonly instances?: readonly AnnouncedInstance[];
  readonly orphans?: true;
}

/** Its id, when its change was decided, and the ids of the change's tasks. */
type AnnouncedInstance = readonly [id: string, at?: EpochMs, taskIds?: readonly string[]];

type Listener = (news: News) => void;

/** One channel for all: the server wakes every listener of a database for each of its channels. */
const channel = "tandem_news";
/** The server takes payloads of less than 8,000 bytes. */
const longestPayload = 7_500;
const firstPauseMs = 50;
const longestPauseMs = 5_000;

/**
 * Tells workers what concerns them: those on this store at once, those elsewhere by NOTIFY.
 *
 * A notification is sent after the commit that it tells of, in a transaction of its own: the server
 * lets only one transaction with notifications end at a time, and commits must not queue for that.
 * While one is on its way, what happens is gathered for the next. If it gets lost, those who listen
 * find out when they look.
 */
export class NewsService {
  readonly #database: Database;
  readonly #config: ClientConfig;
  readonly #source: string;
  readonly #listeners = new Map<string, Listener>();
  readonly #mail = new Set<string>();
  readonly #instances: AnnouncedInstance[] = [];
  #hasOrphans = false;
  #sending: Promise<void> | undefined;
  #connection: ListeningConnection | undefined;
  #isClosed = false;

  /** @param source an id that no other store has. */
  constructor(database: Database, config: ClientConfig, source: string) {
    this.#database = database;
    this.#config = config;
    this.#source = source;
  }

  /** Settles when news arrive. */
  async listen(workerId: string, listener: Listener): Promise<() => void> {
    if (this.#isClosed) throw new StoreClosedError("The store was closed.");
    this.#listeners.set(workerId, listener);
    this.#connection ??= new ListeningConnection(this.#config, {
      take: (payload) => this.#receive(payload),
      reconnected: () => this.#tellAll([{ type: "mail" }, { type: "orphans" }]),
    });
    const connection = this.#connection;
    const stop = () => {
      if (this.#listeners.get(workerId) === listener) this.#forget(workerId);
    };
    try {
      await connection.ready;
      return stop;
    } catch (error) {
      if (this.#connection === connection) this.#connection = undefined;
      stop();
      throw toStoreError(error);
    }
  }

  #forget(workerId: string): void {
    this.#listeners.delete(workerId);
    if (this.#listeners.size > 0) return;
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Tells what a commit has for others; `refused` are the ids of changes that were not kept. */
  announce({ changes, sent, answers, handedOn }: Commit, refused: readonly string[]): void {
    const listeners = this.#listeners;
    // A worker that is alone on its store takes what it sends to itself without being told.
    const isAlone = listeners.size === 1;
    const told = new Map<string, News[]>();
    const tell = (workerId: string, news: News) => {
      const all = told.get(workerId);
      if (all === undefined) told.set(workerId, [news]);
      else all.push(news);
    };
    const mail = (workerId: string, isOwn: boolean) => {
      if (!listeners.has(workerId)) this.#mail.add(workerId);
      else if (!isOwn && !told.has(workerId)) tell(workerId, { type: "mail" });
    };
    const read = (letters: Pick<Commit, "sent" | "answers">) => {
      for (const { to } of letters.sent) mail(to, isAlone);
      for (const { from } of letters.answers) if (from !== undefined) mail(from, false);
    };
    read({ sent, answers });
    for (const { to } of handedOn) mail(to, isAlone);
    const announced: Change[] = [];
    for (const change of changes) {
      if (refused.length > 0 && refused.includes(change.instanceId)) continue;
      if (change.sent.length + change.answers.length > 0) read(change);
      if (change.isAnnounced) announced.push(change);
    }
    for (const { instanceId, at, tasks } of announced) {
      const taskIds = tasks.map(({ id }) => id);
      this.#instances.push([instanceId, at, taskIds]);
      if (isAlone) continue;
      const news: News = { type: "instance", instanceId, at, taskIds };
      for (const workerId of listeners.keys()) tell(workerId, news);
    }
    this.#send();
    for (const [workerId, all] of told) for (const news of all) listeners.get(workerId)?.(news);
  }

  retired(workerId: string): void {
    this.#forget(workerId);
    this.#hasOrphans = true;
    this.#send();
    this.#tellAll([{ type: "orphans" }]);
  }

  #tellAll(all: readonly News[]): void {
    for (const listener of [...this.#listeners.values()]) for (const news of all) listener(news);
  }

  // ------------------------------------------------------------------------------ to other stores

  #send(): void {
    if (this.#sending !== undefined) return;
    const bulletins = this.#takeBulletins();
    if (bulletins.length === 0) return;
    const notifications = bulletins.map(
      (bulletin) => `NOTIFY ${channel}, ${escapeLiteral(JSON.stringify(bulletin))}`,
    );
    // Whether it survives a crash of the server does not matter.
    this.#sending = this.#database
      .execute("SET LOCAL synchronous_commit TO off", ...notifications)
      .catch(() => {})
      .then(() => {
        this.#sending = undefined;
        this.#send();
      });
  }

  #takeBulletins(): Bulletin[] {
    const source = this.#source;
    const bulletins: Bulletin[] = [
      ...inParts([...this.#mail]).map((mail) => ({ source, mail })),
      ...inParts(this.#instances.map(fitting)).map((instances) => ({ source, instances })),
    ];
    if (this.#hasOrphans) bulletins.push({ source, orphans: true });
    this.#mail.clear();
    this.#instances.length = 0;
    this.#hasOrphans = false;
    return bulletins;
  }

  #receive(payload: string): void {
    const { source, mail, instances, orphans } = JSON.parse(payload) as Bulletin;
    if (source === this.#source) return;
    for (const workerId of mail ?? []) this.#listeners.get(workerId)?.({ type: "mail" });
    for (const [instanceId, at, taskIds] of instances ?? []) {
      this.#tellAll([{ type: "instance", instanceId, at, taskIds }]);
    }
    if (orphans === true) this.#tellAll([{ type: "orphans" }]);
  }

  /** Settles when what had to be told was sent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#connection?.close();
    this.#connection = undefined;
    while (this.#sending !== undefined) await this.#sending;
  }
}

/** The items in lists that fit into a payload each. */
function inParts<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item) + 1;
    if (size > room) {
      parts.push([]);
      room = longestPayload;
    }
    parts.at(-1)?.push(item);
    room -= size;
  }
  return parts;
}

/** Without the tasks if they are too many for a payload: whoever cares reads the instance. */
function fitting(announced: AnnouncedInstance): AnnouncedInstance {
  return sizeOf(announced) < longestPayload ? announced : [announced[0]];
}

function sizeOf(item: unknown): number {
  return Buffer.byteLength(JSON.stringify(item));
}

interface ConnectionHost {
  take(payload: string): void;
  /** Something may have been missed. */
  reconnected(): void;
}

/** A connection that listens, and is made again whenever it breaks. */
class ListeningConnection {
  readonly #config: ClientConfig;
  readonly #host: ConnectionHost;
  /** Rejects if the first connection fails: then there will be no other. */
  readonly ready: Promise<void>;
  #client: Client | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(config: ClientConfig, host: ConnectionHost) {
    this.#config = config;
    this.#host = host;
    this.ready = this.#connect();
  }

  async #connect(): Promise<void> {
    const { password } = this.#config;
    const client = new Client({
      ...this.#config,
      // Pools hide it from copies.
      ...(password === undefined ? {} : { password }),
      // Only the server speaks here: without probes, nobody would notice that it has vanished.
      ...{ keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
    });
    this.#client = client;
    let isListening = false;
    let hasEnded = false;
    client.on("error", () => {});
    client.on("end", () => {
      hasEnded = true;
      if (isListening) this.#reconnect(0);
    });
    client.on("notification", ({ payload }) => {
      if (!this.#isClosed && payload !== undefined) this.#host.take(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    isListening = true;
    if (hasEnded) this.#reconnect(0);
    if (this.#isClosed) await client.end();
  }

  #reconnect(failures: number): void {
    if (this.#isClosed) return;
    const pauseMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
    this.#pause = setTimeout(() => {
      this.#connect().then(
        () => this.#host.reconnected(),
        () => this.#reconnect(failures + 1),
      );
    }, pauseMs);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    this.#client?.end().catch(() => {});
  }
}
