import type { AnyData, Logger } from "../definition/context.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import type { Limit } from "./limiter.ts";
import type { RetentionOptions } from "./retention.ts";
import type { AroundStep } from "./step-runner.ts";

export interface EngineOptions {
  /** Where instances are kept; in memory unless told. */
  readonly store?: Store;
  /** Limits that steps name: how much of something outside this process may use at once. */
  readonly limits?: Readonly<Record<string, Limit>>;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Signs webhook tokens. Unless told, one is made once and kept in the store. */
  readonly secret?: string;
  /**
   * How often a process looks for what no other process told it, in milliseconds: 1000 unless told.
   * Only for a store that several processes can use.
   */
  readonly pollIntervalMs?: number;
  /**
   * After so many milliseconds without a sign of life a process is taken for gone, and what it ran
   * goes on in another: 8000 unless told.
   */
  readonly leaseMs?: number;
  /** How long instances that have ended are kept; for ever unless told. */
  readonly retention?: RetentionOptions;
  /**
   * Does only what it is asked to: takes over nothing that others left, fires no timers but those
   * of what it runs, starts no schedules. For tools beside the processes that run workflows.
   */
  readonly isGuest?: boolean;
  /** Makes the ids of instances. */
  readonly createId?: () => string;
  /** Gives numbers in [0, 1), for the jitter of retries. */
  readonly random?: () => number;
  /** Called around the code of every attempt: for logging, context of one's own, or tests. */
  readonly aroundStep?: AroundStep;
}

export interface StartOptions<Data = AnyData> {
  readonly initialData?: Data;
  /** The latest registered version unless told. */
  readonly version?: string;
  /** An id of your own. Starting again with the same id gives the existing instance. */
  readonly instanceId?: string;
  /** A key of your own; starting again with the same key gives the existing instance. */
  readonly idempotencyKey?: string;
  /** Who starts it. */
  readonly user?: string;
  readonly tenant?: string;
  /** By which way it comes in, such as "http", for the history. */
  readonly through?: string;
  /** What the application knows it by, such as the number of an order; several may share one. */
  readonly businessKey?: string;
  /** Words to find it by. */
  readonly tags?: readonly string[];
}

/** A start, with the trace that it belongs to. */
export type TracedStart<Data = AnyData> = StartOptions<Data> & {
  readonly traceparent?: string | undefined;
};
