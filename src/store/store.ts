import type {
  ActRecord,
  EpochMs,
  ExecutionRecord,
  InstanceRecord,
  InstanceRows,
  SignalRecord,
  TaskRecord,
  TaskStatus,
  TimerRecord,
  WorkflowStatus,
} from "../machine/index.ts";

/**
 * Where instances are kept. A store keeps what it is given and knows no rule of workflows.
 *
 * S1. A change is kept whole or not at all, together with what it sends and answers.
 * S2. A change whose `expectedVersion` is not the version kept is refused; the others of the same
 *     commit are kept.
 * S3. What `commit` has acknowledged is in every later read, also after a crash.
 * S4. Time never comes from the store.
 * S5. Claiming an instance raises its version: what its owner before still writes is refused.
 * S6. A change that answers a message is refused unless the message is still kept for the worker
 *     that answers it: what a message asks for happens once, whoever has it in hand.
 *
 * Every engine on a store is a worker with an id of its own. An instance whose code runs is owned
 * by the worker that runs it; one that only waits is owned by nobody, and any worker may change it.
 *
 * Records come back as they were given, undefined where they were undefined. What is JSON in them
 * (data, results, writes, items, errors, commands, outcomes) comes back exactly, with the order of
 * its keys, NUL characters and lone surrogates. All other text (ids, names, titles, reasons) has no
 * NUL, which some databases cannot keep; a lone surrogate in it may come back as U+FFFD. Ids and
 * what is searched by have at most 500 bytes in UTF-8, which fit into an index. Moments are whole
 * milliseconds that a `Date` can have. What the engine and the store give each other is never
 * changed afterwards.
 *
 * An instance keeps its workflow, tenant and business key: a store may write them down elsewhere.
 */
export interface Store {
  /** Whether other processes may use it at the same time. */
  readonly isShared: boolean;

  /**
   * Keeps the changes; gives the ids of the instances whose changes were refused: their version is
   * not the expected one (S2), they answer a message that is not the worker's any more (S6), or
   * they are new and their idempotency key is taken.
   */
  commit(commit: Commit): MaybePromise<readonly string[]>;

  /** What is kept of these instances, in their order; those that do not exist are left out. */
  load(instanceIds: readonly string[]): MaybePromise<readonly StoredInstance[]>;

  /** Their versions, in their order; 0 for those that do not exist. */
  versions(instanceIds: readonly string[]): MaybePromise<readonly number[]>;

  /** The instance that was started with this key. */
  findByIdempotencyKey(key: string): MaybePromise<string | undefined>;

  /** Tasks in the order of the query. */
  listTasks(query: TaskQuery): MaybePromise<readonly StoredTask[]>;

  /** How many tasks there are, counting no further than `atMost`. */
  countTasks(filter: TaskFilter, atMost: number): MaybePromise<number>;

  /** Instances by `startedAt` and id. */
  listInstances(query: InstanceQuery): MaybePromise<readonly InstanceSummary[]>;

  /** How many instances there are, by workflow, version and status, in this order. */
  countInstances(filter: InstanceFilter): MaybePromise<readonly InstanceCount[]>;

  /** What was done to an instance, oldest first, as it was added. */
  listActs(query: ActQuery): MaybePromise<readonly StoredAct[]>;

  /** How much waits, and since when. */
  measure(now: EpochMs): MaybePromise<StoreMeasures>;

  /**
   * Set timers by `fireAt` of instances that are neither paused nor owned by another worker than
   * the one who asks.
   */
  listTimers(query: TimerQuery): MaybePromise<readonly StoredTimer[]>;

  /**
   * A sign of life. The first one (`beat` 1) makes the worker known; a later one of a worker that
   * is no longer known changes nothing. Gives all workers that are known then.
   */
  beat(worker: WorkerBeat): MaybePromise<readonly KnownWorker[]>;

  /**
   * Forgets the workers that are gone, unless they have given a sign of life since the beat that
   * stands there, and gives the worker up to `limit` of the instances whose
   * owner is not known (any more), raising their versions; messages to workers that are not known
   * are from now on for this one. Gives the ids of these instances. What several workers claim at
   * the same moment is spread among them and given to one only.
   *
   * A worker is forgotten with the answers that are kept for it. It may become known again.
   */
  claim(claim: Claim): MaybePromise<readonly string[]>;

