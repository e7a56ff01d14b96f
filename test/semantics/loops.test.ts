import { BaseMachineStep, type WorkflowContext } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

const again = edge("last", "first", { condition: "again" });
const leave = edge("last", "end", { otherwise: true });

describe("a loop", () => {
  test("runs its first step at once when control arrives from outside, and each time it comes back", async () => {
    const shop = new Workshop();
    const edges = ["a -> first -> last", again, leave];
    await shop.start(flow(shop.steps("a", "first", "last", "end"), edges));
    await shop.finish("a");
    expect(shop.running).toEqual(["first"]);
    await shop.finish("first");
    await shop.finish("last", { set: { again: true } });
    expect(shop.running).toEqual(["first"]);
    await shop.finish("first");
    await shop.finish("last", { set: { again: false } });
    expect(shop.running).toEqual(["end"]);
    await shop.finish("end");
    expect(await shop.status()).toBe("completed");
  });

  test("numbers the executions of a step by its passes", async () => {
    const shop = new Workshop();
    const edges = ["a -> first -> last", again, leave];
    await shop.start(flow(shop.steps("a", "first", "last", "end"), edges));
    await shop.finish("a");
    for (const more of [true, true, false]) {
      await shop.finish("first");
      await shop.finish("last", { set: { again: more } });
    }
    const { steps } = await shop.view();
    expect(steps.map(({ path, iteration }) => `${path} ${iteration}`)).toEqual([
      "a 1",
      "first 1",
      "last 1",
      "first 2",
      "last 2",
      "first 3",
      "last 3",
      "end 1",
    ]);
  });

  test("joins its parallel branches pass by pass, whichever ends first", async () => {
    const shop = new Workshop();
    const edges = ["a -> first", "first -> x -> last", "first -> y -> last", again, leave];
    await shop.start(flow(shop.steps("a", "first", "x", "y", "last", "end"), edges));
    await shop.finish("a");
    for (const [one, other, more] of [
      ["x", "y", true],
      ["y", "x", true],
      ["x", "y", false],
    ] as const) {
      await shop.finish("first");
      await shop.finish(one);
      expect(shop.running).toEqual([other]);
      await shop.finish(other);
      expect(shop.running).toEqual(["last"]);
      await shop.finish("last", { set: { again: more } });
    }
    expect(shop.running).toEqual(["end"]);
  });

  test("leaves no arrival over from an earlier pass when a pass takes one branch only", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> first -> x -> last",
      edge("first", "y", { condition: "both" }),
      "y -> last",
      again,
      leave,
    ];
    await shop.start(flow(shop.steps("a", "first", "x", "y", "last", "end"), edges));
    await shop.finish("a");
    await shop.finish("first", { set: { both: true } });
    await shop.finish("y");
    await shop.finish("x");
    await shop.finish("last", { set: { again: true } });
    await shop.finish("first", { set: { both: false } });
    await shop.finish("x");
    expect(shop.running).toEqual(["last"]);
    await shop.finish("last", { set: { again: true } });
    await shop.finish("first", { set: { both: true } });
    await shop.finish("y");
    expect(shop.running).toEqual(["x"]);
    await shop.finish("x");
    expect(shop.running).toEqual(["last"]);
  });

  test("may lead from a step to itself", async () => {
    const shop = new Workshop();
    const edges = [edge("a", "a", { condition: "again" }), edge("a", "end", { otherwise: true })];
    await shop.start(flow(shop.steps("a", "end"), edges));
    await shop.finish("a", { set: { again: true } });
    await shop.finish("a", { set: { again: true } });
    await shop.finish("a", { set: { again: false } });
    await shop.finish("end");
    expect(await shop.history()).toEqual([
      "a succeeded",
      "a succeeded",
      "a succeeded",
      "end succeeded",
    ]);
  });

  test("may be entered and left at several places", async () => {
    // The loop is p -> q -> r -> p; control enters at p or at q and leaves from q or from r.
    const shop = new Workshop();
    const edges = [
      edge("a", "p", { condition: "enter == 'p'" }),
      edge("a", "q", { condition: "enter == 'q'" }),
      "p -> q",
      edge("q", "r", { condition: "go" }),
      edge("q", "end", { otherwise: true }),
      edge("r", "p", { condition: "go" }),
      edge("r", "end", { otherwise: true }),
    ];
    for (const enter of ["p", "q"]) {
      await shop.start(flow(shop.steps("a", "p", "q", "r", "end"), edges, { name: enter }), {
        initialData: { enter },
      });
      await shop.finish("a", { set: { go: true } });
      if (enter === "p") await shop.finish("p");
      await shop.finish("q");
      await shop.finish("r");
      expect(shop.running).toEqual(["p"]);
      await shop.finish("p", { set: { go: false } });
      await shop.finish("q");
      expect(shop.running).toEqual(["end"]);
      await shop.finish("end");
      expect(await shop.status()).toBe("completed");
    }
  });

  test("may stand in a loop", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> outer -> inner",
      edge("inner", "inner", { condition: "inner" }),
      edge("inner", "last", { otherwise: true }),
      edge("last", "outer", { condition: "outer" }),
      edge("last", "end", { otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "outer", "inner", "last", "end"), edges), {
      initialData: { inner: true, outer: true },
    });
    await shop.finish("a");
    await shop.finish("outer");
    await shop.finish("inner");
    await shop.finish("inner", { set: { inner: false } });
    await shop.finish("last");
    await shop.finish("outer");
    await shop.finish("inner");
    await shop.finish("last", { set: { outer: false } });
    expect(shop.running).toEqual(["end"]);
    const { steps } = await shop.view();
    const passes = steps.filter(({ path }) => path === "inner").map(({ iteration }) => iteration);
    expect(passes).toEqual([1, 2, 3]);
  });

  test("keeps a join outside of it waiting for as long as it goes round", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> first -> last",
      "a -> b -> join",
      again,
      edge("last", "join", { otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "first", "last", "b", "join"), edges));
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("first");
    await shop.finish("last", { set: { again: true } });
    expect(shop.running).toEqual(["first"]);
    await shop.finish("first");
    await shop.finish("last", { set: { again: false } });
    expect(shop.running).toEqual(["join"]);
  });

  test("may lead back by a failure edge", async () => {
    const shop = new Workshop();
    const edges = ["a -> b -> end", edge("b", "a", { on: "failure" })];
    await shop.start(flow(shop.steps("a", "b", "end"), edges));
    await shop.finish("a");
    await shop.fail("b");
    expect(shop.running).toEqual(["a"]);
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("end");
    expect(await shop.status()).toBe("completed");
    expect(await shop.statuses("b")).toEqual(["failed", "succeeded"]);
  });

  test("goes round a thousand times", async () => {
    class Count extends BaseMachineStep {
      execute(context: WorkflowContext): void {
        context.set("count", Number(context.get("count", 0)) + 1);
      }
    }
    const shop = new Workshop();
    const edges = [edge("a", "a", { condition: "count < 1000" })];
    const definition = flow({ a: new Count() }, edges, { terminalSteps: ["a"] });
    const instance = await shop.engine.startWorkflow(definition);
    expect(instance.status).toBe("completed");
    expect(instance.data).toEqual({ count: 1000 });
  });
});
