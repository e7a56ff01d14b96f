import {
  type Attributes,
  type Context,
  context,
  createNoopMeter,
  metrics,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { RecordedError } from "../errors.ts";
import type { InstanceRecord } from "../machine/index.ts";
import type { Store } from "../store/store.ts";
import type { EngineCommand } from "./driver.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import type { WorkerLoad } from "./statistics.ts";
import type { StepContext } from "./step-context.ts";
import { Instruments } from "./telemetry-metrics.ts";
import { fromTraceparent, toTraceparent } from "./traceparent.ts";

/** How an attempt of a step ended. */
export type AttemptOutcome = "succeeded" | "failed" | "skipped" | "canceled";

const scope = "tandem-workflows";

/** An attempt under way. */
interface OpenAttempt {
  readonly span: Span;
  readonly begunAt: number;
  readonly attributes: Attributes;
  thrown: unknown;
}

/**
 * Spans and metrics for whoever has registered an OpenTelemetry SDK. While nobody has, there is no
 * telemetry, and nothing asks for it.
 */
export class Telemetry {
  readonly #tracer: Tracer = trace.getTracer(scope);
  readonly #instruments = new Instruments();
  readonly #attempts = new WeakMap<StepContext, OpenAttempt>();

  /** Undefined if no SDK was registered before. */
  static find(): Telemetry | undefined {
    return hasTracing() || hasMetrics() ? new Telemetry() : undefined;
  }

  /** What is measured whenever somebody reads the metrics. Gives a function that ends it. */
  observe(store: Store, now: () => number, load: () => WorkerLoad): () => void {
    return this.#instruments.observe(store, now, load);
  }

  /** Starts an instance in a span, which later steps belong to by its `traceparent`. */
  async start<Result>(
    workflow: string,
    start: (traceparent: string | undefined) => Promise<Result & StartedInstance>,
  ): Promise<Result> {
    const span = this.#tracer.startSpan(`start ${workflow}`, {
      attributes: { "tandem.workflow.name": workflow },
    });
    return this.#within(span, context.active(), async () => {
      const instance = await start(toTraceparent(span.spanContext()));
      span.setAttributes({
        "tandem.workflow.version": instance.version,
        "tandem.instance.id": instance.id,
      });
      return instance;
    });
  }

  /** A command that somebody gives from outside, until it is durable. */
  async command(
    { id, state }: InstanceRuntime,
    { type }: EngineCommand,
    work: () => Promise<void>,
  ): Promise<void> {
    const { workflow, version, traceparent } = state.instance;
    const instance = fromTraceparent(traceparent);
    const span = this.#tracer.startSpan(`command ${type}`, {
      attributes: {
        "tandem.command.type": type,
        "tandem.workflow.name": workflow,
        "tandem.workflow.version": version,
        "tandem.instance.id": id,
      },
      links: instance === undefined ? [] : [{ context: instance }],
    });
    return this.#within(span, context.active(), work);
  }

  async #within<Result>(span: Span, parent: Context, work: () => Promise<Result>): Promise<Result> {
    try {
      return await context.with(trace.setSpan(parent, span), work);
    } catch (error) {
      recordError(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  // --------------------------------------------------------------------------------------- attempts

  /** Calls a step's code inside the span of its attempt. */
  attempt(
    { id, state }: InstanceRuntime,
    step: StepContext,
    phase: string,
    call: () => unknown,
  ): unknown {
    const { workflow, version, traceparent } = state.instance;
    const attributes = {
      "tandem.workflow.name": workflow,
      "tandem.step.name": withoutItems(step.stepName),
      "tandem.step.phase": phase,
    };
    // Whoever happened to cause the commit that led here is not its parent.
    const instance = fromTraceparent(traceparent);
    const parent =
      instance === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, instance);
    const span = this.#tracer.startSpan(
      `step ${attributes["tandem.step.name"]}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          ...attributes,
          "tandem.workflow.version": version,
          "tandem.instance.id": id,
          "tandem.step.path": step.stepName,
          "tandem.step.attempt": step.attempt,
          "tandem.step.iteration": step.iteration,
        },
      },
      parent,
    );
    const begunAt = performance.now();
    this.#attempts.set(step, { span, begunAt, attributes, thrown: undefined });
    return context.with(trace.setSpan(parent, span), call);
  }

  /** What the step's code threw, with its stack. */
  attemptThrew(step: StepContext, thrown: unknown): void {
    const open = this.#attempts.get(step);
    if (open !== undefined) open.thrown = thrown;
  }

  attemptEnded(step: StepContext, outcome: AttemptOutcome, error?: RecordedError): void {
    const open = this.#attempts.get(step);
    if (open === undefined) return;
    this.#attempts.delete(step);
    const { span, begunAt, attributes, thrown } = open;
    span.setAttribute("tandem.step.outcome", outcome);
    if (outcome === "failed") {
      recordError(span, thrown ?? error);
      if (error !== undefined) span.setAttribute("error.type", error.code);
    }
    span.end();
    const seconds = (performance.now() - begunAt) / 1000;
    this.#instruments.stepEnded(seconds, { ...attributes, "tandem.step.outcome": outcome });
  }

  // -------------------------------------------------------------------------------------- instances

  instanceStarted({ workflow }: InstanceRecord): void {
    this.#instruments.instanceStarted(workflow);
  }

  instanceEnded({ workflow, status }: InstanceRecord): void {
    this.#instruments.instanceEnded(workflow, status);
  }

  /** A commit took so many milliseconds. */
  committed(milliseconds: number): void {
    this.#instruments.committed(milliseconds / 1000);
  }
}

interface StartedInstance {
  readonly id: string;
  readonly version: string;
}

function recordError(span: Span, error: unknown): void {
  const exception = error instanceof Error ? error : messageOf(error);
  span.recordException(exception);
  const message = typeof exception === "string" ? exception : exception.message;
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function messageOf(error: unknown): string {
  const isRecorded = typeof error === "object" && error !== null && "message" in error;
  return String(isRecorded ? error.message : error);
}

/** The path of a step, without the numbers of a map's items: they would be too many to count by. */
function withoutItems(path: string): string {
  return path.replaceAll(/\[\d+\]/g, "[]");
}

function hasTracing(): boolean {
  const provider = trace.getTracerProvider();
  const isIdle =
    provider instanceof ProxyTracerProvider &&
    provider.getDelegate() === new ProxyTracerProvider().getDelegate();
  return !isIdle;
}

function hasMetrics(): boolean {
  return metrics.getMeter(scope) !== createNoopMeter();
}
