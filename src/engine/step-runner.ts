import type { Logger, WorkflowContext } from "../definition/context.ts";
import type { BaseGateway } from "../definition/gateway.ts";
import type { StepGroup } from "../definition/group.ts";
import type { BaseMachineStep, BaseStep } from "../definition/step.ts";
import type { WebhookStep } from "../definition/wait-steps.ts";
import { InvalidArgumentError, type RecordedError } from "../errors.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import {
  type Command,
  type Effect,
  type ExecutionRecord,
  type InstanceState,
  isLive,
  type Writes,
} from "../machine/index.ts";
import type { Clock } from "./clock.ts";
import { GroupBody } from "./group-body.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import type { Limiter } from "./limiter.ts";
import { isWorthRetrying, recordError } from "./recorded-error.ts";
import { StepContext } from "./step-context.ts";
import type { AttemptOutcome, Telemetry } from "./telemetry.ts";

type RunStep = Extract<Effect, { type: "RunStep" }>;
type Phase = RunStep["phase"];

/** What the runner needs of the engine. */
export interface RunnerHost {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limiters: ReadonlyMap<string, Limiter>;
  readonly random: () => number;
  send(runtime: InstanceRuntime, command: Command): void;
  /** Whether no other worker can have taken over; does it when that is so. */
  isTrusted(): boolean;
  whenTrusted(work: () => void): void;
  /** Goes on with an execution of before a restart, whose step has become known. */
  resume(runtime: InstanceRuntime, execution: ExecutionRecord): void;
  tokenFor(instanceId: string, executionId: number): string;
  readonly telemetry: Telemetry | undefined;
  readonly aroundStep: AroundStep | undefined;
}

/**
 * Called with each attempt of a step, in place of its code; `run` calls the code. What it gives, or
 * throws, counts as the attempt's.
 */
export type AroundStep = (context: WorkflowContext, run: () => unknown) => unknown;

/**
 * What is called when an attempt's promise settles. It is used again for other attempts: functions
 * made for each step would cost more than the rest of it.
 */
class OpenAttempt {
  runtime: InstanceRuntime | undefined = undefined;
  context: StepContext | undefined = undefined;
  phase: Phase = "execute";
  disarm: (() => void) | undefined = undefined;
  onEnd: (() => void) | undefined = undefined;
  readonly fulfilled: (value: unknown) => void;
  readonly rejected: (error: unknown) => void;

  constructor(settled: (open: OpenAttempt, isFulfilled: boolean, value: unknown) => void) {
    this.fulfilled = (value) => settled(this, true, value);
    this.rejected = (error) => settled(this, false, error);
  }
}

/** Calls the author's code, and reports once for each attempt how it ended. */
export class StepRunner {
  readonly #host: RunnerHost;
  readonly #free: OpenAttempt[] = [];

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  perform(runtime: InstanceRuntime, effect: Effect): void {
    // What concerns children was sent as messages, with the commit.
    if (effect.type === "RunStep") this.#run(runtime, effect);
    else if (effect.type === "AbortStep") this.abort(runtime, effect.executionId);
  }

  #run(runtime: InstanceRuntime, { execution, phase }: RunStep): void {
    const { graph, state } = runtime;
    // What came with the same commit, or after it, may have ended it already.
    if (!isCurrent(state, execution)) return;
    const context = new StepContext(graph, state, execution, this.#host.logger);
    runtime.running.add(context);
    const node = state.node(execution);
    const { limit } = node;
    // A limit is for the step's own code; of what waits, only a webhook has any.
    const isLimited = limit !== undefined && (phase !== "prepare" || node.kind === "webhook");
    const limiter = isLimited ? this.#host.limiters.get(limit) : undefined;
    if (limiter === undefined) {
      this.#begin(runtime, context, node, phase);
      return;
    }
    limiter.enter({
      isWanted: () => mayBegin(runtime, context),
      begin: () => this.#begin(runtime, context, node, phase, () => limiter.end()),
    });
  }

