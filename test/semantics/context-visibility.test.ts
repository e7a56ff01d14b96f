import {
  humanStep,
  machineStep,
  ParallelGroup,
  RaceGroup,
  SequentialGroup,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

describe("context.get", () => {
  test("reads an exact key first, then a dotted path", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")), {
      initialData: { "legal.ok": "exact", legal: { ok: "path", deep: { er: [10, 20] } } },
    });
    const context = shop.context("a");
    expect(context.get("legal.ok")).toBe("exact");
    expect(context.get("legal.deep.er")).toEqual([10, 20]);
    expect(context.get("legal.deep.er.1")).toBe(20);
  });

  test("gives the default where nothing is, and null where null is", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")), { initialData: { none: null, zero: 0, no: false } });
    const { get } = { get: shop.context("a").get.bind(shop.context("a")) };
    expect(get("missing")).toBeUndefined();
    expect(get("missing", 5)).toBe(5);
    expect(get("missing.deep", 5)).toBe(5);
    expect(get("none", 5)).toBeNull();
    expect(get("none.deep", 5)).toBe(5);
    expect(get("zero", 5)).toBe(0);
    expect(get("no", true)).toBe(false);
    expect(get("zero.toFixed", 5)).toBe(5);
    expect(get("constructor", 5)).toBe(5);
    expect(get("__proto__.x", 5)).toBe(5);
  });

  test("reads what no step has changed since it started, and its own writes", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b", "a -> c"]), {
      initialData: { n: 0 },
    });
    await shop.finish("a");
    await shop.finish("b", { set: { n: 1 } });
    const context = shop.context("c");
    expect(context.get("n")).toBe(0);
    context.set("n", 2);
    expect(context.get("n")).toBe(2);
    context.set("deep", { er: 3 });
    expect(context.get("deep.er")).toBe(3);
    expect(await shop.data()).toEqual({ n: 1 });
    await shop.finish("c");
    expect(await shop.data()).toEqual({ n: 2, deep: { er: 3 } });
  });
});

describe("a step's writes", () => {
  test("become visible all at once, when it succeeds", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    shop.context("a").set("x", 1);
    shop.context("a").set("y", 2);
    expect(await shop.data()).toEqual({});
    await shop.finish("a");
    expect(await shop.data()).toEqual({ x: 1, y: 2 });
  });

  test("never become visible when it fails", async () => {
    const shop = new Workshop();
    const steps = shop.steps("a", "mend");
    await shop.start(flow(steps, [edge("a", "mend", { on: "failure" })]));
    shop.context("a").set("x", 1);
    await shop.fail("a");
    expect(shop.context("mend").get("x")).toBeUndefined();
    expect(await shop.data()).toEqual({});
  });

  test("never become visible when it is cancelled, times out or loses a race", async () => {
    const shop = new Workshop();
    const late = shop.step("late", { timeoutMs: 10 });
    const race = new RaceGroup([shop.step("x"), shop.step("y")]);
    const steps = { a: shop.step(), late, race, gone: shop.step(), mend: shop.step() };
    const edges = ["a -> late", "a -> race", "a -> gone", edge("late", "mend", { on: "failure" })];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    for (const path of ["late", "race/x", "gone"]) shop.context(path).set(path, 1);
    await shop.advance(10);
    await shop.finish("race/y");
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "gone" }));
    for (const path of ["late", "race/x", "gone"]) await shop.finishLate(path);
    expect(await shop.data()).toEqual({});
  });

  test("are gone in the next attempt", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { retry: { maxAttempts: 2 } }) }));
    shop.context("a").set("x", 1);
    await shop.fail("a");
    expect(shop.context("a").get("x")).toBeUndefined();
    await shop.finish("a", { set: { y: 1 } });
    expect(await shop.data()).toEqual({ y: 1 });
  });

  test("are a copy: what the step changes afterwards in its object changes nothing", async () => {
    const list = [1];
    const a = machineStep("a", (context) => {
      context.set("list", list);
      list.push(2);
    });
    const shop = new Workshop();
    await shop.start(flow({ a }));
    expect(await shop.data()).toEqual({ list: [1] });
  });

  test("of branches made by plain edges count in the order in which the steps end", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c", "d"), ["a -> b -> d", "a -> c -> d"]));
    await shop.finish("a");
    await shop.finish("c", { set: { who: "c", c: 1 } });
    expect(await shop.data()).toEqual({ who: "c", c: 1 });
    await shop.finish("b", { set: { who: "b" } });
    expect(shop.context("d").get("who")).toBe("b");
  });

  test("under the name of a key that objects have by themselves are kept as such", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await shop.finish("a", { set: { constructor: 1, toString: 2 } });
    expect(shop.context("b").get("constructor")).toBe(1);
    expect(shop.context("b").get("toString")).toBe(2);
  });

  test("are refused as a retry's: a condition sees committed data only", async () => {
    const shop = new Workshop();
    const seen: unknown[] = [];
    const edges = [
      edge("a", "b", {
        condition: (context: { get(key: string): unknown }) => {
          seen.push(context.get("x"));
          return true;
        },
      }),
    ];
    await shop.start(flow(shop.steps("a", "b"), edges));
    await shop.finish("a", { set: { x: 1 } });
    expect(seen).toEqual([1]);
  });
});

