import {
  ConditionalGroup,
  humanStep,
  InterleavedGroup,
  ParallelGroup,
  SequentialGroup,
  ThrottledGroup,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

const xyz = (shop: Workshop) => [shop.step("x"), shop.step("y"), shop.step("z")];
const idle = (shop: Workshop, name: string) => shop.step(name, { canExecute: () => false });

describe("SequentialGroup", () => {
  test("runs its members one after another and gives their results in order", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new SequentialGroup(xyz(shop)) }));
    for (const name of ["x", "y", "z"]) {
      expect(shop.running).toEqual([`group/${name}`]);
      await shop.finish(`group/${name}`, { result: name });
    }
    expect((await shop.view()).result("group")).toEqual(["x", "y", "z"]);
    expect(await shop.status()).toBe("completed");
  });

  test("is stopped by a failure, and writes nothing", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new SequentialGroup(xyz(shop)) }));
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.fail("group/y", new Error("no y"));
    expect(await shop.error()).toEqual({
      code: "GROUP_FAILED",
      message: '"group" failed: no y',
      path: "group",
      errors: [{ code: "STEP_FAILED", message: "no y", path: "group/y" }],
    });
    expect(await shop.data()).toEqual({});
    expect(await shop.statuses("group/z")).toEqual([]);
  });

  test("lets a later member see what earlier ones wrote; outside, nothing shows before the end", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step(), group: new SequentialGroup(xyz(shop)), other: shop.step() };
    await shop.start(flow(steps, ["a -> group", "a -> other"]));
    await shop.finish("a");
    await shop.finish("group/x", { set: { x: 1 } });
    expect(shop.context("group/y").get("x")).toBe(1);
    expect(await shop.data()).toEqual({});
    await shop.finish("group/y", { set: { x: 2 } });
    expect(shop.context("group/z").get("x")).toBe(2);
    await shop.finish("group/z");
    expect(await shop.data()).toEqual({ x: 2 });
  });

  test("goes on after a skipped member and after one that was cancelled by hand", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([idle(shop, "w"), ...xyz(shop)]);
    await shop.start(flow({ group }));
    expect(shop.running).toEqual(["group/x"]);
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "group/x" }));
    await shop.finish("group/y", { result: "y" });
    await shop.finish("group/z", { result: "z" });
    expect((await shop.view()).result("group")).toEqual([null, null, "y", "z"]);
  });

  test("is skipped when all its members are", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([idle(shop, "x"), idle(shop, "y")]);
    await shop.start(flow({ group, next: shop.step() }, ["group -> next"]));
    expect(await shop.statuses("group")).toEqual(["skipped"]);
    expect(shop.running).toEqual(["next"]);
  });

  test("waits for persons one after another", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new SequentialGroup([humanStep("x"), humanStep("y")]) }));
    expect(await shop.openTasks()).toEqual(["group/x"]);
    await shop.complete("x", { n: 1 });
    expect(await shop.openTasks()).toEqual(["group/y"]);
    await shop.complete("y", { n: 2 });
    expect(await shop.data()).toEqual({ x: { n: 1 }, y: { n: 2 } });
  });
});

