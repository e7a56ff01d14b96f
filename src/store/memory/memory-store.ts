import { ChurningMap } from "../../churning-map.ts";
import { InvalidOptionError } from "../../errors.ts";
import type { EpochMs, InstanceRecord } from "../../machine/index.ts";
import type {
  ActQuery,
  Answer,
  Change,
  Claim,
  Commit,
  InstanceCount,
  InstanceFilter,
  InstanceQuery,
  InstanceSummary,
  KnownWorker,
  Mail,
  MaybePromise,
  Message,
  News,
  Reply,
  RetentionQuery,
  ScheduleQuery,
  ScheduleRecord,
  Store,
  StoredAct,
  StoredInstance,
  StoredTask,
  StoredTimer,
  StoreMeasures,
  TaskFilter,
  TaskQuery,
  TimerQuery,
  WorkerBeat,
} from "../store.ts";
import { countByStatus, isMeantInstance, listSummaries } from "./instance-search.ts";
import { Kept } from "./kept.ts";
import { measure } from "./measure.ts";
import { Schedules } from "./schedules.ts";
import { isMeantTask, orderTasks } from "./task-search.ts";

const none: readonly string[] = [];

export interface MemoryStoreOptions {
  /**
   * How many executions of steps the instances may have in all that have ended and are kept, the
   * latest: 10,000 unless told. The others are forgotten with their ids and idempotency keys, so
   * that a process can run for ever.
   */
  readonly keepEnded?: number;
}

/**
 * Keeps instances for as long as the process lives; of those that have ended, the latest. Records
 * are frozen facts, so it needs no copies.
 */
export class MemoryStore implements Store {
  readonly isShared: boolean = false;
  readonly #keepEnded: number;
  /** Instances that have ended, the one that ended first as the first, with their executions. */
  readonly #ended = new ChurningMap<string, number>();
  #endedExecutions = 0;
  readonly #instances = new ChurningMap<string, Kept>();
  readonly #byKey = new Map<string, string>();
  /** Instances with open tasks, and with timers. */
  readonly #withTasks = new Set<string>();
  readonly #withTimers = new Set<string>();
  readonly #messages = new Map<string, Message>();
  /** Answers by the message that they answer. */
  readonly #answers = new Map<string, Reply>();
  readonly #workers = new Map<string, number>();
  readonly #listeners = new Map<string, (news: News) => void>();
  readonly #settings = new Map<string, string>();
  readonly #schedules = new Schedules();

  /** @throws InvalidOptionError if `keepEnded` is not a whole number of at least 1. */
  constructor({ keepEnded = 10_000 }: MemoryStoreOptions = {}) {
    if (!Number.isSafeInteger(keepEnded) || keepEnded < 1) {
      throw new InvalidOptionError(
        `keepEnded is ${keepEnded}; it must be a whole number of at least 1.`,
      );
    }
    this.#keepEnded = keepEnded;
  }

