import { type Attributes, metrics } from "@opentelemetry/api";
import type { Store } from "../store/store.ts";
import type { WorkerLoad } from "./statistics.ts";

/** From half a millisecond to some minutes. */
const boundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300];

/** What is measured; `docs/telemetry.md` says what each name means. */
export class Instruments {
  readonly #meter = metrics.getMeter("tandem-workflows");
  readonly #started = this.#meter.createCounter("tandem.instances.started", {
    unit: "{instance}",
    description: "Instances that were started",
  });
  readonly #ended = this.#meter.createCounter("tandem.instances.ended", {
    unit: "{instance}",
    description: "Instances that ended, by how",
  });
  readonly #steps = this.#meter.createHistogram("tandem.step.duration", {
    unit: "s",
    description: "How long the code of an attempt ran",
    advice: { explicitBucketBoundaries: boundaries },
  });
  readonly #commits = this.#meter.createHistogram("tandem.commit.duration", {
    unit: "s",
    description: "How long the store took to keep a commit",
    advice: { explicitBucketBoundaries: boundaries },
  });

  instanceStarted(workflow: string): void {
    this.#started.add(1, { "tandem.workflow.name": workflow });
  }

  instanceEnded(workflow: string, status: string): void {
    this.#ended.add(1, { "tandem.workflow.name": workflow, "tandem.instance.status": status });
  }

  stepEnded(seconds: number, attributes: Attributes): void {
    this.#steps.record(seconds, attributes);
  }

  committed(seconds: number): void {
    this.#commits.record(seconds);
  }

  observe(store: Store, now: () => number, load: () => WorkerLoad): () => void {
    const gauge = (name: string, unit: string, description: string) =>
      this.#meter.createObservableGauge(name, { unit, description });
    const queue = gauge("tandem.queue.length", "{command}", "Commands that wait to be decided");
    const running = gauge("tandem.steps.running", "{step}", "Attempts whose code runs");
    const waits = gauge("tandem.waits.open", "{wait}", "What waits in the store, by kind");
    const all = [queue, running, waits];
    const observe = async (result: ObserveResult) => {
      const { queuedCommands, runningSteps } = load();
      result.observe(queue, queuedCommands);
      result.observe(running, runningSteps);
      const { openTasks, overdueTasks, dueTimers, messages } = await store.measure(now());
      const kinds = { task: openTasks, overdue_task: overdueTasks, due_timer: dueTimers };
      for (const [kind, count] of Object.entries({ ...kinds, message: messages })) {
        result.observe(waits, count, { "tandem.wait.kind": kind });
      }
    };
    this.#meter.addBatchObservableCallback(observe, all);
    return () => this.#meter.removeBatchObservableCallback(observe, all);
  }
}

type ObserveResult = Parameters<
  Parameters<ReturnType<typeof metrics.getMeter>["addBatchObservableCallback"]>[0]
>[0];
