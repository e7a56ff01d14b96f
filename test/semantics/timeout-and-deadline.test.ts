import {
  humanStep,
  ParallelGroup,
  SequentialGroup,
  SignalStep,
  SubworkflowStep,
  WebhookStep,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

const retry = { maxAttempts: 2, initialIntervalMs: 50 };

describe("a timeout", () => {
  test("aborts the signal, counts as a failure, and lets the instance move on at once", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step("a", { timeoutMs: 100 }), mend: shop.step() };
    await shop.start(flow(steps, [edge("a", "mend", { on: "failure" })]));
    const { signal } = shop.context("a");
    await shop.advance(99);
    expect(signal.aborted).toBe(false);
    await shop.advance(1);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ name: "TimeoutError" });
    expect(shop.running).toEqual(["mend"]);
    expect(shop.context("mend").error()).toEqual({
      code: "STEP_TIMEOUT",
      message: '"a" did not end within 100 ms (timeoutMs).',
      path: "a",
    });
  });

  test("discards what the step still returns", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step("a", { timeoutMs: 100 }), mend: shop.step() };
    await shop.start(flow(steps, [edge("a", "mend", { on: "failure" })]));
    await shop.advance(100);
    await shop.finishLate("a", "late");
    expect(await shop.statuses("a")).toEqual(["failed"]);
    expect((await shop.view()).result("a")).toBeUndefined();
  });

  test("counts for each attempt anew", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { timeoutMs: 100, retry }) }));
    await shop.advance(100);
    expect(shop.running).toEqual([]);
    await shop.advance(50);
    expect(shop.running).toEqual(["a"]);
    await shop.advance(99);
    expect(shop.running).toEqual(["a"]);
    await shop.advance(1);
    expect(await shop.error()).toMatchObject({ code: "STEP_TIMEOUT" });
  });

  test("does not fire for a step that ended in time", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { timeoutMs: 100 }), b: shop.step() }, ["a -> b"]));
    await shop.advance(99);
    await shop.finish("a");
    await shop.advance(1000);
    expect(shop.running).toEqual(["b"]);
  });

  test("withdraws a task", async () => {
    const shop = new Workshop();
    const ask = humanStep("ask", { timeoutMs: 100 });
    await shop.start(flow({ ask, mend: shop.step() }, [edge("ask", "mend", { on: "failure" })]));
    await shop.advance(100);
    expect(await shop.openTasks()).toEqual([]);
    expect(shop.context("mend").error()).toMatchObject({
      code: "STEP_TIMEOUT",
      message: '"ask" was not completed within 100 ms (timeoutMs).',
    });
  });

  test("opens a new task at the next attempt; the old one stays gone", async () => {
    const shop = new Workshop();
    await shop.start(flow({ ask: humanStep("ask", { timeoutMs: 100, retry }) }));
    const [first] = (await shop.engine.tasks.list()).items;
    await shop.advance(150);
    const [second] = (await shop.engine.tasks.list()).items;
    expect(second?.id).not.toBe(first?.id);
    const late = shop.engine.completeHumanTask({
      instanceId: shop.id,
      taskId: first?.id ?? "",
      data: {},
    });
    await expect(late).rejects.toMatchObject({ code: "TASK_GONE" });
    await shop.complete("ask", { n: 2 });
    expect(await shop.data()).toEqual({ ask: { n: 2 } });
  });

  test("holds for webhooks, signals and subworkflows", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(flow(shop.steps("x"), [], { name: "child" }));
    const options = { timeoutMs: 100 };
    const steps = {
      hook: new WebhookStep(options),
      signal: new SignalStep({ signal: "go", ...options }),
      sub: new SubworkflowStep({ workflow: "child", ...options }),
    };
    for (const [name, step] of Object.entries(steps)) {
      await shop.start(flow({ [name]: step }, [], { name }));
      await shop.advance(100);
      expect([name, (await shop.error())?.code]).toEqual([name, "STEP_TIMEOUT"]);
    }
    expect(shop.running).toEqual([]);
  });

  test("counts while canExecute runs, too", async () => {
    const shop = new Workshop();
    const a = shop.step("a", { timeoutMs: 100, canExecute: () => new Promise(() => {}) });
    await shop.start(flow({ a }));
    await shop.advance(100);
    expect(await shop.error()).toMatchObject({ code: "STEP_TIMEOUT" });
  });
});

describe("a deadline", () => {
  test("counts over all attempts and the delays between them", async () => {
    const shop = new Workshop();
    const a = shop.step("a", {
      deadlineMs: 100,
      retry: { maxAttempts: 9, initialIntervalMs: 40, backoffCoefficient: 1 },
    });
    await shop.start(flow({ a }));
    await shop.fail("a");
    await shop.advance(40);
    await shop.fail("a");
    await shop.advance(40);
    expect(shop.context("a").attempt).toBe(3);
    const { signal } = shop.context("a");
    await shop.advance(20);
    expect(signal.aborted).toBe(true);
    expect(await shop.error()).toEqual({
      code: "STEP_DEADLINE",
      message: '"a" did not end within 100 ms (deadlineMs).',
      path: "a",
    });
  });

  test("ends a wait for the next attempt", async () => {
    const shop = new Workshop();
    const a = shop.step("a", {
      deadlineMs: 100,
      retry: { maxAttempts: 2, initialIntervalMs: 500 },
    });
    await shop.start(flow({ a }));
    await shop.fail("a");
    await shop.advance(100);
    expect(await shop.error()).toMatchObject({ code: "STEP_DEADLINE" });
    await shop.advance(500);
    expect(shop.begun).toEqual(["a"]);
  });
});

describe("a timeout or deadline of a group", () => {
  test.each([
    ["timeoutMs", "STEP_TIMEOUT"],
    ["deadlineMs", "STEP_DEADLINE"],
  ])("cancels its members and counts as its failure: %s", async (option, code) => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x"), humanStep("ask"), shop.step("y")], {
      [option]: 100,
    });
    await shop.start(flow({ group }));
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.advance(100);
    expect(await shop.error()).toMatchObject({ code, path: "group" });
    expect(shop.running).toEqual([]);
    expect(await shop.openTasks()).toEqual([]);
    expect(await shop.data()).toEqual({});
  });

  test("is followed by a retry of the members that had not succeeded", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y")], {
      timeoutMs: 100,
      retry: { maxAttempts: 2 },
    });
    await shop.start(flow({ group }));
    await shop.finish("group/x", { result: 1 });
    await shop.advance(100);
    expect(shop.running).toEqual(["group/y"]);
    expect(shop.context("group/y").attempt).toBe(2);
    await shop.advance(50);
    await shop.finish("group/y", { result: 2 });
    expect((await shop.view()).result("group")).toEqual([1, 2]);
  });

  test("ends what it has nested", async () => {
    const shop = new Workshop();
    const inner = new SequentialGroup([shop.step("x"), shop.step("y")], { name: "inner" });
    const outer = new ParallelGroup([inner, shop.step("z")], { timeoutMs: 100 });
    await shop.start(flow({ outer }));
    await shop.advance(100);
    expect(shop.running).toEqual([]);
    expect(await shop.statuses("outer/inner")).toEqual(["canceled"]);
  });
});
