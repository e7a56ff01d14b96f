import type { StepStatus } from "../definition/context.ts";
import type { RecordedError } from "../errors.ts";

/** `waiting`: nothing runs, and somebody or something is waited for. */
export type WorkflowStatus =
  | "pending"
  | "running"
  | "waiting"
  | "paused"
  | "completed"
  | "failed"
  | "canceled";

/** Milliseconds since the epoch. */
export type EpochMs = number;

/** The writes of an execution, in the order in which they count. */
export type Writes = readonly (readonly [key: string, value: unknown])[];

/** Where an instance stands. Records are never changed, only replaced. */
export interface InstanceRecord {
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: WorkflowStatus;
  readonly initialData: Readonly<Record<string, unknown>>;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs | undefined;
  readonly user: string | undefined;
  readonly tenant: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** What the application knows it by, such as the number of an order; several may share one. */
  readonly businessKey: string | undefined;
  /** Each stands once. */
  readonly tags: readonly string[];
  /** The trace that it was started in, as W3C `traceparent`. */
  readonly traceparent: string | undefined;
  readonly error: RecordedError | undefined;
  /** Why it was cancelled. */
  readonly reason: string | undefined;
  /** How it will end when its compensation is done. */
  readonly compensating: "failed" | "canceled" | undefined;
  /** The execution that waits for this child instance. */
  readonly parent: { readonly instanceId: string; readonly executionId: number } | undefined;
}

/** One visit to a step or group. */
export interface ExecutionRecord {
  /** Numbers the executions of an instance, from 1, in the order in which they were made. */
  readonly id: number;
  /** The node of the compiled graph; found again by `path` when rows are loaded. */
  readonly node: number;
  /**
   * Such as `notify/send_email` or `send[3]`. What has ended of a step that the instance's version
   * does not have, but one before it had, has that version in its path: `approve@1.0.0`.
   */
  readonly path: string;
  /** The execution of the group that this is a member of; 0 for none. */
  readonly parent: number;
  /** Place among the members: index of the member or item, call number, or -1 for the callback. */
  readonly position: number;
  readonly iteration: number;
  readonly attempt: number;
  /** The last attempt that the retry policy allows. */
  readonly lastAttempt: number;
  readonly status: StepStatus;
  /** Edges whose arrival this execution used (an edge stands twice if two arrivals were). */
  readonly arrivals: readonly number[];
  /** In a join that counts arrivals: whether its round still takes arrivals in. */
  readonly roundOpen: boolean;
  /** Edges taken at its end; undefined until that was decided. */
  readonly taken: readonly number[] | undefined;
  /** When the current attempt started. */
  readonly startedAt: EpochMs | undefined;
  readonly endedAt: EpochMs | undefined;
  /**
   * Numbers what happens in an instance, from 1: for an execution that has ended, its end (the
   * order in which writes became visible); for a pending one, when it began to wait for its turn.
   */
  readonly order: number;
  readonly result: unknown;
  readonly writes: Writes | undefined;
  readonly error: RecordedError | undefined;
  /** Of a map: its list, and whether it was closed early. */
  readonly map: { readonly items: readonly unknown[]; readonly closed: boolean } | undefined;
  /** Of a member of a quorum that succeeded: what its result was taken for. */
  readonly vote: "counts" | "veto" | "other" | undefined;
  /**
   * What custom reducers, and reducers of an earlier version, made of its writes when they became
   * visible.
   */
  readonly reduced: Writes | undefined;
  /** For a compensation: the execution that it undoes; otherwise 0. */
  readonly compensates: number;
}

export type TaskStatus = "open" | "completed" | "withdrawn";

/** Work for a person. */
export interface TaskRecord {
  /** Unique in the instance: the execution's id and attempt. */
  readonly id: string;
  readonly executionId: number;
  readonly path: string;
  readonly status: TaskStatus;
  readonly title: string;
  readonly description: string | undefined;
  /** What the decision is about: the values that the step's `shows` names, as they were. JSON. */
  readonly shown: Readonly<Record<string, unknown>> | undefined;
  /** From 0 to 100, the most urgent. */
  readonly priority: number;
  readonly dueAt: EpochMs | undefined;
  /** Whose it is, by its step, a claim, a reassignment or a delegation. */
  readonly assignee: string | undefined;
  /** When the assignee claimed it; undefined if it was not claimed, and so cannot be released. */
  readonly claimedAt: EpochMs | undefined;
  /** Who delegated it to the assignee, and gets the answer. */
  readonly owner: string | undefined;
  /** What a delegate answered, for the assignee to decide. */
  readonly proposal: TaskProposal | undefined;
  readonly candidateUsers: readonly string[] | undefined;
  readonly candidateGroups: readonly string[] | undefined;
  readonly excludeUsers: readonly string[] | undefined;
  /** How many of the step's reminders and escalations have fired. */
  readonly reminded: number;
  readonly escalated: number;
  readonly createdAt: EpochMs;
  readonly endedAt: EpochMs | undefined;
  readonly endedBy: string | undefined;
  /** Why it was withdrawn. */
  readonly reason: string | undefined;
}

/** The answer of somebody whom a task was delegated to. */
export interface TaskProposal {
  readonly by: string;
  readonly at: EpochMs;
  /** Valid data of the task's form. JSON. */
  readonly data: unknown;
}

/**
 * - `timer`: a timer step is due; `retry`: the next attempt is;
 * - `timeout`: the attempt, `deadline`: the whole execution has taken too long;
 * - `reminder`, `escalation`: the next one of a task is due.
 */
export type TimerKind = "timer" | "retry" | "timeout" | "deadline" | "reminder" | "escalation";

export interface TimerRecord {
  /** Unique in the instance: kind and execution. */
  readonly id: string;
  readonly kind: TimerKind;
  readonly executionId: number;
  readonly fireAt: EpochMs;
}

/** A signal that arrived for the instance. */
export interface SignalRecord {
  /** Made of the name and the id that the sender gave, or of a number. */
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  /** The execution that used it; 0 while none has. */
  readonly usedBy: number;
}

/** What was done to an instance or one of its tasks by a person, an operator or a task's timers. */
export type ActType =
  | "started"
  | "signaled"
  | "item-added"
  | "map-closed"
  | "step-canceled"
  | "canceled"
  | "paused"
  | "resumed"
  | "retried"
  | "upgraded"
  | "task-claimed"
  | "task-released"
  | "task-reassigned"
  | "task-delegated"
  | "task-answered"
  | "task-commented"
  | "task-completed"
  | "task-reminded"
  | "task-escalated";

/** An entry of the history of who did what. Entries are only ever added. */
export interface ActRecord {
  readonly type: ActType;
  readonly at: EpochMs;
  /** Who did it; undefined for a timer, and for whoever gave no name. */
  readonly user: string | undefined;
  /** For whom an administrator acted. */
  readonly onBehalfOf: string | undefined;
  /** By which way it came in, such as "http" or "cli"; undefined for the engine's own methods. */
  readonly through: string | undefined;
  /** The step that it concerns. */
  readonly path: string | undefined;
  readonly taskId: string | undefined;
  /** What else belongs to it: a comment's text, who got a task, a reason. JSON. */
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

/** Everything that is kept of an instance, but for its history. The rest is derived from it. */
export interface InstanceRows {
  readonly instance: InstanceRecord;
  /** By id: `executions[0]` has id 1. */
  readonly executions: readonly ExecutionRecord[];
  readonly tasks: Iterable<TaskRecord>;
  readonly timers: Iterable<TimerRecord>;
  readonly signals: Iterable<SignalRecord>;
}
