import { InvalidOptionError } from "../errors.ts";
import type { AnyData, ReadonlyContext, WorkflowContext } from "./context.ts";
import { parseInstant } from "./instant.ts";
import { BaseStep, type FromContext, type NamedStepOptions, setOptions } from "./step.ts";

export interface TimerOptions<Data> extends NamedStepOptions<Data> {
  /** How long to wait. */
  readonly durationMs?: FromContext<number, Data>;
  /**
   * Until when to wait: a date, an ISO 8601 string with a zone, or milliseconds since the epoch.
   */
  readonly until?: FromContext<Date | string | number, Data>;
}

/** Ends when its duration or its date has passed, across restarts. Give one of the two. */
export class TimerStep<Data = AnyData> extends BaseStep<Data, undefined> {
  readonly kind = "timer";
  readonly durationMs?: FromContext<number, Data>;
  readonly until?: FromContext<Date | string | number, Data>;

  constructor(options: TimerOptions<Data>) {
    super();
    setOptions(this, options);
  }
}

/**
 * When a timer that starts now is due, in milliseconds since the epoch.
 *
 * @throws InvalidOptionError if its function gave no time.
 */
export function dueTime(step: TimerStep, context: ReadonlyContext, now: number): number {
  const { durationMs, until } = step;
  if (durationMs !== undefined) {
    const length = typeof durationMs === "function" ? durationMs(context) : durationMs;
    if (Number.isFinite(length) && length >= 0) return now + length;
    throw new InvalidOptionError(`durationMs is ${length}; it must be a number of at least 0`);
  }
  const date = typeof until === "function" ? until(context) : until;
  const time = parseInstant(date);
  if (time !== undefined) return time;
  throw new InvalidOptionError(
    `until is ${String(date)}; it must be a date, an ISO 8601 string with a zone, or milliseconds`,
  );
}

export interface WebhookOptions<Data> extends NamedStepOptions<Data> {
  /**
   * Hands the one-time token to whoever will call back. Runs like a machine step's code: at least
   * once, with the same token and idempotency key. Without it, read the token from the engine.
   */
  readonly execute?: (context: WorkflowContext<Data>, token: string) => unknown;
}

/**
 * Ends when somebody calls back with its one-time token. The payload stands under the step's
 * name.
 */
export class WebhookStep<Data = AnyData, Payload = unknown> extends BaseStep<Data, Payload> {
  readonly kind = "webhook";
  execute?: (context: WorkflowContext<Data>, token: string) => unknown;

  constructor(options: WebhookOptions<Data> = {}) {
    super();
    setOptions(this, options);
  }
}

export interface SignalOptions<Data> extends NamedStepOptions<Data> {
  /** The name of the signal. */
  readonly signal: string;
  /** Only a signal that arrives while the step waits counts, not one that arrived before. */
  readonly transient?: boolean;
}

/**
 * Ends when a signal of its name arrives for the instance. Its data stands under the step's name.
 */
export class SignalStep<Data = AnyData, Payload = unknown> extends BaseStep<Data, Payload> {
  readonly kind = "signal";
  readonly signal: string;
  readonly transient?: boolean;

  constructor(options: SignalOptions<Data>) {
    super();
    this.signal = options?.signal;
    setOptions(this, options);
  }
}

/**
 * Data that crosses between parent and child: a function that gives an object, or for each key of
 * the receiver the path in the giver's data.
 */
export type Mapping<Data> =
  | Readonly<Record<string, string>>
  | ((context: ReadonlyContext<Data>) => Readonly<Record<string, unknown>>);

export interface SubworkflowOptions<Data> extends NamedStepOptions<Data> {
  readonly workflow: string;
  /** The latest registered version unless told. */
  readonly version?: string;
  /** The child's initial data; empty unless told. */
  readonly input?: Mapping<Data>;
  /** What the child's data writes into the parent's; nothing unless told. */
  readonly output?: Mapping<AnyData>;
}

/**
 * Runs another definition as a child instance and ends with it; its result is what `output` gave.
 */
export class SubworkflowStep<Data = AnyData> extends BaseStep<Data, Record<string, unknown>> {
  readonly kind = "subworkflow";
  readonly workflow: string;
  readonly version?: string;
  readonly input?: Mapping<Data>;
  readonly output?: Mapping<AnyData>;

  constructor(options: SubworkflowOptions<Data>) {
    super();
    this.workflow = options?.workflow;
    setOptions(this, options);
  }
}
