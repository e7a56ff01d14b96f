import type { RecordedError } from "../errors.ts";
import type { AnyData, ReadonlyContext, WorkflowContext } from "./context.ts";
import type { FormData } from "./form-data.ts";

/** When and how often a failed attempt is tried again. */
export interface RetryPolicy {
  /** All attempts, the first included. */
  readonly maxAttempts: number;
  /** Delay before the second attempt; 0 unless told. */
  readonly initialIntervalMs?: number;
  /** Each delay is this many times the one before; 2 unless told. */
  readonly backoffCoefficient?: number;
  /** No delay is longer; one hour unless told. */
  readonly maxIntervalMs?: number;
  /** From 0 to 1: each delay is shortened by up to this share of it, at random; 0 unless told. */
  readonly jitter?: number;
  /** Whether this error is worth another attempt; every error is unless told. */
  readonly retryOn?: (error: unknown) => boolean;
}

/**
 * How a node with several incoming edges starts, when the default (wait for all that can still
 * come) is not what is wanted:
 * - `"any"`, or a number n: at the first, or n-th, arrival of a round;
 * - `"each"`: once for every arrival;
 * - `"and"`: with one arrival on every edge, whatever happens.
 */
export type Join = "any" | "each" | "and" | number;

/** A value, or a pure function of the context that gives it. */
export type FromContext<Value, Data = AnyData> =
  | Value
  | ((context: ReadonlyContext<Data>) => Value);

/** What every step and every group may say. */
export interface NodeOptions<Data = AnyData> {
  readonly title?: string | FromContext<string, Data>;
  readonly description?: string | FromContext<string, Data>;
  readonly retry?: RetryPolicy;
  /** Longest time for one attempt; then it counts as failed. None unless told. */
  readonly timeoutMs?: number;
  /** Longest time for all attempts and the delays between them. None unless told. */
  readonly deadlineMs?: number;
  readonly join?: Join;
  /** With `join: "any"` or a number: what could still arrive is cancelled when the node starts. */
  readonly cancelRest?: boolean;
  /** Nodes of the same mutex never run at the same time in an instance. */
  readonly mutex?: string;
  /** Steps of the definition that are cancelled when this node has succeeded or failed. */
  readonly cancels?: readonly string[];
  /** False skips the node: its edges are taken as if it had succeeded. */
  canExecute?(context: WorkflowContext<Data>): boolean | Promise<boolean>;
  /** Called after the success is durable: for logging and metrics; it cannot change the outcome. */
  onSuccess?(context: ReadonlyContext<Data>, result: unknown): unknown;
  /** Called after the final failure is durable; it cannot change the outcome. */
  onFailure?(context: ReadonlyContext<Data>, error: RecordedError): unknown;
}

/** The kinds of step; each is one row of the table in `docs/steps.md`. */
export type StepKind =
  | "machine"
  | "human"
  | "gateway"
  | "timer"
  | "webhook"
  | "signal"
  | "subworkflow";

/** Carries the result type for inference; never set at run time. */
declare const resultType: unique symbol;

/**
 * The type of what a step returns, or of the data that a person, signal or webhook gives. Of a step
 * with a class of its own, it is what its `execute` returns or its `formSchema` says.
 */
export type ResultOf<S> =
  // biome-ignore lint/suspicious/noExplicitAny: matches execute whatever the data type is
  S extends { readonly kind: "machine"; execute(context: any): infer Returned }
    ? Awaited<Returned>
    : S extends { readonly kind: "human"; formSchema?: infer Form }
      ? FormData<NonNullable<Form>>
      : S extends { readonly [resultType]?: infer Result }
        ? Result
        : unknown;

/** What all steps have in common. Use one of the classes for each kind. */
export abstract class BaseStep<Data = AnyData, Result = unknown> implements NodeOptions<Data> {
  declare readonly [resultType]?: Result;
  abstract readonly kind: StepKind;
  /** In a definition's `steps`, the key counts; in a group, this name. */
  name = "";
  title?: string | FromContext<string, Data>;
  description?: string | FromContext<string, Data>;
  retry?: RetryPolicy;
  timeoutMs?: number;
  deadlineMs?: number;
  /** A limit that the engine defines, shared by all instances of the process. */
  limit?: string;
  join?: Join;
  cancelRest?: boolean;
  mutex?: string;
  cancels?: readonly string[];

  canExecute?(context: WorkflowContext<Data>): boolean | Promise<boolean>;
  onSuccess?(context: ReadonlyContext<Data>, result: Result): unknown;
  onFailure?(context: ReadonlyContext<Data>, error: RecordedError): unknown;
  /** Undoes the step, when its instance failed or was cancelled and its definition compensates. */
  compensate?(context: WorkflowContext<Data>): unknown;
}

/**
 * A step that runs code. The code may run more than once (after a crash, on a retry), so it should
 * be safe to repeat; `context.idempotencyKey` helps.
 */
export abstract class BaseMachineStep<Data = AnyData, Result = unknown> extends BaseStep<
  Data,
  Result
> {
  readonly kind = "machine";

  abstract execute(context: WorkflowContext<Data>): Result | Promise<Result>;
}

/** Sets options on a node. Its kind stays, even if a step is passed where options belong. */
export function setOptions(node: { readonly kind: string }, options: object): void {
  Object.assign(node, options, { kind: node.kind });
}

/** Options of the function shorthands: everything that the class could declare. */
export interface StepOptions<Data = AnyData> extends NodeOptions<Data> {
  readonly limit?: string;
  compensate?(context: WorkflowContext<Data>): unknown;
}

/** Options of the steps that are configured rather than written: timers, webhooks, gateways, … */
export interface NamedStepOptions<Data = AnyData> extends StepOptions<Data> {
  /** Needed only where the step is a member of a group. */
  readonly name?: string;
}

class FunctionStep<Data, Result> extends BaseMachineStep<Data, Result> {
  readonly #run: (context: WorkflowContext<Data>) => Result | Promise<Result>;

  constructor(
    name: string,
    run: (context: WorkflowContext<Data>) => Result | Promise<Result>,
    options: StepOptions<Data>,
  ) {
    super();
    setOptions(this, { ...options, name });
    this.#run = run;
  }

  execute(context: WorkflowContext<Data>): Result | Promise<Result> {
    return this.#run(context);
  }
}

/** A machine step without a class of its own. */
export function machineStep<Data = AnyData, Result = unknown>(
  name: string,
  execute: (context: WorkflowContext<Data>) => Result | Promise<Result>,
  options: StepOptions<Data> = {},
): BaseMachineStep<Data, Result> {
  return new FunctionStep(name, execute, options);
}
