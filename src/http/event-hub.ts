import { randomUUID } from "node:crypto";
import type { Clock } from "../engine/clock.ts";
import type { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import type { WatchEvent } from "../engine/watchers.ts";
import { EventStream } from "./event-stream.ts";

const heartbeatMs = 15_000;

/** For how long news are gathered when nobody reads, for those who come back. */
const afterglowMs = 60_000;

/** So many news can be made up for. */
const mostKept = 1000;

/** Of so many tasks it is known who had them before. */
const mostRemembered = 10_000;

/** Something that changed, with its place among the news of this process. */
export interface News {
  readonly number: number;
  readonly news: WatchEvent;
  /** Of a task: whose it was before. */
  readonly formerAssignee: string | undefined;
}

/** Gives a stream what its reader may know. */
export type Subscriber = (news: News, stream: EventStream) => void;

/** One watch on the engine for all streams. It watches only while somebody reads. */
export class EventHub {
  readonly #engine: LocalExecutionEngine;
  readonly #clock: Clock;
  readonly #epoch = randomUUID().slice(0, 8);
  readonly #streams = new Map<EventStream, Subscriber>();
  readonly #assignees = new Map<string, string | undefined>();
  readonly #owners = new Map<string, Promise<string | undefined>>();
  #kept: News[] = [];
  #number = 0;
  #unwatch: (() => void) | undefined;
  #stopBeat = () => {};
  /** When the last reader left. */
  #leftAt = Number.POSITIVE_INFINITY;

  constructor(engine: LocalExecutionEngine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** The id of the latest news, or of these. */
  idOf(number = this.#number): string {
    return `${this.#epoch}-${number}`;
  }

  open(subscriber: Subscriber, lastEventId: string | null): EventStream {
    this.#watch();
    const stream = new EventStream((closed) => this.#forget(closed));
    stream.greet(this.idOf());
    this.#streams.set(stream, subscriber);
    if (lastEventId !== null) this.#makeUp(stream, subscriber, lastEventId);
    return stream;
  }

  /** Who started an instance; asked for once. */
  ownerOf(instanceId: string): Promise<string | undefined> {
    const known = this.#owners.get(instanceId);
    if (known !== undefined) return known;
    const owner = this.#engine.getInstance(instanceId).then(
      ({ user }) => user,
      () => undefined,
    );
    remember(this.#owners, instanceId, owner);
    return owner;
  }

  /** What came after an event, or, if that is no longer known, that something may be missing. */
  #makeUp(stream: EventStream, subscriber: Subscriber, lastEventId: string): void {
    const [epoch, text = ""] = lastEventId.split("-");
    const last = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    const oldest = this.#kept[0]?.number ?? this.#number + 1;
    if (epoch !== this.#epoch || !(last >= oldest - 1 && last <= this.#number)) {
      stream.reset(this.idOf());
      return;
    }
    for (const news of this.#kept) if (news.number > last) subscriber(news, stream);
  }

  #watch(): void {
    if (this.#isForgotten()) this.#rest();
    this.#leftAt = Number.POSITIVE_INFINITY;
    this.#unwatch ??= this.#engine.watch({}, (news) => this.#tell(news));
    if (this.#streams.size === 0) this.#beatLater();
  }

  /** Looked at when something happens: a timer would hold up a process that wants to end. */
  #isForgotten(): boolean {
    return this.#clock.now() - this.#leftAt >= afterglowMs;
  }

  #tell(news: WatchEvent): void {
    if (this.#isForgotten()) return this.#rest();
    this.#number++;
    const told = { number: this.#number, news, formerAssignee: this.#formerAssignee(news) };
    this.#kept.push(told);
    // Cut off in large pieces, which costs less than one by one.
    if (this.#kept.length > mostKept * 2) this.#kept = this.#kept.slice(-mostKept);
    for (const [stream, subscriber] of this.#streams) subscriber(told, stream);
  }

  #formerAssignee(news: WatchEvent): string | undefined {
    if (news.type !== "task") return undefined;
    const { id, assignee, status } = news.task;
    const former = this.#assignees.get(id);
    this.#assignees.delete(id);
    if (status === "open") remember(this.#assignees, id, assignee);
    return former;
  }

  #beatLater(): void {
    this.#stopBeat = this.#clock.callAt(this.#clock.now() + heartbeatMs, () => {
      for (const stream of [...this.#streams.keys()]) stream.beat();
      if (this.#streams.size > 0) this.#beatLater();
    });
  }

  #forget(stream: EventStream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return;
    this.#stopBeat();
    this.#leftAt = this.#clock.now();
  }

  #rest(): void {
    this.#leftAt = Number.POSITIVE_INFINITY;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#kept = [];
    // What happens from now on is not numbered: nobody may go on from an earlier number.
    this.#number++;
    this.#assignees.clear();
    this.#owners.clear();
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  if (map.size <= mostRemembered) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