  /** The ids of the instances that this worker owns. */
  owned(workerId: string): MaybePromise<readonly string[]>;

  /** Forgets a worker that stops; others can claim at once what it had. */
  retire(workerId: string): MaybePromise<void>;

  /**
   * Messages to this worker that nobody has answered, oldest first (of one moment, in the order in
   * which they were sent), and answers to its own.
   */
  receive(workerId: string): MaybePromise<Mail>;

  /**
   * Calls back when a commit of somebody else has something for this worker or announces an
   * instance, or when a worker retires; what it tells of can be read then. It may tell of something
   * twice, tell a worker of what it did itself, or miss something after a failure: who listens also
   * looks from time to time. Gives a function that ends it; undefined if the store cannot tell.
   */
  listen(workerId: string, listener: (news: News) => void): MaybePromise<(() => void) | undefined>;

  /**
   * Keeps a setting under its key unless there is one, other than `replacing`; gives the one that
   * is kept then.
   */
  keepSetting(key: string, value: string, replacing?: string): MaybePromise<string>;

  /**
   * Keeps a schedule; gives false, and keeps nothing, if the revision that is kept is not the one
   * before: none for revision 1.
   */
  saveSchedule(schedule: ScheduleRecord): MaybePromise<boolean>;

  /** By id; with `dueBefore`, those that fire before it and are not paused, by `nextAt`. */
  listSchedules(query: ScheduleQuery): MaybePromise<readonly ScheduleRecord[]>;

  /** Gives whether there was one. */
  removeSchedule(id: string): MaybePromise<boolean>;

  /**
   * Removes instances that ended before a moment, with everything that is kept of them, those that
   * ended first before others; not children of an instance that has not ended. Gives their ids.
   */
  removeEnded(query: RetentionQuery): MaybePromise<readonly string[]>;

  close(): MaybePromise<void>;
}

export type MaybePromise<Value> = Value | Promise<Value>;

/** What is written in one transaction. An instance stands in at most one of its changes. */
export interface Commit {
  readonly changes: readonly Change[];
  /** Messages, and answers to messages, that belong to no change: kept whatever is refused. */
  readonly sent: readonly Message[];
  readonly answers: readonly Answer[];
  /** Messages that are for another worker from now on. */
  readonly handedOn: readonly Handover[];
  /** Answers to the worker's own messages that it has read: they can go. */
  readonly dismissed: readonly string[];
}

/**
 * What changes in one instance. Records are whole, each id stands once, and replaces what was kept
 * under it. Its properties may be getters: read them, and do not copy the object.
 */
export interface Change {
  readonly instanceId: string;
  /** How many changes and claims it had before; 0 for a new instance, which must not exist. */
  readonly expectedVersion: number;
  /** When it was decided. */
  readonly at: EpochMs;
  /** The worker that runs the instance's code from now on; undefined when nothing runs. */
  readonly owner: string | undefined;
  /**
   * Undefined if the instance's own record stays as it is; never for a new instance. What changes
   * in it is its version, status, end, error, reason and compensation: all else stays what a new
   * instance was given.
   */
  readonly instance: InstanceRecord | undefined;
  readonly executions: readonly ExecutionRecord[];
  readonly tasks: readonly TaskRecord[];
  /** Timers that are set. */
  readonly timers: readonly TimerRecord[];
  /** Ids of timers that are cleared, if they are there; none that is set by the same change. */
  readonly clearedTimers: readonly string[];
  /** They are loaded in the order in which their ids were first kept: it counts. */
  readonly signals: readonly SignalRecord[];
  /** Added to the instance's history, in this order. */
  readonly acts: readonly ActRecord[];
  readonly sent: readonly Message[];
  readonly answers: readonly Answer[];
  /** Whether who listens is told of the instance. */
  readonly isAnnounced: boolean;
}