describe("ParallelGroup", () => {
  test("runs all members at once and ends when all have", async () => {
    const shop = new Workshop();
    const steps = { group: new ParallelGroup(xyz(shop)), next: shop.step() };
    await shop.start(flow(steps, ["group -> next"]));
    expect(shop.running).toEqual(["group/x", "group/y", "group/z"]);
    await shop.finish("group/z", { result: 3 });
    await shop.finish("group/x", { result: 1 });
    expect(shop.running).toEqual(["group/y"]);
    await shop.finish("group/y", { result: 2 });
    expect(shop.running).toEqual(["next"]);
    expect((await shop.view()).result("group")).toEqual([1, 2, 3]);
  });

  test("runs at most maxConcurrent at a time, in order", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup(xyz(shop), { maxConcurrent: 2 }) }));
    expect(shop.running).toEqual(["group/x", "group/y"]);
    await shop.finish("group/y");
    expect(shop.running).toEqual(["group/x", "group/z"]);
  });

  test("merges writes in declared order, whoever finishes first", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup(xyz(shop)) }));
    for (const name of ["z", "y", "x"]) await shop.finish(`group/${name}`, { set: { who: name } });
    expect(await shop.data()).toEqual({ who: "z" });
  });

  test("does not let a member see what another wrote", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup(xyz(shop), { maxConcurrent: 2 }) }));
    await shop.finish("group/x", { set: { x: 1 } });
    expect(shop.context("group/y").get("x")).toBeUndefined();
    expect(shop.context("group/z").get("x")).toBeUndefined();
    expect(shop.context("group/z").result("group/x")).toBeUndefined();
  });

  test("runs its callback once after all, with results in order and the merged writes", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup(xyz(shop), { callback: shop.step("sum") });
    await shop.start(flow({ group }));
    await shop.finish("group/z", { result: 3, set: { who: "z", z: 1 } });
    await shop.finish("group/x", { result: 1, set: { who: "x" } });
    await shop.finish("group/y");
    expect(shop.running).toEqual(["group/sum"]);
    const context = shop.context("group/sum");
    expect(context.results).toEqual([1, null, 3]);
    expect([context.get("who"), context.get("z")]).toEqual(["z", 1]);
    expect(await shop.data()).toEqual({});
    await shop.finish("group/sum", { result: "ignored", set: { total: 4, who: "sum" } });
    expect(await shop.data()).toEqual({ who: "sum", z: 1, total: 4 });
    expect((await shop.view()).result("group")).toEqual([1, null, 3]);
    expect((await shop.view()).result("group/sum")).toBe("ignored");
  });

  test("fails when its callback fails, and writes nothing", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x")], { callback: shop.step("sum") });
    await shop.start(flow({ group }));
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.fail("group/sum", new Error("no sum"));
    expect(await shop.error()).toMatchObject({
      code: "GROUP_FAILED",
      path: "group",
      errors: [{ message: "no sum", path: "group/sum" }],
    });
    expect(await shop.data()).toEqual({});
  });

  test("shows what members wrote to its callback, not to those that run again after it", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x"), shop.step("y")], {
      callback: shop.step("sum"),
      failure: "collect",
      retry: { maxAttempts: 2 },
    });
    await shop.start(flow({ group }));
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.fail("group/y");
    expect(shop.context("group/sum").get("x")).toBe(1);
    await shop.fail("group/sum");
    expect(shop.running).toEqual(["group/y"]);
    expect(shop.context("group/y").get("x")).toBeUndefined();
  });

  test("runs no callback when it fails", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup(xyz(shop), { callback: shop.step("sum"), failure: "wait-all" });
    await shop.start(flow({ group }));
    await shop.fail("group/x");
    await shop.finish("group/y");
    await shop.finish("group/z");
    expect(shop.begun).toEqual(["group/x", "group/y", "group/z"]);
  });

  test("fails fast: the first failure cancels the rest", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup(xyz(shop)) }));
    const { signal } = shop.context("group/z");
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.fail("group/y", new Error("no y"));
    expect(signal.aborted).toBe(true);
    expect(await shop.error()).toEqual({
      code: "GROUP_FAILED",
      message: '"group" failed: no y',
      path: "group",
      errors: [{ code: "STEP_FAILED", message: "no y", path: "group/y" }],
    });
    expect(await shop.statuses("group/z")).toEqual(["canceled"]);
    expect(await shop.data()).toEqual({});
  });

  test("failing fast, starts no member that waits for a place", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup(xyz(shop), { maxConcurrent: 1 }) }));
    await shop.fail("group/x");
    expect(shop.begun).toEqual(["group/x"]);
  });

  test('with failure: "wait-all", lets all end and fails with every error in order', async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup(xyz(shop), { failure: "wait-all" }) }));
    await shop.fail("group/z", new Error("no z"));
    await shop.fail("group/x", new Error("no x"));
    expect(shop.running).toEqual(["group/y"]);
    await shop.finish("group/y", { set: { y: 1 } });
    expect(await shop.error()).toEqual({
      code: "GROUP_FAILED",
      message: '"group" failed: no x; no z',
      path: "group",
      errors: [
        { code: "STEP_FAILED", message: "no x", path: "group/x" },
        { code: "STEP_FAILED", message: "no z", path: "group/z" },
      ],
    });
    expect(await shop.data()).toEqual({});
  });

  test('with failure: "collect", succeeds and gives every outcome to its callback', async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([...xyz(shop), idle(shop, "w"), shop.step("v")], {
      failure: "collect",
      callback: shop.step("sum"),
    });
    await shop.start(flow({ group }));
    await shop.fail("group/x", new Error("no x"));
    await shop.finish("group/y", { result: 2, set: { y: 1 } });
    await shop.finish("group/z");
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "group/v" }));
    expect(shop.context("group/sum").results).toEqual([
      { status: "failed", error: { code: "STEP_FAILED", message: "no x", path: "group/x" } },
      { status: "succeeded", result: 2 },
      { status: "succeeded", result: null },
      { status: "skipped" },
      { status: "canceled" },
    ]);
    await shop.finish("group/sum");
    expect(await shop.status()).toBe("completed");
    expect(await shop.data()).toEqual({ y: 1 });
  });

  test("leads on by a failure edge", async () => {
    const shop = new Workshop();
    const steps = { group: new ParallelGroup(xyz(shop)), mend: shop.step() };
    await shop.start(flow(steps, [edge("group", "mend", { on: "failure" })]));
    await shop.fail("group/x", new Error("no x"));
    expect(shop.running).toEqual(["mend"]);
    expect(shop.context("mend").error()).toMatchObject({
      code: "GROUP_FAILED",
      errors: [{ message: "no x" }],
    });
    expect(shop.context("mend").error("group/x")).toMatchObject({ message: "no x" });
  });

  test("nests: inner groups' writes and results count at their members' places", async () => {
    const shop = new Workshop();
    const inner = (name: string) => new ParallelGroup([shop.step("x"), shop.step("y")], { name });
    await shop.start(flow({ outer: new ParallelGroup([inner("one"), inner("two")]) }));
    for (const path of ["two/y", "two/x", "one/y", "one/x"]) {
      await shop.finish(`outer/${path}`, { result: path, set: { who: path } });
    }
    expect((await shop.view()).result("outer")).toEqual([
      ["one/x", "one/y"],
      ["two/x", "two/y"],
    ]);
    expect(await shop.data()).toEqual({ who: "two/y" });
  });

  test("leaves out what a failed inner group wrote", async () => {
    const shop = new Workshop();
    const inner = new SequentialGroup([shop.step("x"), shop.step("y")], { name: "inner" });
    const outer = new ParallelGroup([inner, shop.step("z")], { failure: "collect" });
    await shop.start(flow({ outer }));
    await shop.finish("outer/inner/x", { set: { x: 1 } });
    await shop.fail("outer/inner/y");
    await shop.finish("outer/z", { set: { z: 1 } });
    expect(await shop.data()).toEqual({ z: 1 });
  });

  test("is skipped, without its callback, when all its members are skipped or cancelled", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([idle(shop, "x"), shop.step("y")], {
      callback: shop.step("sum"),
    });
    await shop.start(flow({ group, next: shop.step() }, ["group -> next"]));
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "group/y" }));
    expect(await shop.statuses("group")).toEqual(["skipped"]);
    expect(shop.running).toEqual(["next"]);
  });

  test("may stand in a loop, each pass with members of its own", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x"), shop.step("y")]);
    const edges = [
      edge("group", "group", { condition: "again" }),
      edge("group", "end", { otherwise: true }),
    ];
    await shop.start(flow({ group, end: shop.step() }, edges));
    await shop.finish("group/x", { set: { again: true } });
    await shop.finish("group/y");
    expect(shop.running).toEqual(["group/x", "group/y"]);
    expect(shop.context("group/x").iteration).toBe(2);
    await shop.finish("group/x", { set: { again: false } });
    await shop.finish("group/y");
    expect(shop.running).toEqual(["end"]);
  });

  test("withdraws its persons' tasks when it fails fast", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup([humanStep("ask"), shop.step("x")]) }));
    await shop.fail("group/x");
    expect(await shop.openTasks()).toEqual([]);
  });
});

