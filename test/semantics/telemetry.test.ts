import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import {
  humanStep,
  LocalExecutionEngine,
  MapGroup,
  MemoryStore,
  machineStep,
  SubworkflowStep,
  WorkflowRegistry,
} from "tandem-workflows";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryTelemetry } from "../support/open-telemetry.ts";
import { RemoteStore } from "../support/remote-store.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const steps = () => ({
  pack: machineStep("pack", async () => {}),
  check: humanStep("check"),
  send: machineStep("send", async () => {}),
});
const order = () => flow(steps(), ["pack -> check -> send"], { name: "order" });

const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;
const traceOf = (span: ReadableSpan | undefined) => span?.spanContext().traceId;

let telemetry: MemoryTelemetry;

beforeEach(() => {
  telemetry = new MemoryTelemetry();
});

afterEach(() => telemetry.close());

describe("spans", () => {
  test("of a start, a command and each attempt, the steps below the start", async () => {
    const { engine } = new Workshop();
    await engine.startWorkflow(order(), { instanceId: "a" });
    await engine.completeHumanTask({ instanceId: "a", stepName: "check", userId: "ann" });
    expect(telemetry.spans.map(({ name }) => name).sort()).toEqual([
      "command TaskCompleted",
      "start order",
      "step pack",
      "step send",
    ]);
    const [start] = telemetry.named("start order");
    const [pack] = telemetry.named("step pack");
    const [command] = telemetry.named("command TaskCompleted");
    const [send] = telemetry.named("step send");
    expect(start?.parentSpanContext).toBeUndefined();
    for (const step of [pack, send]) {
      expect(step?.parentSpanContext?.spanId).toBe(idOf(start));
      expect(traceOf(step)).toBe(traceOf(start));
    }
    // A command belongs to whoever gives it, and is linked to the instance.
    expect(traceOf(command)).not.toBe(traceOf(start));
    expect(command?.links.map((link) => link.context.spanId)).toEqual([idOf(start)]);
    expect(start?.attributes).toEqual({
      "tandem.workflow.name": "order",
      "tandem.workflow.version": "1.0.0",
      "tandem.instance.id": "a",
    });
    expect(send?.attributes).toEqual({
      "tandem.workflow.name": "order",
      "tandem.workflow.version": "1.0.0",
      "tandem.instance.id": "a",
      "tandem.step.name": "send",
      "tandem.step.path": "send",
      "tandem.step.phase": "execute",
      "tandem.step.attempt": 1,
      "tandem.step.iteration": 1,
      "tandem.step.outcome": "succeeded",
    });
    expect(command?.attributes).toMatchObject({
      "tandem.command.type": "TaskCompleted",
      "tandem.instance.id": "a",
    });
  });

  test("of a start and a command are below the span of whoever calls", async () => {
    const { engine } = new Workshop();
    const request = trace.getTracer("test").startSpan("request");
    await context.with(trace.setSpan(context.active(), request), async () => {
      await engine.startWorkflow(order(), { instanceId: "a" });
      await engine.completeHumanTask({ instanceId: "a", stepName: "check", userId: "ann" });
    });
    const { spanId, traceId } = request.spanContext();
    for (const name of ["start order", "command TaskCompleted"]) {
      expect(telemetry.named(name).map((span) => span.parentSpanContext?.spanId)).toEqual([spanId]);
    }
    expect(telemetry.spans.map(traceOf)).toEqual(Array(4).fill(traceId));
  });

  test("a step's own code runs inside the span of its attempt, after an await too", async () => {
    const seen: (string | undefined)[] = [];
    const note = () => seen.push(trace.getActiveSpan()?.spanContext().spanId);
    const work = machineStep("work", async () => {
      note();
      await new Promise((resolve) => setImmediate(resolve));
      note();
      trace.getTracer("test").startSpan("query").end();
    });
    await new Workshop().engine.startWorkflow(flow({ work }));
    const [step] = telemetry.named("step work");
    expect(seen).toEqual([idOf(step), idOf(step)]);
    expect(telemetry.named("query")[0]?.parentSpanContext?.spanId).toBe(idOf(step));
  });

  test("of each attempt, with what it threw", async () => {
    const work = machineStep(
      "work",
      ({ attempt }) => {
        if (attempt === 1) throw new TypeError("no answer");
      },
      { retry: { maxAttempts: 2 } },
    );
    const shop = new Workshop();
    await shop.start(flow({ work }));
    await shop.advance(60_000);
    const [first, second] = telemetry.named("step work");
    expect(first?.attributes).toMatchObject({
      "tandem.step.attempt": 1,
      "tandem.step.outcome": "failed",
      "error.type": "STEP_FAILED",
    });
    expect(first?.status).toEqual({ code: SpanStatusCode.ERROR, message: "no answer" });
    expect(
      first?.events.map(({ name, attributes }) => [name, attributes?.["exception.type"]]),
    ).toEqual([["exception", "TypeError"]]);
    expect(String(first?.events[0]?.attributes?.["exception.stacktrace"])).toContain("telemetry");
    expect(second?.attributes).toMatchObject({
      "tandem.step.attempt": 2,
      "tandem.step.outcome": "succeeded",
    });
    expect(second?.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("of an attempt that took too long, and of one that was cancelled", async () => {
    const shop = new Workshop();
    await shop.start(flow({ slow: shop.step("slow", { timeoutMs: 1000 }) }, [], { name: "slow" }));
    await shop.advance(1000);
    await shop.start(flow({ work: shop.step("work") }, [], { name: "work" }));
    await shop.engine.cancelWorkflow(shop.id);
    const [slow] = telemetry.named("step slow");
    expect(slow?.attributes).toMatchObject({ "error.type": "STEP_TIMEOUT" });
    expect(slow?.status.code).toBe(SpanStatusCode.ERROR);
    const [work] = telemetry.named("step work");
    expect(work?.attributes["tandem.step.outcome"]).toBe("canceled");
    expect(work?.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("of a command and a start that were refused have the error", async () => {
    const { engine } = new Workshop();
    await engine.startWorkflow(order(), { instanceId: "a" });
    await engine.cancelWorkflow("a");
    await refusal(engine.cancelWorkflow("a"));
    await refusal(engine.startWorkflow("ordre"));
    const [, second] = telemetry.named("command Cancel");
    expect(second?.status.code).toBe(SpanStatusCode.ERROR);
    expect(telemetry.named("start ordre")[0]?.status.code).toBe(SpanStatusCode.ERROR);
  });

  test("of steps in another process, and of children, are below the start", async () => {
    const home = new MemoryStore();
    const registry = new WorkflowRegistry();
    registry.registerDefinition(order());
    registry.registerDefinition(
      flow(
        { check: humanStep("check"), sub: new SubworkflowStep({ workflow: "order" }) },
        ["check -> sub"],
        { name: "outer" },
      ),
    );
    const { clock } = new Workshop();
    const engineOn = () =>
      new LocalExecutionEngine(registry, { store: new RemoteStore(home), clock });
    const [one, two] = [engineOn(), engineOn()];
    await one.startWorkflow("outer", { instanceId: "a" });
    await one.close();
    await two.completeHumanTask({ instanceId: "a", stepName: "check", userId: "ann" });
    const [start] = telemetry.named("start outer");
    const [pack] = telemetry.named("step pack");
    expect(pack?.attributes["tandem.instance.id"]).toBe("a.2");
    expect(pack?.parentSpanContext?.spanId).toBe(idOf(start));
    expect(pack?.parentSpanContext?.isRemote).toBe(true);
    await two.close();
  });
});

describe("metrics", () => {
  test("count instances that started and ended", async () => {
    const shop = new Workshop();
    await shop.engine.startWorkflow(order());
    await shop.start("order");
    await shop.engine.cancelWorkflow(shop.id);
    const started = await telemetry.measured("tandem.instances.started");
    expect(started.unit).toBe("{instance}");
    expect(started.points.map(({ value, attributes }) => [value, attributes])).toEqual([
      [2, { "tandem.workflow.name": "order" }],
    ]);
    const ended = await telemetry.measured("tandem.instances.ended");
    expect(ended.points.map(({ value, attributes }) => [value, attributes])).toEqual([
      [1, { "tandem.workflow.name": "order", "tandem.instance.status": "canceled" }],
    ]);
  });

  test("measure steps in seconds, all items of a map as one step", async () => {
    const member = machineStep("item", async () => {});
    const each = new MapGroup(member, { items: "list" });
    const initialData = { list: [1, 2, 3] };
    await new Workshop().engine.startWorkflow(flow({ each }), { initialData });
    const { unit, points } = await telemetry.measured("tandem.step.duration");
    expect(unit).toBe("s");
    expect(points.map(({ attributes }) => attributes)).toEqual([
      {
        "tandem.workflow.name": "test",
        "tandem.step.name": "each/item[]",
        "tandem.step.phase": "execute",
        "tandem.step.outcome": "succeeded",
      },
    ]);
    const [{ value } = { value: undefined }] = points;
    expect(value).toMatchObject({ count: 3 });
    expect((value as { max: number }).max).toBeLessThan(10);
  });

  test("measure commits, the queue, running steps and what waits", async () => {
    const shop = new Workshop();
    await shop.start(
      flow({ first: shop.step("first"), check: humanStep("check") }, ["first -> check"]),
    );
    const commits = await telemetry.measured("tandem.commit.duration");
    expect(commits.unit).toBe("s");
    expect(commits.points[0]?.value).toMatchObject({ count: 1 });
    const values = async (name: string) =>
      (await telemetry.measured(name)).points.map(({ value, attributes }) => [value, attributes]);
    expect(await values("tandem.queue.length")).toEqual([[0, {}]]);
    expect(await values("tandem.steps.running")).toEqual([[1, {}]]);
    await shop.finish("first");
    expect(await values("tandem.steps.running")).toEqual([[0, {}]]);
    expect(await values("tandem.waits.open")).toEqual([
      [1, { "tandem.wait.kind": "task" }],
      [0, { "tandem.wait.kind": "overdue_task" }],
      [0, { "tandem.wait.kind": "due_timer" }],
      [0, { "tandem.wait.kind": "message" }],
    ]);
  });

  test("ask the store for nothing any more when the engine is closed", async () => {
    class CountingStore extends MemoryStore {
      measured = 0;
      override measure(now: number) {
        this.measured++;
        return super.measure(now);
      }
    }
    const store = new CountingStore();
    const { engine } = new Workshop({ store });
    await engine.recover();
    await telemetry.measured("tandem.waits.open");
    expect(store.measured).toBe(1);
    await engine.close();
    await telemetry.measured("tandem.waits.open");
    expect(store.measured).toBe(1);
  });
});

describe("without an SDK", () => {
  test("nothing is kept of a trace, and no span is made", async () => {
    await telemetry.close();
    const shop = new Workshop();
    await shop.engine.startWorkflow(order(), { instanceId: "a" });
    const [summary] = (await shop.engine.instances.list()).items;
    expect(summary?.traceparent).toBeUndefined();
    expect(telemetry.spans).toEqual([]);
  });
});