/** A command for an instance, kept until somebody has carried it out. */
export interface Message {
  /** Never used before. */
  readonly id: string;
  readonly instanceId: string;
  /** The worker that is to carry it out. */
  readonly to: string;
  /** The worker that waits for the answer; undefined if nobody does. */
  readonly from: string | undefined;
  readonly at: EpochMs;
  /** JSON. */
  readonly command: unknown;
}

/** What became of a message, as the worker that waits for it receives it. */
export interface Reply {
  readonly messageId: string;
  /** The worker that sent the message and waits; undefined if nobody does. */
  readonly from: string | undefined;
  /** JSON. */
  readonly outcome: unknown;
}

/**
 * Replaces the message that it answers, or ends it if nobody waits. One that belongs to no change
 * has no effect unless the message is still kept for the worker.
 */
export interface Answer extends Reply {
  /** The worker that carried the message out. */
  readonly by: string;
}

/** Has no effect unless the message is still kept for the worker that hands it on. */
export interface Handover {
  readonly messageId: string;
  readonly by: string;
  readonly to: string;
}

export interface Mail {
  readonly messages: readonly Message[];
  readonly answers: readonly Reply[];
}

export type News =
  /** A message or an answer for this worker. */
  | { readonly type: "mail" }
  /**
   * An instance that was announced: when its change was decided, and the ids of the change's tasks.
   * Both are left out if the store cannot tell.
   */
  | {
      readonly type: "instance";
      readonly instanceId: string;
      readonly at?: EpochMs | undefined;
      readonly taskIds?: readonly string[] | undefined;
    }
  /** A worker has retired: there may be something to claim. */
  | { readonly type: "orphans" };

export interface WorkerBeat {
  readonly id: string;
  /** Counts its signs of life, from 1. Whoever sees that it no longer moves takes it for gone. */
  readonly beat: number;
}

export interface KnownWorker extends WorkerBeat {
  /** The store is sure that the worker's process has ended. */
  readonly isGone: boolean;
}

export interface Claim {
  readonly workerId: string;
  /** Workers that are taken for gone, with their last sign of life. */
  readonly gone: readonly WorkerBeat[];
  readonly limit: number;
}

export interface StoredInstance {
  readonly version: number;
  readonly owner: string | undefined;
  readonly rows: InstanceRows;
}

/** What is left out does not matter. */
export interface TaskFilter {
  /** Open unless told. */
  readonly status?: TaskStatus | undefined;
  /** Only tasks that one of these names may see (`task-audience.ts`). */
  readonly audience?: readonly string[] | undefined;
  /** Without tasks from which this user is excluded. */
  readonly userId?: string | undefined;
  readonly assignee?: string | undefined;
  /** Only tasks that belong to somebody, or only those that belong to nobody. */
  readonly isAssigned?: boolean | undefined;
  readonly endedBy?: string | undefined;
  readonly instanceId?: string | undefined;
  readonly workflow?: string | undefined;
  readonly path?: string | undefined;
  readonly tenant?: string | undefined;
  readonly businessKey?: string | undefined;
  /** Only tasks with a due date from this moment on, and before that one. */
  readonly dueFrom?: EpochMs | undefined;
  readonly dueBefore?: EpochMs | undefined;
}

/**
 * By which moment tasks are ordered, then by instance id and task id. `created` and `due` begin
 * with the earliest, `ended` with the latest. Tasks without the moment are left out.
 */
export type TaskOrder = "created" | "due" | "ended";

export interface TaskQuery extends TaskFilter {
  /** `created` unless told. */
  readonly order?: TaskOrder | undefined;
  readonly limit: number;
  /** Only tasks that come after this one. */
  readonly after?: TaskPlace | undefined;
}

/** Where a task stands in the order of tasks. */
export interface TaskPlace {
  /** The moment that the order goes by. */
  readonly at: EpochMs;
  readonly instanceId: string;
  readonly taskId: string;
}

export interface StoredTask {
  readonly instanceId: string;
  readonly workflow: string;
  readonly workflowVersion: string;
  readonly tenant: string | undefined;
  readonly businessKey: string | undefined;
  readonly task: TaskRecord;
}

