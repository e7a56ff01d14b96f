import { humanStep, TimerStep } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge, work } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

/** Every order of a few names. */
function orders(names: readonly string[]): string[][] {
  if (names.length < 2) return [[...names]];
  return names.flatMap((first) =>
    orders(names.filter((name) => name !== first)).map((rest) => [first, ...rest]),
  );
}

describe("a node with several incoming edges", () => {
  test.each(orders(["b", "c", "d"]).map((order) => [order]))(
    "runs once after three branches that end in the order %s",
    async (order) => {
      const shop = new Workshop();
      const fork = ["a -> b -> join", "a -> c -> join", "a -> d -> join"];
      await shop.start(flow(shop.steps("a", "b", "c", "d", "join"), fork));
      await shop.finish("a");
      expect(shop.running).toEqual(["b", "c", "d"]);
      await shop.finish(order[0]!);
      await shop.finish(order[1]!);
      expect(shop.running).toEqual([order[2]]);
      await shop.finish(order[2]!);
      expect(shop.running).toEqual(["join"]);
      await shop.finish("join");
      expect(await shop.status()).toBe("completed");
      expect(await shop.statuses("join")).toEqual(["succeeded"]);
    },
  );

  test("does not wait for a branch that was not taken", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> b -> join",
      edge("a", "c", { condition: () => false }),
      "c -> join",
      "a -> d -> join",
    ];
    await shop.start(flow(shop.steps("a", "b", "c", "d", "join"), edges));
    await shop.finish("a");
    await shop.finish("d");
    expect(shop.running).toEqual(["b"]);
    await shop.finish("b");
    expect(shop.running).toEqual(["join"]);
    expect(await shop.statuses("c")).toEqual([]);
  });

  test.each([
    ["the failing branch ends last", ["good", "bad"]],
    ["the failing branch ends first", ["bad", "good"]],
  ])("does not wait for a branch that left by its failure edge: %s", async (_what, order) => {
    const shop = new Workshop();
    const edges = ["a -> good -> join", "a -> bad -> join", edge("bad", "mend", { on: "failure" })];
    await shop.start(flow(shop.steps("a", "good", "bad", "join", "mend"), edges));
    await shop.finish("a");
    for (const name of order) await (name === "bad" ? shop.fail(name) : shop.finish(name));
    expect(shop.running.sort()).toEqual(["join", "mend"]);
    await shop.finish("join");
    await shop.finish("mend");
    expect(await shop.status()).toBe("completed");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
  });

  test("starts when a decision elsewhere, made after the arrival, leads past it", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> b -> join",
      "a -> decide",
      edge("decide", "join", { condition: "more" }),
      edge("decide", "other", { otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "b", "decide", "join", "other"), edges));
    await shop.finish("a");
    await shop.finish("b");
    expect(shop.running).toEqual(["decide"]);
    await shop.finish("decide", { set: { more: false } });
    expect(shop.running.sort()).toEqual(["join", "other"]);
  });

  test("waits for the decision if that leads to it", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> b -> join",
      "a -> decide",
      edge("decide", "join", { condition: "more" }),
      edge("decide", "other", { otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "b", "decide", "join", "other"), edges));
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("decide", { set: { more: true } });
    expect(shop.running).toEqual(["join"]);
    await shop.finish("join");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
  });

  test("runs at once as the merge after an exclusive choice", async () => {
    const shop = new Workshop();
    const edges = [
      edge("a", "b", { condition: () => true }),
      edge("a", "c", { otherwise: true }),
      "b -> merge",
      "c -> merge",
    ];
    await shop.start(flow(shop.steps("a", "b", "c", "merge"), edges));
    await shop.finish("a");
    await shop.finish("b");
    expect(shop.running).toEqual(["merge"]);
  });

  test("waits for what can still come from far away", async () => {
    const shop = new Workshop();
    const edges = ["a -> join", "a -> b -> c -> d -> join"];
    await shop.start(flow(shop.steps("a", "b", "c", "d", "join"), edges));
    await shop.finish("a");
    expect(shop.running).toEqual(["b"]);
    await shop.finish("b");
    await shop.finish("c");
    expect(shop.running).toEqual(["d"]);
    await shop.finish("d");
    expect(shop.running).toEqual(["join"]);
  });

  test("waits for a person, a timer and a retry that could still lead to it", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "join"),
      approve: humanStep("approve"),
      pause: new TimerStep({ durationMs: 100 }),
      flaky: shop.step("flaky", { retry: { maxAttempts: 2, initialIntervalMs: 500 } }),
    };
    const edges = ["a -> approve -> join", "a -> pause -> join", "a -> flaky -> join"];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.complete("approve");
    await shop.advance(100);
    await shop.fail("flaky");
    expect(shop.running).toEqual([]);
    await shop.advance(500);
    expect(shop.running).toEqual(["flaky"]);
    await shop.finish("flaky");
    expect(shop.running).toEqual(["join"]);
  });

  test("is skipped when nothing can reach it any more, and so is what follows only from it", async () => {
    const shop = new Workshop();
    const edges = [
      edge("a", "b", { condition: () => false }),
      edge("a", "c", { condition: () => false }),
      edge("a", "d", { otherwise: true }),
      "b -> join",
      "c -> join -> after -> last",
      "d -> last",
    ];
    await shop.start(flow(shop.steps("a", "b", "c", "d", "join", "after", "last"), edges));
    await shop.finish("a");
    await shop.finish("d");
    expect(shop.running).toEqual(["last"]);
    await shop.finish("last");
    expect(await shop.history()).toEqual(["a succeeded", "d succeeded", "last succeeded"]);
  });

  test("sees what every branch wrote", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c", "join"), ["a -> b -> join", "a -> c -> join"]));
    await shop.finish("a");
    await shop.finish("c", { set: { c: 1 } });
    await shop.finish("b", { set: { b: 2 } });
    expect([shop.context("join").get("b"), shop.context("join").get("c")]).toEqual([2, 1]);
  });

  test("joins joins: an inner join and an outer one each run once", async () => {
    const shop = new Workshop();
    const edges = ["a -> b -> inner", "a -> c -> inner -> outer", "a -> d -> outer"];
    await shop.start(flow(shop.steps("a", "b", "c", "d", "inner", "outer"), edges));
    await shop.finish("a");
    await shop.finish("d");
    await shop.finish("b");
    await shop.finish("c");
    expect(shop.running).toEqual(["inner"]);
    await shop.finish("inner");
    expect(shop.running).toEqual(["outer"]);
    await shop.finish("outer");
    expect(await shop.status()).toBe("completed");
  });

  test("keeps a second token on an edge for its next run", async () => {
    // `b` runs twice, once for each arrival, and both lead to the join while `c` still runs.
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "c", "d", "join"), b: shop.step("b", { join: "each" }) };
    const edges = ["a -> b", "a -> d -> b", "b -> join", "a -> c -> join"];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("d");
    expect(shop.running).toEqual(["b", "c", "b"]);
    await shop.finish("b");
    await shop.finish("b");
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(shop.running).toEqual(["join", "join"]);
  });

  test("is not held back by its own running execution", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> join",
      "a -> b -> join",
      edge("join", "join", { condition: () => false }),
      edge("join", "end", { otherwise: true }),
    ];
    const steps = { ...shop.steps("a", "b", "end"), join: shop.step("join", { join: "each" }) };
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("b");
    expect(shop.running).toEqual(["join", "join"]);
  });

  test("joins a fork into ten thousand edges, once", async () => {
    const width = 10_000;
    const names = Array.from({ length: width }, (_, index) => `n${index}`);
    const steps = {
      fork: work("fork"),
      ...Object.fromEntries(names.map((name) => [name, work(name)])),
      join: work("join"),
    };
    const shop = new Workshop();
    const edges = names.map((name) => `fork -> ${name} -> join`);
    const { status } = await shop.engine.startWorkflow(flow(steps, edges), { instanceId: "wide" });
    shop.id = "wide";
    expect(status).toBe("completed");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
  });
});

