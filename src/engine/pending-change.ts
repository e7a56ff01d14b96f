import type {
  ActRecord,
  ExecutionRecord,
  InstanceRecord,
  MachineEvent,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../machine/index.ts";
import type { Answer, Change, Message } from "../store/store.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

/** Stands for every list that has nothing in it; what has something is a list of its own. */
const nothing: readonly never[] = [];

/** Up to this many records are looked through for one with the same id; more are looked up. */
const fewRecords = 8;

/** Records, each id once, with the latest of each. */
class Latest<Row extends { readonly id: number | string }> {
  readonly #rows: Row[];
  #count = 0;
  /** The greatest id so far: what is new mostly has a greater one, and need not be looked for. */
  #greatest: Row["id"] | undefined;
  #places: Map<Row["id"], number> | undefined;

  /** With room for so many: a list that grows gets room for 17, and mostly two are needed. */
  constructor(room: number) {
    this.#rows = new Array<Row>(room);
  }

  get rows(): readonly Row[] {
    if (this.#rows.length > this.#count) this.#rows.length = this.#count;
    return this.#rows;
  }

  put(row: Row): void {
    const place = this.#placeOf(row.id);
    if (place >= 0) {
      this.#rows[place] = row;
      return;
    }
    this.#places?.set(row.id, this.#count);
    this.#rows[this.#count++] = row;
  }

  remove(id: Row["id"]): void {
    const place = this.#placeOf(id);
    if (place < 0) return;
    this.#count--;
    const last = this.#rows[this.#count] as Row;
    this.#places?.delete(id);
    if (last.id === id) return;
    this.#rows[place] = last;
    this.#places?.set(last.id, place);
  }

  #placeOf(id: Row["id"]): number {
    if (this.#greatest === undefined || id > this.#greatest) {
      this.#greatest = id;
      return -1;
    }
    if (this.#places !== undefined) return this.#places.get(id) ?? -1;
    if (this.#count > fewRecords) {
      this.#places = new Map(this.rows.map((row, place) => [row.id, place]));
      return this.#places.get(id) ?? -1;
    }
    for (let place = this.#count - 1; place >= 0; place--) {
      if (this.#rows[place]?.id === id) return place;
    }
    return -1;
  }
}

/** What a commit that is being put together changes in one instance. */
export class PendingChange implements Change {
  readonly runtime: InstanceRuntime;
  readonly instanceId: string;
  readonly expectedVersion: number;
  readonly epoch: number;
  readonly at: number;
  owner: string | undefined = undefined;
  instance: InstanceRecord | undefined = undefined;
  isAnnounced = false;
  /** Somebody else has changed the instance meanwhile. */
  isRefused = false;
  #executions: Latest<ExecutionRecord> | undefined;
  #tasks: Latest<TaskRecord> | undefined;
  #timers: Latest<TimerRecord> | undefined;
  #clearedTimers: Set<string> | undefined;
  #signals: Latest<SignalRecord> | undefined;
  #acts: ActRecord[] | undefined;
  #sent: Message[] | undefined;
  #answers: Answer[] | undefined;

  constructor(runtime: InstanceRuntime, at: number) {
    this.runtime = runtime;
    this.instanceId = runtime.id;
    this.expectedVersion = runtime.version;
    this.epoch = runtime.epoch;
    this.at = at;
  }

  get executions(): readonly ExecutionRecord[] {
    return this.#executions?.rows ?? nothing;
  }

  get tasks(): readonly TaskRecord[] {
    return this.#tasks?.rows ?? nothing;
  }

  get timers(): readonly TimerRecord[] {
    return this.#timers?.rows ?? nothing;
  }

  get clearedTimers(): readonly string[] {
    return this.#clearedTimers === undefined ? nothing : [...this.#clearedTimers];
  }

  get signals(): readonly SignalRecord[] {
    return this.#signals?.rows ?? nothing;
  }

  get acts(): readonly ActRecord[] {
    return this.#acts ?? nothing;
  }

  get sent(): readonly Message[] {
    return this.#sent ?? nothing;
  }

  get answers(): readonly Answer[] {
    return this.#answers ?? nothing;
  }

  /** Takes in the events from this place in the list on. */
  add(events: readonly MachineEvent[], from: number): void {
    for (let index = from; index < events.length; index++) {
      const event = events[index] as MachineEvent;
      if ("execution" in event) {
        this.#executions ??= new Latest(events.length - from);
        this.#executions.put(event.execution);
      } else if ("instance" in event) {
        this.instance = event.instance;
      } else if ("task" in event) {
        this.#tasks ??= new Latest(events.length - from);
        this.#tasks.put(event.task);
      } else if ("signal" in event) {
        this.#signals ??= new Latest(events.length - from);
        this.#signals.put(event.signal);
      } else if (event.type === "TimerSet") {
        this.#clearedTimers?.delete(event.timer.id);
        this.#timers ??= new Latest(events.length - from);
        this.#timers.put(event.timer);
      } else if (event.type === "ActRecorded") {
        this.#acts ??= [];
        this.#acts.push(event.act);
      } else {
        this.#timers?.remove(event.timer.id);
        this.#clearedTimers ??= new Set();
        this.#clearedTimers.add(event.timer.id);
      }
    }
  }

  send(message: Message): void {
    this.#sent ??= [];
    this.#sent.push(message);
  }

  answer(answer: Answer): void {
    this.#answers ??= [];
    this.#answers.push(answer);
  }
}