  #begin(
    runtime: InstanceRuntime,
    context: StepContext,
    node: GraphNode,
    phase: Phase,
    onEnd?: () => void,
  ): void {
    if (this.#host.isTrusted()) {
      this.#attempt(runtime, context, node, phase, onEnd);
      return;
    }
    this.#host.whenTrusted(() => {
      if (mayBegin(runtime, context)) this.#attempt(runtime, context, node, phase, onEnd);
      else onEnd?.();
    });
  }

  /** The attempt has lost its right to report. */
  abort(runtime: InstanceRuntime, executionId: number): void {
    const context = runtime.running.get(executionId);
    if (context === undefined) return;
    runtime.running.delete(context);
    runtime.bodies?.delete(executionId);
    this.#host.telemetry?.attemptEnded(context, "canceled");
    context.abort(new DOMException(`"${context.stepName}" was cancelled.`, "AbortError"));
  }

  #attempt(
    runtime: InstanceRuntime,
    context: StepContext,
    node: GraphNode,
    phase: Phase,
    onEnd?: () => void,
  ): void {
    const disarm = this.#armTimeout(runtime, context, node, phase);
    let outcome: unknown;
    const { telemetry } = this.#host;
    try {
      outcome =
        telemetry === undefined
          ? this.#call(runtime, context, node, phase)
          : telemetry.attempt(runtime, context, phase, () =>
              this.#call(runtime, context, node, phase),
            );
    } catch (error) {
      disarm?.();
      this.#failed(runtime, context, node, error);
      onEnd?.();
      return;
    }
    if (isThenable(outcome)) {
      const open = this.#free.pop() ?? new OpenAttempt(this.#settled);
      open.runtime = runtime;
      open.context = context;
      open.phase = phase;
      open.disarm = disarm;
      open.onEnd = onEnd;
      // Only a promise of the platform is sure to call back once.
      const promise = outcome.constructor === Promise ? outcome : Promise.resolve(outcome);
      promise.then(open.fulfilled, open.rejected);
      return;
    }
    disarm?.();
    this.#ended(runtime, context, node, phase, outcome);
    onEnd?.();
  }

  readonly #settled = (open: OpenAttempt, isFulfilled: boolean, value: unknown): void => {
    const { runtime, context, phase, disarm, onEnd } = open;
    if (runtime === undefined || context === undefined) return;
    open.runtime = undefined;
    open.context = undefined;
    this.#free.push(open);
    disarm?.();
    const node = runtime.state.node(context.execution);
    if (isFulfilled) this.#ended(runtime, context, node, phase, value);
    else this.#failed(runtime, context, node, value);
    onEnd?.();
  };

  #call(runtime: InstanceRuntime, context: StepContext, node: GraphNode, phase: Phase): unknown {
    const { aroundStep } = this.#host;
    if (aroundStep === undefined) return this.#callStep(runtime, context, node, phase);
    return aroundStep(context, () => this.#callStep(runtime, context, node, phase));
  }

  #callStep(runtime: InstanceRuntime, context: StepContext, node: GraphNode, phase: Phase) {
    const { source } = node;
    if (phase === "compensate") return (source as BaseStep).compensate?.(context);
    if (node.isGuarded) return this.#callIfAllowed(runtime, context, node, phase);
    return this.#callCode(runtime, context, node, phase);
  }

  async #callIfAllowed(
    runtime: InstanceRuntime,
    context: StepContext,
    node: GraphNode,
    phase: Phase,
  ): Promise<unknown> {
    const allowed = await node.source.canExecute?.(context);
    if (typeof allowed !== "boolean") {
      throw new InvalidArgumentError(
        `canExecute of "${context.stepName}" gave ${String(allowed)}; it must give true or false.`,
      );
    }
    return allowed ? this.#callCode(runtime, context, node, phase) : skipped;
  }

  #callCode(
    runtime: InstanceRuntime,
    context: StepContext,
    { kind, source }: GraphNode,
    phase: Phase,
  ): unknown {
    switch (kind) {
      case "machine":
        return (source as BaseMachineStep).execute(context);
      case "gateway":
        return (source as BaseGateway).evaluate?.(context);
      case "webhook": {
        const token = this.#host.tokenFor(runtime.id, context.execution.id);
        return (source as WebhookStep).execute?.(context, token);
      }
      case "custom": {
        if (phase === "prepare") return undefined;
        const body = new GroupBody(runtime, context, {
          send: (command) => this.#host.send(runtime, command),
          resume: (execution) => this.#host.resume(runtime, execution),
        });
        runtime.bodies ??= new Map();
        runtime.bodies.set(context.execution.id, body);
        context.useLog(body.log);
        return (source as StepGroup).execute(context, body);
      }
      default:
        return undefined;
    }
  }

  #ended(
    runtime: InstanceRuntime,
    context: StepContext,
    node: GraphNode,
    phase: Phase,
    value: unknown,
  ): void {
    if (context.isClosed) return;
    const { id: executionId, attempt } = context.execution;
    let command: Command;
    try {
      command =
        value === skipped
          ? { type: "StepSkipped", executionId, attempt }
          : phase === "prepare"
            ? { type: "StepReady", executionId, attempt, writes: context.writes() }
            : success(context.execution, node, phase, value, context.writes());
    } catch (error) {
      this.#failed(runtime, context, node, error);
      return;
    }
    this.#report(runtime, context, command);
  }

  #failed(runtime: InstanceRuntime, context: StepContext, node: GraphNode, thrown: unknown): void {
    if (context.isClosed) return;
    const error = recordError(thrown, context.stepName);
    this.#host.telemetry?.attemptThrew(context, thrown);
    let retryable = false;
    try {
      retryable = isWorthRetrying(thrown, node.retry?.retryOn);
    } catch (failure) {
      this.#host.logger.error(`retryOn of "${context.stepName}" threw`, { error: failure });
    }
    this.#reportFailure(runtime, context, error, retryable);
  }

  #reportFailure(
    runtime: InstanceRuntime,
    context: StepContext,
    error: RecordedError,
    retryable: boolean,
  ): void {
    const { id: executionId, attempt } = context.execution;
    const random = this.#host.random();
    this.#report(runtime, context, {
      type: "StepFailed",
      executionId,
      attempt,
      error,
      retryable,
      random,
    });
  }

  #report(runtime: InstanceRuntime, context: StepContext, command: Command): void {
    context.close();
    runtime.running.delete(context);
    runtime.bodies?.delete(context.execution.id);
    this.#host.telemetry?.attemptEnded(context, outcomeOf(command), errorOf(command));
    this.#host.send(runtime, command);
  }

  /**
   * The time of an attempt counts from when its code is called: a limit's queue is not part of it.
   */
  #armTimeout(
    runtime: InstanceRuntime,
    context: StepContext,
    { kind, runsCode, timeoutMs }: GraphNode,
    phase: Phase,
  ): (() => void) | undefined {
    const isOwn = (runsCode && kind !== "custom") || phase === "compensate";
    if (timeoutMs === undefined || !isOwn) return undefined;
    const { clock } = this.#host;
    return clock.callAt(clock.now() + timeoutMs, () => {
      if (context.isClosed) return;
      const message = `"${context.stepName}" did not end within ${timeoutMs} ms (timeoutMs).`;
      const error: RecordedError = { code: "STEP_TIMEOUT", message, path: context.stepName };
      this.#reportFailure(runtime, context, error, true);
      context.abort(new DOMException(message, "TimeoutError"));
    });
  }
}