describe("joins that wait only for each other", () => {
  test("do not wait", async () => {
    // Each join can be reached from the other, and both have an arrival.
    const shop = new Workshop();
    const edges = [
      "a -> left",
      "a -> right",
      edge("left", "right", { condition: "again" }),
      edge("right", "left", { condition: "again" }),
      edge("left", "end", { otherwise: true }),
      edge("right", "end", { otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "left", "right", "end"), edges), {
      initialData: { again: false },
    });
    await shop.finish("a");
    expect(shop.running).toEqual(["left", "right"]);
    await shop.finish("left");
    await shop.finish("right");
    expect(shop.running).toEqual(["end"]);
    await shop.finish("end");
    expect(await shop.status()).toBe("completed");
  });

  test.each(["without", "with"])(
    "start in the order of the definition, %s a restart",
    async (how) => {
      const shop = new Workshop();
      const names = ["a", "b1", "b2", "left1", "right1", "left2", "right2", "last", "end"];
      const loop = (n: number) => [
        ...[`a -> b${n} -> left${n} -> right${n} -> left${n}`, `b${n} -> right${n}`],
        edge("last", `left${n}`, { condition: () => false }),
      ];
      const edges = ["a -> last", ...loop(1), ...loop(2), edge("last", "end", { otherwise: true })];
      await shop.start(flow(shop.steps(...names), edges));
      for (const name of ["a", "b2", "b1"]) await shop.finish(name);
      expect(shop.running).toEqual(["last"]);
      if (how === "with") await shop.restart();
      await shop.finish("last");
      expect(shop.running).toEqual(["end", "left1", "right1", "left2", "right2"]);
    },
  );

  test("wait while something that runs could still reach one of them", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> left",
      "a -> right",
      "a -> slow -> left",
      edge("left", "right", { condition: "again" }),
      edge("right", "left", { condition: "again" }),
      edge("left", "end", { otherwise: true }),
      edge("right", "end", { otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "slow", "left", "right", "end"), edges), {
      initialData: { again: false },
    });
    await shop.finish("a");
    expect(shop.running).toEqual(["slow"]);
    await shop.finish("slow");
    expect(shop.running).toEqual(["left", "right"]);
  });
});