/** What is left out does not matter. */
export interface InstanceFilter {
  readonly workflow?: string | undefined;
  readonly version?: string | undefined;
  readonly statuses?: readonly WorkflowStatus[] | undefined;
  readonly businessKey?: string | undefined;
  readonly tenant?: string | undefined;
  readonly user?: string | undefined;
  /** Only instances that have all of these. */
  readonly tags?: readonly string[] | undefined;
  /** Only instances that started from this moment on, and before that one. */
  readonly startedFrom?: EpochMs | undefined;
  readonly startedBefore?: EpochMs | undefined;
  /** Only children of this instance. */
  readonly parentId?: string | undefined;
}

export interface InstanceQuery extends InstanceFilter {
  /** Whether those that started last come first. */
  readonly newestFirst: boolean;
  readonly limit: number;
  /** Only instances that come after this one. */
  readonly after?: InstancePlace | undefined;
}

export interface InstancePlace {
  readonly startedAt: EpochMs;
  readonly instanceId: string;
}

/** An instance without its data, as lists show it. */
export type InstanceSummary = Omit<InstanceRecord, "initialData">;

export interface InstanceCount {
  readonly workflow: string;
  readonly version: string;
  readonly status: WorkflowStatus;
  readonly count: number;
  readonly oldestStartedAt: EpochMs;
}

export interface ActQuery {
  readonly instanceId: string;
  /** Only those of this task. */
  readonly taskId?: string | undefined;
  readonly limit: number;
  /** Only those that come after the one with this number. */
  readonly after?: number | undefined;
}

export interface StoredAct {
  /** Greater than those of all acts of the instance before it. */
  readonly number: number;
  readonly act: ActRecord;
}

/** Undefined are the ages of what there is none of. */
export interface StoreMeasures {
  readonly openTasks: number;
  readonly oldestTaskAt: EpochMs | undefined;
  readonly overdueTasks: number;
  /** Timers that are due, of instances that are not paused. */
  readonly dueTimers: number;
  readonly oldestDueTimerAt: EpochMs | undefined;
  readonly messages: number;
  readonly oldestMessageAt: EpochMs | undefined;
  readonly workers: number;
}

/** Starts instances of a workflow again and again. */
export interface ScheduleRecord {
  readonly id: string;
  /** Counts how often it was saved, from 1. */
  readonly revision: number;
  readonly workflow: string;
  /** The latest registered version unless told. */
  readonly version: string | undefined;
  readonly cron: string;
  /** An IANA name, such as "Europe/Berlin". */
  readonly timezone: string;
  /** JSON. */
  readonly initialData: Readonly<Record<string, unknown>>;
  readonly user: string | undefined;
  readonly tenant: string | undefined;
  readonly businessKey: string | undefined;
  readonly tags: readonly string[];
  /** What becomes of moments that passed while no process ran. */
  readonly missed: MissedMoments;
  readonly isPaused: boolean;
  readonly createdAt: EpochMs;
  /** Undefined if it never fires again. */
  readonly nextAt: EpochMs | undefined;
  readonly lastAt: EpochMs | undefined;
  readonly lastInstanceId: string | undefined;
}

/** `once`: one start for all that were missed; `skip`: none. */
export type MissedMoments = "once" | "skip";

export interface ScheduleQuery {
  /** Only this one. */
  readonly id?: string | undefined;
  readonly workflow?: string | undefined;
  readonly tenant?: string | undefined;
  readonly dueBefore?: EpochMs | undefined;
  readonly limit: number;
  /** Only those whose id comes after this one. Not together with `dueBefore`. */
  readonly after?: string | undefined;
}

export interface RetentionQuery {
  readonly endedBefore: EpochMs;
  readonly workflow?: string | undefined;
  readonly statuses?: readonly WorkflowStatus[] | undefined;
  readonly tenant?: string | undefined;
  readonly limit: number;
}

export interface TimerQuery {
  readonly workerId: string;
  /** Only timers that fire before this moment; all unless told. */
  readonly before?: EpochMs | undefined;
  readonly limit: number;
}

export interface StoredTimer {
  readonly instanceId: string;
  readonly timer: TimerRecord;
}
