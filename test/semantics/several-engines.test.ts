import {
  humanStep,
  type LocalExecutionEngine,
  SignalStep,
  TimerStep,
  WebhookStep,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { SharedStore } from "../simulation/faulty-store.ts";
import { Connection } from "../support/connection.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

/** A workshop with two engines, each with its own connection to one store. */
async function twoEngines() {
  const shared = new SharedStore(() => {});
  const first = new Connection(shared);
  const second = new Connection(shared);
  const shop = new Workshop({ store: first.store });
  const other = shop.newEngine({ store: second.store });
  await shop.engine.recover();
  await other.recover();
  // By then each has heard of the other.
  await shop.advance(1_000);
  return { shop, first, second, other };
}

const look = async (engine: LocalExecutionEngine, id: string) => {
  const { status, steps } = await engine.getInstance(id);
  return [status, ...steps.map((step) => `${step.path} ${step.status} ${step.attempt}`)];
};

describe("a command to any engine", () => {
  test("takes effect at once when the instance waits", async () => {
    const { shop, other } = await twoEngines();
    await shop.start(flow({ ask: humanStep("ask"), b: shop.step("b") }, ["ask -> b"]));
    await shop.act(
      other.completeHumanTask({ instanceId: shop.id, stepName: "ask", userId: "ann" }),
    );
    expect(shop.running).toEqual(["b"]);
    expect(await shop.status()).toBe("running");
  });

  test("takes effect at once when the instance runs in another", async () => {
    const { shop, other } = await twoEngines();
    const steps = { a: shop.step("a"), go: new SignalStep({ signal: "go" }) };
    await shop.start(flow(steps, ["a -> go"]));
    await shop.act(other.signal({ instanceId: shop.id, name: "go", data: 1 }));
    await shop.finish("a");
    expect(await look(other, shop.id)).toEqual(["completed", "a succeeded 1", "go succeeded 1"]);
  });

  test("cancels what runs in another", async () => {
    const { shop, other } = await twoEngines();
    await shop.start(flow(shop.steps("a")));
    const { signal } = shop.context("a");
    await shop.act(other.cancelWorkflow(shop.id));
    expect(signal.aborted).toBe(true);
    expect(await look(other, shop.id)).toEqual(["canceled", "a canceled 1"]);
  });

  test("completes a task once, when two complete it at the same moment", async () => {
    const { shop, other } = await twoEngines();
    await shop.start(flow({ ask: humanStep("ask") }));
    const complete = (engine: LocalExecutionEngine, userId: string) =>
      engine.completeHumanTask({ instanceId: shop.id, stepName: "ask", userId, data: { userId } });
    const told = await Promise.allSettled([complete(shop.engine, "ann"), complete(other, "bob")]);
    const [completed, ...moreThanOne] = told.flatMap((each) => ("value" in each ? each.value : []));
    expect(moreThanOne).toEqual([]);
    const refused = told.flatMap((each) => ("reason" in each ? each.reason.code : []));
    expect(refused).toEqual(["TASK_GONE"]);
    expect((await other.getInstance(shop.id)).data).toEqual(completed?.data);
  });

  test("takes a webhook token and a signal with an id once", async () => {
    const { shop, other } = await twoEngines();
    await shop.start(flow({ hook: new WebhookStep(), ask: humanStep("ask") }, ["hook -> ask"]));
    const token = await other.webhookToken({ instanceId: shop.id, stepName: "hook" });
    await shop.engine.completeWebhook(token, 1);
    expect(await refusal(other.completeWebhook(token, 2))).toMatchObject({ code: "TOKEN_USED" });
    const signal = { instanceId: shop.id, name: "go", id: "7" };
    await Promise.all([shop.engine.signal(signal), other.signal(signal)]);
    const [stored] = await shop.store.load([shop.id]);
    expect([...(stored?.rows.signals ?? [])].map(({ id }) => id)).toEqual(['["go","7"]']);
  });

  test("starts an instance once, when both start it with the same key", async () => {
    const { shop, other } = await twoEngines();
    shop.registry.registerDefinition(flow(shop.steps("a")));
    const options = { idempotencyKey: "order 7" };
    const [one, two] = await Promise.all([
      shop.engine.submitWorkflow("test", options),
      other.submitWorkflow("test", options),
    ]);
    expect(one.id).toBe(two.id);
    await shop.quiet();
    expect(shop.begun).toEqual(["a"]);
  });
});

describe("an engine", () => {
  test("shows what another has done", async () => {
    const { shop, other } = await twoEngines();
    await shop.start(flow({ one: humanStep("one"), two: humanStep("two") }, ["one -> two"]));
    expect(await look(other, shop.id)).toEqual(["waiting", "one waiting 1"]);
    await shop.complete("one");
    expect(await look(other, shop.id)).toEqual(["waiting", "one succeeded 1", "two waiting 1"]);
  });

  test("tells who waits there when another ends the instance", async () => {
    const { shop, other } = await twoEngines();
    await shop.start(flow({ ask: humanStep("ask") }));
    const ended = other.waitFor(shop.id);
    await shop.complete("ask", { ok: 1 });
    expect((await ended).data).toEqual({ ask: { ok: 1 } });
  });

  test("resolves startWorkflow when another has taken the instance over and ends it", async () => {
    const { shop, first, other } = await twoEngines();
    const started = shop.engine.startWorkflow(flow(shop.steps("a")));
    await shop.quiet();
    first.freeze();
    await shop.advance(12_000);
    expect(shop.begun).toEqual(["a", "a"]);
    first.thaw();
    await shop.advance(2_000);
    await shop.finish("a");
    await shop.advance(2_000);
    const { id, status } = await started;
    expect(status).toBe("completed");
    expect(await look(other, id)).toEqual(["completed", "a succeeded 2"]);
  });
});

describe("what an engine leaves behind", () => {
  test("moves within ten seconds when it dies", async () => {
    const { shop, first, other } = await twoEngines();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await shop.finish("a");
    first.die();
    await shop.advance(7_000);
    expect(shop.begun).toEqual(["a", "b"]);
    await shop.advance(3_000);
    expect(shop.begun).toEqual(["a", "b", "b"]);
    expect(await look(other, shop.id)).toEqual(["running", "a succeeded 1", "b running 2"]);
  });

  test("moves at once when it stops", async () => {
    const { shop, other } = await twoEngines();
    await shop.start(flow(shop.steps("a")));
    await shop.engine.close();
    await shop.quiet();
    expect(await look(other, shop.id)).toEqual(["running", "a running 2"]);
  });

  test("has its timers fired by another, once", async () => {
    const { shop, first, other } = await twoEngines();
    const steps = { wait: new TimerStep({ durationMs: 5_000 }), b: shop.step("b") };
    await shop.start(flow(steps, ["wait -> b"]));
    first.die();
    await shop.advance(7_000);
    expect(shop.begun).toEqual(["b"]);
    expect(await look(other, shop.id)).toEqual(["running", "wait succeeded 1", "b running 1"]);
  });

  test("is written by nobody else: one that was frozen and wakes up changes nothing", async () => {
    const { shop, first, other } = await twoEngines();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    const frozen = shop.context("a");
    first.freeze();
    await shop.advance(12_000);
    expect(frozen.signal.aborted).toBe(false);
    frozen.set("by", "the one that was frozen");
    await shop.finish("a", { set: { late: true }, result: "late" });
    first.thaw();
    await shop.advance(2_000);
    expect(shop.begun).toEqual(["a", "a"]);
    await shop.finish("a", { set: { by: "the other" }, result: "right" });
    await shop.finish("b");
    const { data, status, steps } = await other.getInstance(shop.id);
    expect(data).toEqual({ by: "the other" });
    expect([status, steps[0]?.result, steps[0]?.attempt]).toEqual(["completed", "right", 2]);
    expect(await look(shop.engine, shop.id)).toEqual(await look(other, shop.id));
  });

  test("begins nothing while it may have been taken over: a frozen one runs no step late", async () => {
    const { shop, first } = await twoEngines();
    await shop.start(flow({ ask: humanStep("ask"), b: shop.step("b") }, ["ask -> b"]));
    first.freeze();
    void shop.engine.completeHumanTask({ instanceId: shop.id, stepName: "ask", userId: "ann" });
    await shop.advance(12_000);
    first.thaw();
    await shop.quiet();
    expect(shop.begun).toEqual([]);
    await shop.advance(2_000);
    expect(shop.begun).toEqual(["b"]);
  });
});