describe("ThrottledGroup", () => {
  test("runs five at a time unless told", async () => {
    const shop = new Workshop();
    const members = Array.from({ length: 7 }, (_, index) => shop.step(`s${index}`));
    await shop.start(flow({ group: new ThrottledGroup(members) }));
    expect(shop.running).toHaveLength(5);
    await shop.finish("group/s3");
    expect(shop.running.at(-1)).toBe("group/s5");
    expect(shop.running).toHaveLength(5);
  });

  test("runs as many as told", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ThrottledGroup(xyz(shop), { maxConcurrent: 1 }) }));
    expect(shop.running).toEqual(["group/x"]);
  });

  test("gives a place that a skipped or failed member leaves to the next", async () => {
    const shop = new Workshop();
    const group = new ThrottledGroup([shop.step("v"), idle(shop, "w"), ...xyz(shop)], {
      maxConcurrent: 2,
      failure: "collect",
    });
    await shop.start(flow({ group }));
    expect(shop.running).toEqual(["group/v", "group/x"]);
    await shop.fail("group/v");
    expect(shop.running).toEqual(["group/x", "group/y"]);
  });

  test("keeps the place of a member that waits for its next attempt", async () => {
    const shop = new Workshop();
    const flaky = shop.step("w", { retry: { maxAttempts: 2, initialIntervalMs: 1000 } });
    const group = new ThrottledGroup([flaky, ...xyz(shop)], { maxConcurrent: 1 });
    await shop.start(flow({ group }));
    await shop.fail("group/w");
    expect(shop.running).toEqual([]);
    await shop.advance(1000);
    expect(shop.running).toEqual(["group/w"]);
  });
});

