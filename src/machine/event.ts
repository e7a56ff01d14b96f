import type {
  ActRecord,
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
  Writes,
} from "./state.ts";

/**
 * A fact. Every event carries the whole new record, so that a store keeps what it is given, and
 * `apply` decides nothing.
 */
export type MachineEvent =
  | InstanceEvent
  | ExecutionEvent
  | TaskEvent
  | TimerEvent
  | SignalEvent
  | ActEvent;

export interface InstanceEvent {
  readonly type:
    | "InstanceStarted"
    | "InstanceWaiting"
    | "InstanceRunning"
    | "InstancePaused"
    | "InstanceResumed"
    | "InstanceRetried"
    /** It goes on with another version of its definition. */
    | "InstanceUpgraded"
    | "InstanceCompensating"
    | "InstanceCompleted"
    | "InstanceFailed"
    | "InstanceCanceled";
  readonly instance: InstanceRecord;
}

export interface ExecutionEvent {
  readonly type:
    | "StepPending"
    | "StepScheduled"
    | "StepStarted"
    | "StepWaiting"
    | "StepSucceeded"
    | "StepFailed"
    | "StepCanceled"
    | "StepSkipped"
    /** The edges to take after its end are decided. */
    | "StepRouted"
    /** An arrival was counted in the open round of a join. */
    | "ArrivalCounted"
    /** It stands where the new version has its step; nothing has happened in it. */
    | "StepUpgraded"
    | "RoundClosed";
  readonly execution: ExecutionRecord;
  /** Values that the instance's data has from now on. */
  readonly committed: Writes | undefined;
}

export interface TaskEvent {
  readonly type:
    | "TaskOpened"
    /** It belongs to somebody else now, is due or shown differently, or was answered. */
    | "TaskChanged"
    | "TaskCompleted"
    | "TaskWithdrawn";
  readonly task: TaskRecord;
}

export interface TimerEvent {
  readonly type: "TimerSet" | "TimerCleared";
  readonly timer: TimerRecord;
}

export interface SignalEvent {
  readonly type: "SignalStored" | "SignalUsed";
  readonly signal: SignalRecord;
}

/** Somebody did something. It changes no state: it only is kept. */
export interface ActEvent {
  readonly type: "ActRecorded";
  readonly act: ActRecord;
}
