import {
  ConditionalGroup,
  humanStep,
  MapGroup,
  ParallelGroup,
  SequentialGroup,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

const to = { initialData: { to: ["a", "b", "c"] } };

describe("MapGroup", () => {
  test("runs its member once for each item, and gives results in item order", async () => {
    const shop = new Workshop();
    await shop.start(flow({ each: new MapGroup(shop.step("send"), { items: "to" }) }), to);
    expect(shop.running).toEqual(["each/send[0]", "each/send[1]", "each/send[2]"]);
    const seen = [0, 1, 2].map((index) => {
      const context = shop.context(`each/send[${index}]`);
      return [context.item, context.index];
    });
    expect(seen).toEqual([
      ["a", 0],
      ["b", 1],
      ["c", 2],
    ]);
    for (const index of [2, 0, 1]) await shop.finish(`each/send[${index}]`, { result: index });
    expect((await shop.view()).result("each")).toEqual([0, 1, 2]);
  });

  test("reads its items by a dotted path, or by a function of the context", async () => {
    const shop = new Workshop();
    const data = { initialData: { order: { lines: [1, 2] } } };
    await shop.start(flow({ each: new MapGroup(shop.step("x"), { items: "order.lines" }) }), data);
    expect(shop.running).toHaveLength(2);
    const double = new MapGroup(shop.step("y"), {
      items: (context) => (context.get("order.lines") as number[]).map((line) => line * 2),
    });
    await shop.start(flow({ double }, [], { name: "other" }), data);
    expect(shop.context("double/y[1]").item).toBe(4);
  });

  test("keeps a snapshot of the list: what is written later changes nothing", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("send"), { items: "to", maxConcurrent: 1 });
    const steps = { a: shop.step(), each, b: shop.step() };
    await shop.start(flow(steps, ["a -> each", "a -> b"]), to);
    await shop.finish("a");
    await shop.finish("b", { set: { to: [] } });
    for (const index of [0, 1, 2]) await shop.finish(`each/send[${index}]`);
    expect(await shop.status()).toBe("completed");
  });

  test.each([[undefined], [{ a: 1 }], ["text"], [null], [7]])(
    "fails on %j, which is no list",
    async (list) => {
      const shop = new Workshop();
      const each = new MapGroup(shop.step("x"), { items: () => list });
      await shop.start(flow({ each }));
      expect(await shop.error()).toEqual({
        code: "NOT_A_LIST",
        message: `The items of "each" must be a list; found ${JSON.stringify(list) ?? "undefined"}.`,
        path: "each",
      });
    },
  );

  test("with an empty list succeeds at once with an empty list of results", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: () => [] });
    await shop.start(flow({ each, next: shop.step() }, ["each -> next"]));
    expect(shop.running).toEqual(["next"]);
    expect((await shop.view()).result("each")).toEqual([]);
    expect(await shop.statuses("each")).toEqual(["succeeded"]);
  });

  test("with an empty list still runs its callback", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: () => [], callback: shop.step("sum") });
    await shop.start(flow({ each }));
    expect(shop.running).toEqual(["each/sum"]);
    expect(shop.context("each/sum").results).toEqual([]);
  });

  test("with an empty list and required fails, for it can never be reached", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: () => [], required: 1 });
    await shop.start(flow({ each }));
    expect(await shop.error()).toMatchObject({ code: "QUORUM_NOT_REACHED" });
  });

  test("runs at most maxConcurrent at a time", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: "to", maxConcurrent: 2 });
    await shop.start(flow({ each }), to);
    expect(shop.running).toEqual(["each/x[0]", "each/x[1]"]);
    await shop.finish("each/x[1]");
    expect(shop.running).toEqual(["each/x[0]", "each/x[2]"]);
  });

  test("fails fast", async () => {
    const shop = new Workshop();
    await shop.start(flow({ each: new MapGroup(shop.step("x"), { items: "to" }) }), to);
    await shop.fail("each/x[1]", new Error("no b"));
    expect(await shop.error()).toMatchObject({
      code: "GROUP_FAILED",
      errors: [{ message: "no b", path: "each/x[1]" }],
    });
    expect(shop.running).toEqual([]);
  });

  test('with failure: "wait-all", fails with every error in item order', async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: "to", failure: "wait-all" });
    await shop.start(flow({ each }), to);
    await shop.fail("each/x[2]", new Error("no c"));
    await shop.fail("each/x[0]", new Error("no a"));
    await shop.finish("each/x[1]");
    expect((await shop.error())?.errors?.map(({ message }) => message)).toEqual(["no a", "no c"]);
  });

  test('with failure: "collect", never fails', async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: "to", failure: "collect" });
    await shop.start(flow({ each }), to);
    await shop.fail("each/x[0]", new Error("no a"));
    await shop.finish("each/x[1]", { result: 1 });
    await shop.finish("each/x[2]");
    expect((await shop.view()).result("each")).toEqual([
      { status: "failed", error: { code: "STEP_FAILED", message: "no a", path: "each/x[0]" } },
      { status: "succeeded", result: 1 },
      { status: "succeeded", result: null },
    ]);
  });

  test("ends at the required number of successes and cancels the rest", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: "to", required: 2 });
    await shop.start(flow({ each }), to);
    await shop.fail("each/x[0]");
    await shop.finish("each/x[2]", { result: 2 });
    expect(await shop.status()).toBe("running");
    await shop.finish("each/x[1]", { result: 1 });
    expect((await shop.view()).result("each")).toEqual([null, 1, 2]);
    expect(await shop.status()).toBe("completed");
  });

  test("fails when required can no longer be reached", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: "to", required: 2 });
    await shop.start(flow({ each }), to);
    await shop.fail("each/x[0]");
    await shop.fail("each/x[1]");
    expect(await shop.error()).toMatchObject({ code: "QUORUM_NOT_REACHED" });
    expect(shop.running).toEqual([]);
  });

  test("merges the writes of its members in item order", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: "to" });
    await shop.start(flow({ each }, [], { reducers: { all: "append" } }), to);
    for (const index of [1, 2, 0]) {
      await shop.finish(`each/x[${index}]`, { set: { all: index, last: index } });
    }
    expect(await shop.data()).toEqual({ to: ["a", "b", "c"], all: [0, 1, 2], last: 2 });
  });

  test("takes items from outside while it runs", async () => {
    const shop = new Workshop();
    await shop.start(flow({ each: new MapGroup(shop.step("x"), { items: () => ["a"] }) }));
    await shop.act(shop.engine.addItem({ instanceId: shop.id, stepName: "each", item: "b" }));
    expect(shop.running).toEqual(["each/x[0]", "each/x[1]"]);
    expect(shop.context("each/x[1]").item).toBe("b");
    await shop.finish("each/x[0]", { result: 0 });
    expect(await shop.status()).toBe("running");
    await shop.finish("each/x[1]", { result: 1 });
    expect((await shop.view()).result("each")).toEqual([0, 1]);
  });

  test("closed from outside, ends with what succeeded and cancels the rest", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), {
      items: "to",
      maxConcurrent: 2,
      callback: shop.step("sum"),
    });
    await shop.start(flow({ each }), to);
    await shop.finish("each/x[0]", { result: "a", set: { a: 1 } });
    await shop.act(shop.engine.closeMap({ instanceId: shop.id, stepName: "each" }));
    expect(shop.running).toEqual(["each/sum"]);
    expect(shop.context("each/sum").results).toEqual(["a", null, null]);
    await shop.finish("each/sum");
    expect(await shop.data()).toEqual({ to: ["a", "b", "c"], a: 1 });
    expect(await shop.statuses("each/x[1]")).toEqual(["canceled"]);
    expect(await shop.statuses("each/x[2]")).toEqual(["canceled"]);
    expect(shop.begun).toEqual(["each/x[0]", "each/x[1]", "each/x[2]", "each/sum"]);
  });

  test("closed before anything ended, is skipped", async () => {
    const shop = new Workshop();
    await shop.start(flow({ each: new MapGroup(shop.step("x"), { items: "to" }) }), to);
    await shop.act(shop.engine.closeMap({ instanceId: shop.id, stepName: "each" }));
    expect(await shop.statuses("each")).toEqual(["skipped"]);
    expect(await shop.status()).toBe("completed");
  });

  test("gives members of members the item too", async () => {
    const shop = new Workshop();
    const both = new SequentialGroup([shop.step("x"), shop.step("y")], { name: "both" });
    await shop.start(flow({ each: new MapGroup(both, { items: () => ["a"] }) }));
    await shop.finish("each/both[0]/x");
    expect([shop.context("each/both[0]/y").item, shop.context("each/both[0]/y").index]).toEqual([
      "a",
      0,
    ]);
  });

  test("in a map: the inner item is the inner map's", async () => {
    const shop = new Workshop();
    const inner = new MapGroup(shop.step("x"), {
      name: "inner",
      items: (context) => context.item,
    });
    await shop.start(flow({ outer: new MapGroup(inner, { items: () => [[1, 2], [3]] }) }));
    expect(shop.running).toEqual([
      "outer/inner[0]/x[0]",
      "outer/inner[0]/x[1]",
      "outer/inner[1]/x[0]",
    ]);
    expect(shop.context("outer/inner[1]/x[0]").item).toBe(3);
    for (const path of shop.running) await shop.finish(path, { result: path.at(-2) });
    expect((await shop.view()).result("outer")).toEqual([["0", "1"], ["0"]]);
  });

  test("gives the data of its persons in the results only", async () => {
    const shop = new Workshop();
    await shop.start(flow({ each: new MapGroup(humanStep("ok"), { items: () => [1, 2] }) }));
    await shop.complete("each/ok[1]", { by: "b" });
    await shop.complete("each/ok[0]", { by: "a" });
    expect((await shop.view()).result("each")).toEqual([{ by: "a" }, { by: "b" }]);
    expect(await shop.data()).toEqual({});
  });

  test("shows its item to titles, conditions of members and choices", async () => {
    const shop = new Workshop();
    const ask = humanStep("ask", { title: (context) => `For ${context.item}` });
    const branch = new ConditionalGroup(
      { ask, skip: shop.step() },
      (context) => (context.item === "a" ? "ask" : "skip"),
      { name: "branch" },
    );
    await shop.start(flow({ each: new MapGroup(branch, { items: () => ["a", "b"] }) }));
    expect((await shop.engine.tasks.list()).items.map(({ title }) => title)).toEqual(["For a"]);
    expect(shop.running).toEqual(["each/branch[1]/skip"]);
  });

  test("is skipped when all its members are", async () => {
    const shop = new Workshop();
    const idle = shop.step("x", { canExecute: () => false });
    await shop.start(flow({ each: new MapGroup(idle, { items: () => [1, 2] }) }));
    expect(await shop.statuses("each")).toEqual(["skipped"]);
  });

  test("holds a parallel group for each item", async () => {
    const shop = new Workshop();
    const pair = new ParallelGroup([shop.step("x"), shop.step("y")], { name: "pair" });
    await shop.start(flow({ each: new MapGroup(pair, { items: () => [1, 2] }) }));
    for (const path of shop.running) await shop.finish(path, { result: path });
    expect((await shop.view()).result("each")).toEqual([
      ["each/pair[0]/x", "each/pair[0]/y"],
      ["each/pair[1]/x", "each/pair[1]/y"],
    ]);
  });
});