function outcomeOf({ type }: Command): AttemptOutcome {
  if (type === "StepFailed") return "failed";
  return type === "StepSkipped" ? "skipped" : "succeeded";
}

function errorOf(command: Command): RecordedError | undefined {
  return command.type === "StepFailed" ? command.error : undefined;
}

function isCurrent(state: InstanceState, { id, attempt }: ExecutionRecord): boolean {
  const execution = state.execution(id);
  return execution.attempt === attempt && isLive(execution.status);
}

/** Whether an attempt that had to wait may still begin. */
function mayBegin({ state }: InstanceRuntime, { isClosed, execution }: StepContext): boolean {
  return !isClosed && isCurrent(state, execution);
}

/** What `canExecute` gives when it says no. */
const skipped = Symbol("skipped");

function success(
  { id: executionId, attempt, path }: ExecutionRecord,
  node: GraphNode,
  phase: Phase,
  value: unknown,
  writes: Writes | undefined,
): Command {
  if (node.kind === "gateway" && phase === "execute") {
    const targets = typeof value === "string" ? [value] : value;
    if (!Array.isArray(targets) || targets.some((target) => typeof target !== "string")) {
      throw new InvalidArgumentError(
        `evaluate of "${path}" must give the name of a step, or a list of names; ` +
          `found ${JSON.stringify(value) ?? String(value)}.`,
      );
    }
    return { type: "StepSucceeded", executionId, attempt, result: undefined, writes, targets };
  }
  const result = value === undefined ? undefined : toJson(value, `The result of "${path}"`);
  return { type: "StepSucceeded", executionId, attempt, result, writes };
}

function isThenable(value: unknown): value is Promise<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