describe("results", () => {
  test("are no data, and are read with context.result", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await shop.finish("a", { result: { id: 7 } });
    expect(await shop.data()).toEqual({});
    expect(shop.context("b").result("a")).toEqual({ id: 7 });
    expect(shop.context("b").result("nope")).toBeUndefined();
  });

  test("of a step that failed are none", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), [edge("a", "b", { on: "failure" })]));
    await shop.fail("a");
    expect(shop.context("b").result("a")).toBeUndefined();
  });

  test("of a loop are those of the latest pass that succeeded", async () => {
    const shop = new Workshop();
    const edges = [
      edge("a", "a", { on: "failure" }),
      edge("a", "a", { condition: "again" }),
      edge("a", "b", { otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "b"), edges));
    await shop.finish("a", { result: 1, set: { again: true } });
    await shop.finish("a", { result: 2 });
    await shop.fail("a");
    await shop.finish("a", { result: 3, set: { again: false } });
    expect(shop.context("b").result("a")).toBe(3);
  });

  test("are seen as they were when the step started", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b", "a -> c"]));
    await shop.finish("a");
    await shop.finish("b", { result: 1 });
    expect(shop.context("c").result("b")).toBeUndefined();
  });

  test("of members are read by their path, once their group has ended", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x"), shop.step("y")]);
    const steps = { a: shop.step(), group, other: shop.step(), next: shop.step() };
    await shop.start(flow(steps, ["a -> group -> next", "a -> other"]));
    await shop.finish("a");
    await shop.finish("group/x", { result: 1 });
    await shop.finish("group/y", { result: 2 });
    expect(shop.context("next").result("group/x")).toBe(1);
    expect(shop.context("next").result("group")).toEqual([1, 2]);
  });

  test("of earlier members are seen by later ones of a sequence", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y")]);
    await shop.start(flow({ group }));
    await shop.finish("group/x", { result: 1 });
    expect(shop.context("group/y").result("group/x")).toBe(1);
  });

  test("cannot be changed by whoever reads them", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await shop.finish("a", { result: { list: [1] } });
    const result = shop.context("b").result("a") as { list: number[] };
    expect(() => result.list.push(2)).toThrow(TypeError);
  });
});

describe("what a person gives", () => {
  test("stands whole under the name of the step, and validation may complete it", async () => {
    const shop = new Workshop();
    const { z } = await import("zod");
    const formSchema = z.object({ approved: z.boolean(), note: z.string().default("none") });
    await shop.start(flow({ ask: humanStep("ask", { formSchema }), b: shop.step() }, ["ask -> b"]));
    await shop.complete("ask", { approved: true });
    expect(await shop.data()).toEqual({ ask: { approved: true, note: "none" } });
    expect(shop.context("b").get("ask.approved")).toBe(true);
    expect(shop.context("b").result("ask")).toEqual({ approved: true, note: "none" });
  });

  test("in a group stands under the member's name", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup([humanStep("x"), humanStep("y")]) }));
    await shop.complete("y", { n: 2 });
    expect(await shop.data()).toEqual({});
    await shop.complete("x", { n: 1 });
    expect(await shop.data()).toEqual({ x: { n: 1 }, y: { n: 2 } });
  });

  test("is, of several visits, what ended last, also after a restart", async () => {
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "b", "c"), ask: humanStep("ask", { join: "each" }) };
    const next = shop.step("", { join: "each" });
    const edges = ["a -> b -> ask -> next", "a -> c -> ask"];
    await shop.start(flow({ ...steps, next }, edges));
    for (const name of ["a", "b", "c"]) await shop.finish(name);
    const [first, second] = (await shop.engine.tasks.list()).items;
    for (const [n, task] of [second, first].entries()) {
      const by = { instanceId: shop.id, userId: "ann", data: { n } };
      await shop.act(shop.engine.completeHumanTask({ ...by, taskId: task?.id ?? "" }));
    }
    expect(shop.context("next").result("ask")).toEqual({ n: 0 });
    await shop.restart();
    expect(await shop.data()).toEqual({ ask: { n: 1 } });
    expect(shop.context("next").result("ask")).toEqual({ n: 1 });
  });
});
