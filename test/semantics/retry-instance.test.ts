import {
  ConditionalGroup,
  humanStep,
  MapGroup,
  ParallelGroup,
  SequentialGroup,
  TimerStep,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

const retry = (shop: Workshop, from?: string) =>
  shop.act(shop.engine.retryWorkflow(shop.id, from === undefined ? {} : { from }));

describe("retryWorkflow", () => {
  test("continues at what failed, and completed work stays", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b -> c"]));
    await shop.finish("a", { set: { a: 1 } });
    await shop.fail("b");
    expect(await shop.status()).toBe("failed");
    await retry(shop);
    expect(shop.running).toEqual(["b"]);
    expect(await shop.status()).toBe("running");
    expect(await shop.error()).toBeUndefined();
    expect(shop.context("b").attempt).toBe(2);
    expect(shop.context("b").get("a")).toBe(1);
    await shop.finish("b");
    await shop.finish("c");
    expect(await shop.status()).toBe("completed");
    expect(shop.begun).toEqual(["a", "b", "b", "c"]);
  });

  test("leaves an instance that was shown before as it was", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    await shop.fail("a");
    const failed = await shop.view();
    await retry(shop);
    await shop.finish("a", { set: { a: 1 } });
    expect(failed.steps.map(({ status, attempt }) => [status, attempt])).toEqual([["failed", 1]]);
    expect(failed.data).toEqual({});
  });

  test("lets members of a sequence see what those declared before them wrote, and no more", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y"), shop.step("z")]);
    await shop.start(flow({ group }));
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "group/x" }));
    await shop.finish("group/y", { set: { who: "y" } });
    await shop.fail("group/z");
    await retry(shop);
    expect(shop.running).toEqual(["group/x"]);
    expect(shop.context("group/x").get("who")).toBeUndefined();
    await shop.restart();
    expect(shop.context("group/x").get("who")).toBeUndefined();
    await shop.finish("group/x", { set: { who: "x" } });
    expect(shop.context("group/z").get("who")).toBe("y");
    await shop.restart();
    expect(shop.context("group/z").get("who")).toBe("y");
    await shop.finish("group/z");
    expect(await shop.data()).toEqual({ who: "y" });
  });

  test("continues what was cancelled because of the failure, and not what had succeeded", async () => {
    const shop = new Workshop();
    const edges = ["a -> b -> join", "a -> c -> join", "a -> d -> join"];
    await shop.start(flow(shop.steps("a", "b", "c", "d", "join"), edges));
    await shop.finish("a");
    await shop.finish("d");
    await shop.fail("b");
    expect(await shop.statuses("c")).toEqual(["canceled"]);
    await retry(shop);
    expect(shop.running).toEqual(["b", "c"]);
    await shop.finish("c");
    await shop.finish("b");
    expect(shop.running).toEqual(["join"]);
    await shop.finish("join");
    expect(await shop.status()).toBe("completed");
    expect(await shop.statuses("d")).toEqual(["succeeded"]);
  });

  test("keeps the idempotency key and counts the attempt", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    const before = shop.context("a").idempotencyKey;
    await shop.fail("a");
    await retry(shop);
    expect(shop.context("a").idempotencyKey).toBe(before);
    expect(shop.context("a").attempt).toBe(2);
  });

  test("gives a fresh allowance of attempts", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { retry: { maxAttempts: 2 } }) }));
    await shop.fail("a");
    await shop.fail("a");
    expect(await shop.status()).toBe("failed");
    await retry(shop);
    await shop.fail("a");
    expect(shop.running).toEqual(["a"]);
    expect(shop.context("a").attempt).toBe(4);
  });

  test("lets timers fire afterwards", async () => {
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "c"), b: new TimerStep({ durationMs: 1000 }) };
    await shop.start(flow(steps, ["a -> b -> c"]));
    await shop.fail("a");
    await retry(shop);
    await shop.finish("a");
    await shop.advance(1000);
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(await shop.status()).toBe("completed");
  });

  test("leaves one instance, which the next call finds", async () => {
    const shop = new Workshop();
    await shop.start(flow({ ...shop.steps("a"), ask: humanStep("ask") }, ["a -> ask"]));
    await shop.fail("a");
    await retry(shop);
    await shop.finish("a");
    await shop.complete("ask");
    expect(await shop.status()).toBe("completed");
  });

  test("is accepted once when two ask for it at the same moment", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    await shop.fail("a");
    const calls = [shop.engine.retryWorkflow(shop.id), shop.engine.retryWorkflow(shop.id)];
    const outcomes = Promise.allSettled(calls);
    await shop.quiet();
    expect(shop.running).toEqual(["a"]);
    await shop.finish("a");
    expect((await outcomes).map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await shop.status()).toBe("completed");
  });

  test("opens withdrawn tasks again", async () => {
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "b"), ask: humanStep("ask") };
    await shop.start(flow(steps, ["a -> b", "a -> ask"]));
    await shop.finish("a");
    await shop.fail("b");
    expect(await shop.openTasks()).toEqual([]);
    await retry(shop);
    expect(await shop.openTasks()).toEqual(["ask"]);
    await shop.finish("b");
    await shop.complete("ask");
    expect(await shop.status()).toBe("completed");
  });

  test("decides a dead end again", async () => {
    let open = false;
    const shop = new Workshop();
    const edges = [edge("a", "b", { condition: () => open })];
    await shop.start(flow(shop.steps("a", "b"), edges));
    await shop.finish("a");
    expect(await shop.error()).toMatchObject({ code: "DEAD_END" });
    open = true;
    await retry(shop);
    expect(shop.running).toEqual(["b"]);
    expect(shop.begun).toEqual(["a", "b"]);
  });

  test("decides a condition that threw again", async () => {
    let broken = true;
    const shop = new Workshop();
    const condition = () => {
      if (broken) throw new Error("no database");
      return true;
    };
    await shop.start(flow(shop.steps("a", "b"), [edge("a", "b", { condition })]));
    await shop.finish("a");
    expect(await shop.error()).toMatchObject({ code: "CONDITION_FAILED" });
    broken = false;
    await retry(shop);
    expect(shop.running).toEqual(["b"]);
  });

  test("runs a failed group's failed and cancelled members again, not those that succeeded", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x"), shop.step("y"), shop.step("z")]);
    await shop.start(flow({ group }));
    await shop.finish("group/x", { result: "x" });
    await shop.fail("group/y");
    expect(await shop.statuses("group/z")).toEqual(["canceled"]);
    await retry(shop);
    expect(shop.running).toEqual(["group/y", "group/z"]);
    await shop.finish("group/z", { result: "z" });
    await shop.finish("group/y", { result: "y" });
    expect((await shop.view()).result("group")).toEqual(["x", "y", "z"]);
    expect(await shop.status()).toBe("completed");
  });

  test("goes on in a failed sequence at its failed member", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y"), shop.step("z")]);
    await shop.start(flow({ group }));
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.fail("group/y");
    await retry(shop);
    expect(shop.running).toEqual(["group/y"]);
    expect(shop.context("group/y").get("x")).toBe(1);
    await shop.finish("group/y");
    await shop.finish("group/z");
    expect(await shop.status()).toBe("completed");
    expect(await shop.data()).toEqual({ x: 1 });
  });

  test("starts a named step afresh", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b -> c"]));
    await shop.finish("a");
    await shop.fail("b");
    await retry(shop, "a");
    expect(shop.running).toEqual(["a"]);
    expect([shop.context("a").iteration, shop.context("a").attempt]).toEqual([2, 1]);
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("c");
    expect(await shop.status()).toBe("completed");
  });

  test("may skip what failed by starting after it", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b -> c"]));
    await shop.finish("a");
    await shop.fail("b");
    await retry(shop, "c");
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(await shop.status()).toBe("completed");
  });

  test("from a step leaves behind what the failure kept from starting, also of an earlier visit", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("item"), { items: "list", join: "each", mutex: "m" });
    const steps = { ...shop.steps("a", "b", "c"), each, end: shop.step() };
    await shop.start(flow(steps, ["a -> b -> each -> end", "a -> c -> each"]));
    await shop.finish("a", { set: { list: [1] } });
    await shop.finish("b");
    await shop.finish("c", { set: { list: "none" } });
    // The first visit leads on to the end, but the second, which waited for the mutex, fails before.
    await shop.finish("each/item[0]");
    expect(await shop.statuses("each")).toEqual(["succeeded", "failed"]);
    await retry(shop, "end");
    expect(shop.running).toEqual(["end"]);
    await shop.finish("end");
    expect(await shop.status()).toBe("completed");
  });

  test.each(["without", "with"])(
    "starts what it kept from starting as it came, %s a restart",
    async (how) => {
      const shop = new Workshop();
      let branch = "none";
      const wait = { mutex: "m", retry: { maxAttempts: 2, initialIntervalMs: 10 } };
      const list = (options = {}) =>
        new MapGroup(shop.step("item"), { items: "list", mutex: "m", ...options });
      const steps = {
        ...shop.steps("a", "b", "c"),
        flaky: list(wait),
        holder: shop.step("", { mutex: "m" }),
        second: list(),
        third: new ConditionalGroup({ only: shop.step() }, () => branch as "only", { mutex: "m" }),
        ...shop.steps("afterFlaky", "afterSecond"),
      };
      const edges = [
        "a -> flaky -> afterFlaky",
        "a -> holder",
        "a -> b -> second -> afterSecond",
        "a -> c -> third",
      ];
      await shop.start(flow(steps, edges));
      await shop.finish("a");
      await shop.finish("b");
      // It comes back to the line of the mutex after the second.
      await shop.advance(10);
      await shop.finish("c");
      await shop.finish("holder", { set: { list: [] } });
      expect(await shop.error()).toMatchObject({ code: "UNKNOWN_BRANCH" });
      if (how === "with") await shop.restart();
      branch = "only";
      await retry(shop);
      expect(shop.running).toEqual(["third/only", "afterSecond", "afterFlaky"]);
    },
  );

  test("works after a restart", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await shop.finish("a", { set: { a: 1 } });
    await shop.fail("b");
    await shop.restart();
    await retry(shop);
    expect(shop.running).toEqual(["b"]);
    expect(shop.context("b").get("a")).toBe(1);
  });

  test("works again when the instance fails again", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    for (const attempt of [1, 2, 3]) {
      expect(shop.context("a").attempt).toBe(attempt);
      await shop.fail("a");
      expect(await shop.status()).toBe("failed");
      await retry(shop);
    }
    await shop.finish("a");
    expect(await shop.status()).toBe("completed");
  });
});