  commit(commit: Commit): MaybePromise<readonly string[]> {
    const { changes, sent, answers, handedOn, dismissed } = commit;
    let refused = none;
    for (const change of changes) {
      if (!this.#keep(change)) refused = [...refused, change.instanceId];
    }
    if (sent.length > 0) this.#send(sent);
    for (const answer of answers) if (this.#isFor(answer)) this.#answer(answer);
    for (const { messageId, by, to } of handedOn) {
      const message = this.#messages.get(messageId);
      if (message?.to === by) this.#messages.set(messageId, { ...message, to });
    }
    for (const id of dismissed) this.#answers.delete(id);
    if (this.#listeners.size > 0) this.#announce(commit, refused);
    return refused;
  }

  #keep(change: Change): boolean {
    const { instanceId, expectedVersion, instance, answers } = change;
    let kept = this.#instances.get(instanceId);
    if ((kept?.version ?? 0) !== expectedVersion) return false;
    for (const answer of answers) if (!this.#isFor(answer)) return false;
    if (kept === undefined) {
      const key = instance?.idempotencyKey;
      if (key !== undefined) {
        if (this.#byKey.has(key)) return false;
        this.#byKey.set(key, instanceId);
      }
      kept = new Kept();
      this.#instances.set(instanceId, kept);
    }
    kept.version++;
    kept.owner = change.owner;
    if (instance !== undefined) kept.instance = instance;
    for (const execution of change.executions) kept.executions[execution.id - 1] = execution;
    if (instance?.endedAt !== undefined) this.#remember(instanceId, kept.executions.length);
    if (change.tasks.length > 0) this.#keepTasks(kept, change);
    if (change.timers.length > 0 || change.clearedTimers.length > 0) this.#keepTimers(kept, change);
    for (const signal of change.signals) {
      kept.signals ??= new Map();
      kept.signals.set(signal.id, signal);
    }
    if (change.acts.length > 0) {
      kept.acts ??= [];
      kept.acts.push(...change.acts);
    }
    if (change.sent.length > 0) this.#send(change.sent);
    for (const answer of answers) this.#answer(answer);
    return true;
  }

  /** Keeps one more that has ended, and forgets those that ended first if they become too many. */
  #remember(instanceId: string, executions: number): void {
    this.#endedExecutions += executions - (this.#ended.get(instanceId) ?? 0);
    this.#ended.delete(instanceId);
    this.#ended.set(instanceId, executions);
    for (const [id, count] of this.#ended) {
      if (this.#endedExecutions <= this.#keepEnded || id === instanceId) return;
      this.#ended.delete(id);
      this.#endedExecutions -= count;
      const instance = this.#instances.get(id)?.instance;
      // It may have been retried since, or its parent has yet to learn how it ended.
      if (instance?.endedAt === undefined || this.#isAwaited(instance)) continue;
      this.#drop(instance);
    }
  }

  #drop({ id, idempotencyKey }: InstanceRecord): void {
    this.#instances.delete(id);
    if (idempotencyKey !== undefined) this.#byKey.delete(idempotencyKey);
  }

  #isAwaited({ parent }: InstanceRecord): boolean {
    const waiting = parent && this.#instances.get(parent.instanceId)?.instance;
    return waiting !== undefined && waiting.endedAt === undefined;
  }

  #keepTasks(kept: Kept, { instanceId, tasks }: Change): void {
    kept.tasks ??= new Map();
    for (const task of tasks) {
      if (kept.tasks.get(task.id)?.status === "open") kept.openTasks--;
      if (task.status === "open") kept.openTasks++;
      kept.tasks.set(task.id, task);
    }
    if (kept.openTasks > 0) this.#withTasks.add(instanceId);
    else this.#withTasks.delete(instanceId);
  }

  #keepTimers(kept: Kept, { instanceId, timers, clearedTimers }: Change): void {
    kept.timers ??= new Map();
    for (const id of clearedTimers) kept.timers.delete(id);
    for (const timer of timers) kept.timers.set(timer.id, timer);
    if (kept.timers.size > 0) this.#withTimers.add(instanceId);
    else this.#withTimers.delete(instanceId);
  }

  load(instanceIds: readonly string[]): MaybePromise<readonly StoredInstance[]> {
    return instanceIds.flatMap((id) => {
      const kept = this.#instances.get(id);
      return kept?.instance === undefined ? [] : [toStored(kept, kept.instance)];
    });
  }

  versions(instanceIds: readonly string[]): MaybePromise<readonly number[]> {
    return instanceIds.map((id) => this.#instances.get(id)?.version ?? 0);
  }

  findByIdempotencyKey(key: string): MaybePromise<string | undefined> {
    return this.#byKey.get(key);
  }

  // ------------------------------------------------------------------------------------- searching

  listTasks(query: TaskQuery): MaybePromise<readonly StoredTask[]> {
    return orderTasks(this.#tasks(query), query);
  }

  countTasks(filter: TaskFilter, atMost: number): MaybePromise<number> {
    return Math.min(this.#tasks(filter).length, atMost);
  }

  #tasks(filter: TaskFilter): StoredTask[] {
    const { status = "open", instanceId } = filter;
    const all = status === "open" ? this.#withTasks : this.#instances.keys();
    const ids = instanceId === undefined ? [...all] : [instanceId];
    const tasks = ids.flatMap((id) => this.#instances.get(id)?.storedTasks() ?? []);
    return tasks.filter((task) => isMeantTask(task, filter));
  }

  listInstances(query: InstanceQuery): MaybePromise<readonly InstanceSummary[]> {
    return listSummaries(this.#records(query), query);
  }

  countInstances(filter: InstanceFilter): MaybePromise<readonly InstanceCount[]> {
    return countByStatus(this.#records(filter));
  }

  #records(filter: InstanceFilter): InstanceRecord[] {
    return [...this.#instances.values()].flatMap(({ instance }) =>
      instance !== undefined && isMeantInstance(instance, filter) ? [instance] : [],
    );
  }

  listActs({ instanceId, taskId, limit, after = 0 }: ActQuery): MaybePromise<readonly StoredAct[]> {
    return (this.#instances.get(instanceId)?.acts ?? [])
      .map((act, index) => ({ number: index + 1, act }))
      .filter(({ number, act }) => number > after && (taskId ?? act.taskId) === act.taskId)
      .slice(0, limit);
  }

  measure(now: EpochMs): MaybePromise<StoreMeasures> {
    return measure(this.#instances.values(), this.#messages.values(), this.#workers.size, now);
  }

  listTimers({ workerId, before, limit }: TimerQuery): MaybePromise<readonly StoredTimer[]> {
    const timers = [...this.#withTimers].flatMap((instanceId) => {
      const { instance, owner, timers } = this.#instances.get(instanceId) as Kept;
      const isElsewhere = owner !== undefined && owner !== workerId;
      if (isElsewhere || instance?.status === "paused") return [];
      return [...(timers?.values() ?? [])].map((timer) => ({ instanceId, timer }));
    });
    const isMeant = ({ timer }: StoredTimer) => before === undefined || timer.fireAt < before;
    return timers
      .filter(isMeant)
      .sort((a, b) => a.timer.fireAt - b.timer.fireAt)
      .slice(0, limit);
  }

  // --------------------------------------------------------------------------------------- workers

  beat({ id, beat }: WorkerBeat): MaybePromise<readonly KnownWorker[]> {
    if (beat === 1 || this.#workers.has(id)) this.#workers.set(id, beat);
    return [...this.#workers].map(([known, count]) => ({ id: known, beat: count, isGone: false }));
  }

  claim({ workerId, gone, limit }: Claim): MaybePromise<readonly string[]> {
    for (const { id, beat } of gone) if (this.#workers.get(id) === beat) this.#forget(id);
    for (const [id, message] of this.#messages) {
      if (!this.#workers.has(message.to)) this.#messages.set(id, { ...message, to: workerId });
    }
    const claimed: string[] = [];
    for (const [id, kept] of this.#instances) {
      if (claimed.length >= limit) break;
      if (kept.owner === undefined || this.#workers.has(kept.owner)) continue;
      kept.owner = workerId;
      kept.version++;
      claimed.push(id);
    }
    return claimed;
  }

  owned(workerId: string): MaybePromise<readonly string[]> {
    return [...this.#instances].filter(([, { owner }]) => owner === workerId).map(([id]) => id);
  }

  retire(workerId: string): MaybePromise<void> {
    this.#forget(workerId);
    this.#listeners.delete(workerId);
    for (const listener of this.#listeners.values()) listener({ type: "orphans" });
  }

  #forget(workerId: string): void {
    this.#workers.delete(workerId);
    for (const [id, { from }] of this.#answers) if (from === workerId) this.#answers.delete(id);
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) this.#messages.set(message.id, message);
  }

  #isFor({ messageId, by }: Answer): boolean {
    return this.#messages.get(messageId)?.to === by;
  }

  #answer({ messageId, from, outcome }: Answer): void {
    this.#messages.delete(messageId);
    if (from === undefined || !this.#workers.has(from)) return;
    this.#answers.set(messageId, { messageId, from, outcome });
  }

  receive(workerId: string): MaybePromise<Mail> {
    return {
      messages: [...this.#messages.values()]
        .filter(({ to }) => to === workerId)
        .sort((a, b) => a.at - b.at),
      answers: [...this.#answers.values()].filter(({ from }) => from === workerId),
    };
  }

  listen(workerId: string, listener: (news: News) => void): MaybePromise<(() => void) | undefined> {
    this.#listeners.set(workerId, listener);
    return () => this.#listeners.delete(workerId);
  }

  /** Tells everybody of what was kept, when all of it can be read. */
  #announce({ changes, sent, answers, handedOn }: Commit, refused: readonly string[]): void {
    const kept = changes.filter(({ instanceId }) => !refused.includes(instanceId));
    const mailed = new Set<string | undefined>(handedOn.map(({ to }) => to));
    for (const letters of [{ sent, answers }, ...kept]) {
      for (const { to } of letters.sent) mailed.add(to);
      for (const { from } of letters.answers) mailed.add(from);
    }
    for (const [workerId, listener] of [...this.#listeners]) {
      if (mailed.has(workerId)) listener({ type: "mail" });
      for (const { instanceId, at, tasks, isAnnounced } of kept) {
        const taskIds = tasks.map(({ id }) => id);
        if (isAnnounced) listener({ type: "instance", instanceId, at, taskIds });
      }
    }
  }

  keepSetting(key: string, value: string, replacing?: string): MaybePromise<string> {
    const kept = this.#settings.get(key);
    if (kept !== undefined && kept !== replacing) return kept;
    this.#settings.set(key, value);
    return value;
  }

  saveSchedule(schedule: ScheduleRecord): MaybePromise<boolean> {
    return this.#schedules.save(schedule);
  }

  listSchedules(query: ScheduleQuery): MaybePromise<readonly ScheduleRecord[]> {
    return this.#schedules.list(query);
  }

  removeSchedule(id: string): MaybePromise<boolean> {
    return this.#schedules.remove(id);
  }

  removeEnded(query: RetentionQuery): MaybePromise<readonly string[]> {
    const { endedBefore, limit } = query;
    const ended = this.#records(query)
      .filter(({ endedAt }) => endedAt !== undefined && endedAt < endedBefore)
      .filter((instance) => !this.#isAwaited(instance))
      .sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))
      .slice(0, limit);
    for (const instance of ended) {
      this.#endedExecutions -= this.#ended.get(instance.id) ?? 0;
      this.#ended.delete(instance.id);
      this.#withTasks.delete(instance.id);
      this.#withTimers.delete(instance.id);
      this.#drop(instance);
    }
    return ended.map(({ id }) => id);
  }

  close(): MaybePromise<void> {}
}

function toStored(kept: Kept, instance: InstanceRecord): StoredInstance {
  return {
    version: kept.version,
    owner: kept.owner,
    rows: {
      instance,
      executions: [...kept.executions],
      tasks: [...(kept.tasks?.values() ?? [])],
      timers: [...(kept.timers?.values() ?? [])],
      signals: [...(kept.signals?.values() ?? [])],
    },
  };
}
