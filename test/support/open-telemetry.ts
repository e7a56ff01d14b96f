import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  type ContextManager,
  context,
  metrics,
  ROOT_CONTEXT,
  trace,
} from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

/** What the context of a call is, as the SDK for Node keeps it. */
class LocalContexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<Args extends unknown[], Call extends (...args: Args) => ReturnType<Call>>(
    active: Context,
    call: Call,
    thisArg?: ThisParameterType<Call>,
    ...args: Args
  ): ReturnType<Call> {
    return this.#storage.run(active, () => call.call(thisArg as never, ...args));
  }

  bind<Target>(_context: Context, target: Target): Target {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}

/** An SDK that keeps spans and metrics in memory. It is registered until it is closed. */
export class MemoryTelemetry {
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({
    exporter: this.#metrics,
    exportIntervalMillis: 3_600_000,
  });
  readonly #meters = new MeterProvider({ readers: [this.#reader] });

  constructor() {
    context.setGlobalContextManager(new LocalContexts());
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#spans)] }),
    );
    metrics.setGlobalMeterProvider(this.#meters);
  }

  /** The spans that have ended, in this order. */
  get spans(): ReadableSpan[] {
    return this.#spans.getFinishedSpans();
  }

  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** What was measured under a name until now: its unit, and its points. */
  async measured(name: string): Promise<{ unit: string; points: DataPoint<unknown>[] }> {
    this.#metrics.reset();
    await this.#reader.forceFlush();
    const all = this.#metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics: each }) => each)
      .filter(({ descriptor }) => descriptor.name === name);
    const unit = all[0]?.descriptor.unit ?? "";
    return { unit, points: all.flatMap(({ dataPoints }) => dataPoints as DataPoint<unknown>[]) };
  }

  async close(): Promise<void> {
    trace.disable();
    metrics.disable();
    context.disable();
    await this.#meters.shutdown();
  }
}
