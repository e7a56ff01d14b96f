import type { RecordedError } from "../errors.ts";

/** What a definition knows of its data when no data type is given: every key, as `unknown`. */
// biome-ignore lint/suspicious/noExplicitAny: the open data type accepts every typed one
export type AnyData = Record<string, any>;

/** Every dotted path into `Data`, for data types that name their keys. */
export type DataPath<Data> = string extends keyof Data
  ? string
  : { [Key in keyof Data & string]: Key | NestedPath<Key, Data[Key]> }[keyof Data & string];

type NestedPath<Key extends string, Value> =
  NonNullable<Value> extends readonly unknown[]
    ? never
    : NonNullable<Value> extends object
      ? string extends keyof NonNullable<Value>
        ? `${Key}.${string}`
        : `${Key}.${DataPath<NonNullable<Value>>}`
      : never;

/** The type of what a dotted path into `Data` leads to. */
export type DataAt<Data, Path extends string> = string extends keyof Data
  ? unknown
  : Path extends keyof Data
    ? Data[Path]
    : Path extends `${infer Head}.${infer Rest}`
      ? Head extends keyof Data
        ? DataAt<NonNullable<Data[Head]>, Rest> | (undefined extends Data[Head] ? undefined : never)
        : never
      : never;

/** One execution of a step, as the history shows it. */
export interface ExecutionSummary {
  readonly path: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly iteration: number;
  /** Milliseconds since the epoch; undefined while it waits for its turn. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
}

/**
 * - `pending`: waits for its turn (a mutex, a paused instance)
 * - `scheduled`: waits for its next attempt
 * - `running`: code of the step itself runs
 * - `waiting`: waits for a person, a time, a message, a child instance, or the group's members
 */
export type StepStatus =
  | "pending"
  | "scheduled"
  | "running"
  | "waiting"
  | "succeeded"
  | "failed"
  | "canceled"
  | "skipped";

/** What conditions, item lists, titles and other pure functions of a definition may read. */
export interface ReadonlyContext<Data = AnyData> {
  readonly instanceId: string;
  readonly workflow: string;
  readonly version: string;
  /** Who started the instance. */
  readonly user: string | undefined;
  readonly tenant: string | undefined;
  /** When the instance started, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** In a member of a `MapGroup`: its item and the item's place in the list, from 0. */
  readonly item: unknown;
  readonly index: number | undefined;

  /**
   * The value under a key, or under a dotted path if there is no such key. Values are frozen: what a
   * step wants to change, it copies and sets.
   */
  get<Path extends DataPath<Data>>(path: Path): DataAt<Data, Path>;
  get<Path extends DataPath<Data>, Default>(
    path: Path,
    fallback: Default,
  ): string extends keyof Data ? unknown : Exclude<DataAt<Data, Path>, undefined> | Default;

  /**
   * What the step or group of this path returned in its latest execution that succeeded and is
   * visible here: a group's is the list of its members' results, a race's `{ winner, result }`.
   */
  result(path: string): unknown;

  /** The error of the step that led here by a failure edge, or of the step of the given path. */
  error(path?: string): RecordedError | undefined;
}

/** What a step's own code works with. */
export interface WorkflowContext<Data = AnyData> extends ReadonlyContext<Data> {
  /** The path of the step, such as `notify/send_email`. */
  readonly stepName: string;
  /** Counts the tries of this execution, from 1. */
  readonly attempt: number;
  /** Counts the executions of this step (the passes of a loop), from 1. */
  readonly iteration: number;
  /** The same for every attempt of this execution, different for every other: for outside services. */
  readonly idempotencyKey: string;
  /** Aborted when the step is cancelled, times out or loses a race. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** In the callback of a group: what its members returned, in order; otherwise empty. */
  readonly results: readonly unknown[];
  /** All executions of the instance until now, oldest first. */
  readonly history: readonly ExecutionSummary[];

  /**
   * Writes a value, visible to others when the step has succeeded.
   *
   * @throws NotJsonError if the value is not JSON; it names the key and the path inside the value.
   */
  set<Key extends keyof Data & string>(key: Key, value: Data[Key]): void;
}

/** Where messages of steps and of the engine go; `console` is one. */
export interface Logger {
  debug(message: string, details?: object): void;
  info(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  error(message: string, details?: object): void;
}
