import type {
  EpochMs,
  ExecutionRecord,
  InstanceRecord,
  InstanceRows,
  SignalRecord,
  TaskRecord,
  TimerRecord,
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
 * NUL, which some databases cannot keep; a lone surrogate in it may come back as U+FFFD. Moments
 * are whole milliseconds that a `Date` can have. What the engine and the store give each other is
 * never changed afterwards.
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

  /** Open tasks by `createdAt`, instance id and task id. */
  listTasks(query: TaskQuery): MaybePromise<readonly StoredTask[]>;

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

  /** Keeps a setting under its key unless there is one; gives the one that is kept. */
  keepSetting(key: string, value: string): MaybePromise<string>;

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
  /** Undefined if the instance's own record stays as it is; never for a new instance. */
  readonly instance: InstanceRecord | undefined;
  readonly executions: readonly ExecutionRecord[];
  readonly tasks: readonly TaskRecord[];
  /** Timers that are set. */
  readonly timers: readonly TimerRecord[];
  /** Ids of timers that are cleared, if they are there; none that is set by the same change. */
  readonly clearedTimers: readonly string[];
  /** They are loaded in the order in which their ids were first kept: it counts. */
  readonly signals: readonly SignalRecord[];
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
  | { readonly type: "instance"; readonly instanceId: string }
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

export interface TaskQuery {
  /**
   * Only tasks that one of these names may see (`task-audience.ts`); all tasks unless told.
   */
  readonly audience?: readonly string[] | undefined;
  /** Without tasks from which this user is excluded. */
  readonly userId?: string | undefined;
  readonly limit: number;
  /** Only tasks that come after this one. */
  readonly after?: TaskPlace | undefined;
}

/** Where a task stands in the order of tasks. */
export interface TaskPlace {
  readonly createdAt: EpochMs;
  readonly instanceId: string;
  readonly taskId: string;
}

export interface StoredTask {
  readonly instanceId: string;
  readonly workflow: string;
  readonly task: TaskRecord;
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
