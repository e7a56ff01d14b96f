import type {
  ActQuery,
  Change,
  Claim,
  Commit,
  InstanceCount,
  InstanceFilter,
  InstanceQuery,
  InstanceSummary,
  MaybePromise,
  MemoryStore,
  News,
  RetentionQuery,
  ScheduleQuery,
  ScheduleRecord,
  Store,
  StoredAct,
  StoreMeasures,
  TaskFilter,
  TaskQuery,
  TimerQuery,
  WorkerBeat,
} from "tandem-workflows";

/**
 * A store object as one of several processes has it: it answers later, and what goes in and comes
 * out are copies. What it keeps is in a `MemoryStore` that several of them share.
 */
export class RemoteStore implements Store {
  readonly isShared: boolean = true;
  protected readonly home: MemoryStore;
  readonly #stops: (() => void)[] = [];

  constructor(home: MemoryStore) {
    this.home = home;
  }

  commit(commit: Commit): MaybePromise<readonly string[]> {
    const changes = commit.changes.map(plain);
    return later(() => this.home.commit(copy({ ...commit, changes })));
  }

  load(instanceIds: readonly string[]) {
    return later(() => this.home.load(instanceIds));
  }

  versions(instanceIds: readonly string[]) {
    return later(() => this.home.versions(instanceIds));
  }

  findByIdempotencyKey(key: string) {
    return later(() => this.home.findByIdempotencyKey(key));
  }

  listTasks(query: TaskQuery) {
    return later(() => this.home.listTasks(query));
  }

  countTasks(filter: TaskFilter, atMost: number): MaybePromise<number> {
    return later(() => this.home.countTasks(filter, atMost));
  }

  listInstances(query: InstanceQuery): MaybePromise<readonly InstanceSummary[]> {
    return later(() => this.home.listInstances(query));
  }

  countInstances(filter: InstanceFilter): MaybePromise<readonly InstanceCount[]> {
    return later(() => this.home.countInstances(filter));
  }

  listActs(query: ActQuery): MaybePromise<readonly StoredAct[]> {
    return later(() => this.home.listActs(query));
  }

  measure(now: number): MaybePromise<StoreMeasures> {
    return later(() => this.home.measure(now));
  }

  listTimers(query: TimerQuery) {
    return later(() => this.home.listTimers(query));
  }

  beat(worker: WorkerBeat) {
    return later(() => this.home.beat(worker));
  }

  claim(claim: Claim): MaybePromise<readonly string[]> {
    return later(() => this.home.claim(claim));
  }

  owned(workerId: string) {
    return later(() => this.home.owned(workerId));
  }

  retire(workerId: string) {
    return later(() => this.home.retire(workerId));
  }

  receive(workerId: string) {
    return later(() => this.home.receive(workerId));
  }

  async listen(workerId: string, listener: (news: News) => void) {
    const stop = await this.home.listen(workerId, (news) => setImmediate(listener, copy(news)));
    if (stop !== undefined) this.#stops.push(stop);
    return stop;
  }

  keepSetting(key: string, value: string, replacing?: string): MaybePromise<string> {
    return later(() => this.home.keepSetting(key, value, replacing));
  }

  saveSchedule(schedule: ScheduleRecord): MaybePromise<boolean> {
    return later(() => this.home.saveSchedule(copy(schedule)));
  }

  listSchedules(query: ScheduleQuery): MaybePromise<readonly ScheduleRecord[]> {
    return later(() => this.home.listSchedules(query));
  }

  removeSchedule(id: string) {
    return later(() => this.home.removeSchedule(id));
  }

  removeEnded(query: RetentionQuery): MaybePromise<readonly string[]> {
    return later(() => this.home.removeEnded(query));
  }

  close(): MaybePromise<void> {
    for (const stop of this.#stops) stop();
  }
}

/** A process later, as a copy. */
async function later<Value>(read: () => MaybePromise<Value>): Promise<Value> {
  await nextTurn();
  const value = copy(await read());
  await nextTurn();
  return value;
}

/** The properties of a change may be getters, which are not copied otherwise. */
function plain(change: Change): Change {
  const { instanceId, expectedVersion, at, owner, instance, executions, tasks, timers } = change;
  const { clearedTimers, signals, acts, sent, answers, isAnnounced } = change;
  const records = { instance, executions, tasks, timers, clearedTimers, signals, acts };
  return { instanceId, expectedVersion, at, owner, ...records, sent, answers, isAnnounced };
}

function copy<Value>(value: Value): Value {
  return structuredClone(value);
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
