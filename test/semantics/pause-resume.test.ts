import {
  humanStep,
  ParallelGroup,
  SequentialGroup,
  SignalStep,
  SubworkflowStep,
  TimerStep,
  WebhookStep,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

const pause = (shop: Workshop) => shop.act(shop.engine.pauseWorkflow(shop.id));
const resume = (shop: Workshop) => shop.act(shop.engine.resumeWorkflow(shop.id));

describe("pause", () => {
  test("lets running steps end and starts nothing new", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await pause(shop);
    expect(shop.running).toEqual(["a"]);
    expect(await shop.status()).toBe("paused");
    await shop.finish("a", { set: { a: 1 } });
    expect(shop.running).toEqual([]);
    expect(await shop.data()).toEqual({ a: 1 });
    expect(await shop.status()).toBe("paused");
    await resume(shop);
    expect(shop.running).toEqual(["b"]);
    await shop.finish("b");
    expect(await shop.status()).toBe("completed");
  });

  test("lets the call return when what runs has ended", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    const paused = shop.engine.pauseWorkflow(shop.id);
    await shop.quiet();
    await shop.finish("a");
    expect((await paused).status).toBe("paused");
  });

  test("lets the call return while a step waits for its next attempt", async () => {
    const shop = new Workshop();
    const a = shop.step("a", { retry: { maxAttempts: 2, initialIntervalMs: 1000 } });
    await shop.start(flow({ a }));
    await shop.fail("a");
    let paused = "";
    await shop.act(shop.engine.pauseWorkflow(shop.id).then(({ status }) => (paused = status)));
    expect(paused).toBe("paused");
  });

  test("starts no member of a group that runs", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y")]);
    await shop.start(flow({ group }));
    await pause(shop);
    await shop.finish("group/x");
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["group/y"]);
    await shop.finish("group/y");
    expect(await shop.status()).toBe("completed");
  });

  test("starts none of the members that wait for a free place, and the limit holds at resume", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup(
      [shop.step("w"), shop.step("x"), shop.step("y"), shop.step("z")],
      { maxConcurrent: 2 },
    );
    await shop.start(flow({ group }));
    await pause(shop);
    await shop.finish("group/w");
    expect(shop.running).toEqual(["group/x"]);
    await resume(shop);
    expect(shop.running).toEqual(["group/x", "group/y"]);
    await shop.finish("group/x");
    await shop.finish("group/y");
    await shop.finish("group/z");
    expect(await shop.status()).toBe("completed");
  });

  test("starts no further attempt, and the retry comes at resume if it is due", async () => {
    const shop = new Workshop();
    const a = shop.step("a", { retry: { maxAttempts: 2, initialIntervalMs: 1000 } });
    await shop.start(flow({ a }));
    await pause(shop);
    await shop.fail("a");
    await shop.advance(5000);
    expect(shop.running).toEqual([]);
    expect(await shop.status()).toBe("paused");
    await resume(shop);
    await shop.advance(0);
    expect(shop.running).toEqual(["a"]);
    expect(shop.context("a").attempt).toBe(2);
  });

  test("starts no immediate retry", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { retry: { maxAttempts: 2 } }) }));
    await pause(shop);
    await shop.fail("a");
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["a"]);
  });

  test("accepts and records the completion of a task", async () => {
    const shop = new Workshop();
    await shop.start(flow({ ask: humanStep("ask"), b: shop.step("b") }, ["ask -> b"]));
    await pause(shop);
    await shop.complete("ask", { approved: true });
    expect(await shop.data()).toEqual({ ask: { approved: true } });
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["b"]);
  });

  test("accepts and records a signal", async () => {
    const shop = new Workshop();
    const steps = { paid: new SignalStep({ signal: "paid" }), b: shop.step("b") };
    await shop.start(flow(steps, ["paid -> b"]));
    await pause(shop);
    await shop.signal("paid", { amount: 5 });
    expect(await shop.data()).toEqual({ paid: { amount: 5 } });
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["b"]);
  });

  test("keeps the due time of a timer, which fires at resume if it has passed", async () => {
    const shop = new Workshop();
    const steps = { wait: new TimerStep({ durationMs: 1000 }), b: shop.step("b") };
    await shop.start(flow(steps, ["wait -> b"]));
    await pause(shop);
    await shop.advance(5000);
    expect(shop.running).toEqual([]);
    await resume(shop);
    await shop.advance(0);
    expect(shop.running).toEqual(["b"]);
  });

  test("keeps the due time of a timer that has not passed at resume", async () => {
    const shop = new Workshop();
    const steps = { wait: new TimerStep({ durationMs: 1000 }), b: shop.step("b") };
    await shop.start(flow(steps, ["wait -> b"]));
    await shop.advance(200);
    await pause(shop);
    await shop.advance(300);
    await resume(shop);
    await shop.advance(499);
    expect(shop.running).toEqual([]);
    await shop.advance(1);
    expect(shop.running).toEqual(["b"]);
  });

  test("survives a restart", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await pause(shop);
    await shop.finish("a");
    await shop.restart();
    expect(await shop.status()).toBe("paused");
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["b"]);
  });

  test("is no time that the cut-off attempt of a step has left", async () => {
    const shop = new Workshop();
    const call = new WebhookStep({ timeoutMs: 50, execute: () => new Promise(() => {}) });
    await shop.start(flow({ call }));
    await pause(shop);
    await shop.restart();
    await shop.advance(1000);
    await resume(shop);
    expect(await shop.status()).toBe("running");
    await shop.advance(50);
    expect(await shop.error()).toMatchObject({ code: "STEP_TIMEOUT" });
  });

  test("starts again, after a restart, only at resume what was running", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await pause(shop);
    await shop.restart();
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["a"]);
    expect(shop.context("a").attempt).toBe(2);
  });

  test("reaches into children, and so does resume", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(flow(shop.steps("x", "y"), ["x -> y"], { name: "child" }));
    const steps = { sub: new SubworkflowStep({ workflow: "child" }), b: shop.step("b") };
    await shop.start(flow(steps, ["sub -> b"]));
    await pause(shop);
    await shop.finish("x");
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["y"]);
    await shop.finish("y");
    expect(shop.running).toEqual(["b"]);
  });

  test("holds a child back that a step starts later", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(flow(shop.steps("x"), [], { name: "child" }));
    const steps = { ask: humanStep("ask"), sub: new SubworkflowStep({ workflow: "child" }) };
    await shop.start(flow(steps, ["ask -> sub"]));
    await pause(shop);
    await shop.complete("ask");
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["x"]);
  });

  test("twice is the same as once, and so is resume", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await pause(shop);
    await pause(shop);
    await shop.finish("a");
    await resume(shop);
    await resume(shop);
    expect(shop.running).toEqual(["b"]);
    expect(await shop.statuses("b")).toEqual(["running"]);
  });

  test("does not stop a cancellation", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await pause(shop);
    await shop.act(shop.engine.cancelWorkflow(shop.id));
    expect(await shop.status()).toBe("canceled");
  });

  test("ends by itself when nothing is left to do", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    await pause(shop);
    await shop.finish("a");
    expect(await shop.status()).toBe("completed");
  });

  test("holds back steps that wait for a mutex, and resume lets them in one at a time", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step("a"),
      b: shop.step("b", { mutex: "m" }),
      c: shop.step("c", { mutex: "m" }),
    };
    await shop.start(flow(steps, ["a -> b", "a -> c"]));
    await shop.finish("a");
    await pause(shop);
    await shop.finish("b");
    expect(shop.running).toEqual([]);
    await resume(shop);
    expect(shop.running).toEqual(["c"]);
  });
});