describe("ConditionalGroup", () => {
  const choose = (name: unknown) => () => name as "x";

  test("runs the one branch that its function names, and gives its result and writes", async () => {
    const shop = new Workshop();
    const group = new ConditionalGroup({ x: shop.step(), y: shop.step() }, (context) =>
      Number(context.get("total")) > 100 ? "y" : "x",
    );
    await shop.start(flow({ group }), { initialData: { total: 200 } });
    expect(shop.running).toEqual(["group/y"]);
    await shop.finish("group/y", { result: 7, set: { y: 1 } });
    expect((await shop.view()).result("group")).toBe(7);
    expect(await shop.data()).toEqual({ total: 200, y: 1 });
  });

  test.each([[undefined], [null]])("is skipped when %j is named", async (name) => {
    const shop = new Workshop();
    const group = new ConditionalGroup({ x: shop.step() }, choose(name));
    await shop.start(flow({ group, next: shop.step() }, ["group -> next"]));
    expect(await shop.statuses("group")).toEqual(["skipped"]);
    expect(shop.running).toEqual(["next"]);
  });

  test.each([["z"], [7], [true]])("fails when %j is named, which is no branch", async (name) => {
    const shop = new Workshop();
    const group = new ConditionalGroup({ x: shop.step(), y: shop.step() }, choose(name));
    await shop.start(flow({ group }));
    expect(await shop.error()).toEqual({
      code: "UNKNOWN_BRANCH",
      message: `"group" chose ${JSON.stringify(name)}; its branches are x, y.`,
      path: "group",
    });
  });

  test("fails when its branch fails", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ConditionalGroup({ x: shop.step() }, choose("x")) }));
    await shop.fail("group/x", new Error("no x"));
    expect(await shop.error()).toMatchObject({
      code: "GROUP_FAILED",
      errors: [{ message: "no x" }],
    });
  });

  test("is skipped when its branch is", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ConditionalGroup({ x: idle(shop, "") }, choose("x")) }));
    expect(await shop.statuses("group")).toEqual(["skipped"]);
  });

  test("keeps to its branch in a retry", async () => {
    let branch = "x";
    const shop = new Workshop();
    const group = new ConditionalGroup({ x: shop.step(), y: shop.step() }, () => branch as "x", {
      retry: { maxAttempts: 2 },
    });
    await shop.start(flow({ group }));
    branch = "y";
    await shop.fail("group/x");
    expect(shop.running).toEqual(["group/x"]);
    await shop.finish("group/x", { result: 1 });
    expect((await shop.view()).result("group")).toBe(1);
  });
});

describe("InterleavedGroup", () => {
  test("runs its members one at a time", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new InterleavedGroup(xyz(shop)) }));
    for (const name of ["x", "y", "z"]) {
      expect(shop.running).toEqual([`group/${name}`]);
      await shop.finish(`group/${name}`, { result: name });
    }
    expect((await shop.view()).result("group")).toEqual(["x", "y", "z"]);
  });

  test("lets another member go first while one waits for its next attempt", async () => {
    const shop = new Workshop();
    const flaky = shop.step("x", { retry: { maxAttempts: 2, initialIntervalMs: 1000 } });
    const group = new InterleavedGroup([flaky, shop.step("y"), shop.step("z")]);
    await shop.start(flow({ group }));
    await shop.fail("group/x");
    expect(shop.running).toEqual(["group/y"]);
    await shop.advance(1000);
    expect(shop.running).toEqual(["group/y"]);
    await shop.finish("group/y");
    expect(shop.running).toEqual(["group/z"]);
    await shop.finish("group/z");
    expect(shop.running).toEqual(["group/x"]);
  });

  test("lets a later member see what earlier ones wrote, and merges in the order of their ends", async () => {
    const shop = new Workshop();
    const flaky = shop.step("x", { retry: { maxAttempts: 2, initialIntervalMs: 1 } });
    await shop.start(flow({ group: new InterleavedGroup([flaky, shop.step("y")]) }));
    await shop.fail("group/x");
    await shop.finish("group/y", { set: { who: "y", y: 1 } });
    await shop.advance(1);
    expect(shop.context("group/x").get("y")).toBe(1);
    expect(await shop.data()).toEqual({});
    await shop.finish("group/x", { set: { who: "x" } });
    expect(await shop.data()).toEqual({ who: "x", y: 1 });
  });

  test("is stopped by a failure", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new InterleavedGroup(xyz(shop)) }));
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.fail("group/y");
    expect(await shop.error()).toMatchObject({ code: "GROUP_FAILED", path: "group" });
    expect(await shop.statuses("group/z")).toEqual(["canceled"]);
    expect(await shop.data()).toEqual({});
    expect(shop.begun).toEqual(["group/x", "group/y"]);
  });

  test("gives its persons their tasks one at a time", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new InterleavedGroup([humanStep("x"), humanStep("y")]) }));
    expect(await shop.openTasks()).toEqual(["group/x"]);
    await shop.complete("x");
    expect(await shop.openTasks()).toEqual(["group/y"]);
  });
});
