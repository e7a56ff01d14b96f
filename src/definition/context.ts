import type { RecordedError } from "../errors.ts";

/**
 * The data type where none is given: a step, an edge or a context that knows nothing of its data
 * fits wherever the data is typed. Reading it gives `unknown`, and it takes every key and value.
 */
// biome-ignore lint/suspicious/noExplicitAny: fits every other data type, in both directions
export type AnyData = any;

/** Every dotted path into `Data`, for data types that name their keys. */
export type DataPath<Data, Depth extends unknown[] = []> = string extends keyof Data
  ? string
  : {
      [Key in keyof Data & string]: Key | NestedPath<Key, NonNullable<Data[Key]>, [...Depth, Key]>;
    }[keyof Data & string];

/** Beyond five levels any path is accepted: a type may contain itself. */
type NestedPath<Key extends string, Value, Depth extends unknown[]> = Value extends
  | readonly unknown[]
  | string
  ? never
  : Value extends object
    ? string extends keyof Value
      ? `${Key}.${string}`
      : Depth["length"] extends 5
        ? `${Key}.${string}`
        : `${Key}.${DataPath<Value, Depth>}`
    : never;

/** The type of what a dotted path into `Data` leads to. */
export type DataAt<Data, Path extends string> = string extends keyof Data
  ? IndexedAt<Data[keyof Data & string], Path>
  : Path extends keyof Data
    ? Data[Path]
    : Path extends `${infer Head}.${infer Rest}`
      ? Head extends keyof Data
        ?
            | DataAt<NonNullable<Data[Head]>, Rest>
            | (Extract<Data[Head], undefined | null> extends never ? never : undefined)
        : unknown
      : unknown;

/** In a table of any keys, a key may be missing, and a path with a dot may be a key or lead on. */
type IndexedAt<Value, Path extends string> = 0 extends 1 & Value
  ? unknown
  : Path extends `${string}.${string}`
    ? unknown
    : Value | undefined;

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
   * The value under a key, or under a dotted path if there is no such key. Values are frozen:
   * what a step wants to change, it copies and sets.
   */
  get<Path extends DataPath<Data>>(path: Path): DataAt<Data, Path>;
  get<Path extends DataPath<Data>, Default>(
    path: Path,
    fallback: Default,
  ): Exclude<DataAt<Data, Path>, undefined> | Default;

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
  /**
   * The same for every attempt of this execution, different for every other: for outside
   * services.
   */
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
