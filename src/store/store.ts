import type { InstanceRows, MachineEvent, TaskRecord } from "../machine/index.ts";

/**
 * Where instances are kept. A store keeps what it is given and knows no rule of workflows.
 *
 * S1. `commit` keeps all of its changes or none.
 * S2. A change whose `expectedVersion` is not the version kept is refused, and the commit with it.
 * S3. What `commit` has acknowledged is in every later `load`.
 * S4. Time never comes from the store.
 */
export interface Store {
  /**
   * Keeps the records that the events carry, each under its id; a record replaces the one before.
   *
   * @throws VersionConflictError if a version differs; then nothing is kept.
   */
  commit(changes: readonly Change[]): void | Promise<void>;
  /** All rows of an instance, and their version. */
  load(instanceId: string): MaybePromise<StoredInstance | undefined>;
  /** The instance that was started with this key. */
  findByIdempotencyKey(key: string): MaybePromise<string | undefined>;
  /** The ids of instances that have not ended. */
  listUnfinished(): MaybePromise<readonly string[]>;
  /** Open tasks of all instances, oldest first. */
  listOpenTasks(): MaybePromise<readonly StoredTask[]>;
  close(): MaybePromise<void>;
}

export type MaybePromise<Value> = Value | Promise<Value>;

/** What one command, or several, changed in one instance. */
export interface Change {
  readonly instanceId: string;
  /** How many changes the instance had before this one; 0 for a new instance. */
  readonly expectedVersion: number;
  readonly events: readonly MachineEvent[];
}

export interface StoredInstance {
  readonly version: number;
  readonly rows: InstanceRows;
}

export interface StoredTask {
  readonly instanceId: string;
  readonly workflow: string;
  readonly task: TaskRecord;
}
