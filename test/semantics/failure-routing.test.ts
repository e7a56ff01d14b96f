import type { ReadonlyContext } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

describe("a step that fails for good", () => {
  test("with no failure edge fails the instance; the rest is cancelled", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b", "a -> c"]));
    await shop.finish("a");
    const { signal } = shop.context("c");
    await shop.fail("b", new TypeError("no b"));
    expect(await shop.status()).toBe("failed");
    expect(await shop.error()).toEqual({
      code: "STEP_FAILED",
      name: "TypeError",
      message: "no b",
      path: "b",
    });
    expect(signal.aborted).toBe(true);
    expect(await shop.statuses("c")).toEqual(["canceled"]);
  });

  test("takes its failure edges, and the instance does not fail", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> b",
      edge("a", "mend", { on: "failure" }),
      edge("a", "tell", { on: "always" }),
    ];
    await shop.start(flow(shop.steps("a", "b", "mend", "tell"), edges));
    await shop.fail("a", new Error("no a"));
    expect(shop.running).toEqual(["mend", "tell"]);
    expect(shop.context("mend").error()).toEqual({
      code: "STEP_FAILED",
      message: "no a",
      path: "a",
    });
    expect(shop.context("tell").error("a")).toMatchObject({ message: "no a" });
    await shop.finish("mend");
    await shop.finish("tell");
    expect(await shop.status()).toBe("completed");
  });

  test("that succeeds instead takes success and always edges only", async () => {
    const shop = new Workshop();
    const edges = [
      "a -> b",
      edge("a", "mend", { on: "failure" }),
      edge("a", "tell", { on: "always" }),
    ];
    await shop.start(flow(shop.steps("a", "b", "mend", "tell"), edges));
    await shop.finish("a");
    expect(shop.running).toEqual(["b", "tell"]);
    expect(shop.context("tell").error()).toBeUndefined();
  });

  test("chooses among failure edges by their conditions, which read the error", async () => {
    for (const [code, target] of [
      ["E_CARD", "card"],
      ["E_OTHER", "other"],
    ] as const) {
      const shop = new Workshop();
      const condition = (context: ReadonlyContext) => context.error()?.code === "E_CARD";
      const edges = [
        edge("a", "card", { on: "failure", condition }),
        edge("a", "other", { on: "failure", otherwise: true }),
      ];
      await shop.start(flow(shop.steps("a", "card", "other"), edges));
      await shop.fail("a", Object.assign(new Error("declined"), { code }));
      expect(shop.running).toEqual([target]);
    }
  });

  test("chooses by the error of its own path", async () => {
    const shop = new Workshop();
    const condition = (context: ReadonlyContext) => context.error("a")?.code === "E_CARD";
    const edges = [
      edge("a", "card", { on: "failure", condition }),
      edge("a", "other", { on: "failure", otherwise: true }),
    ];
    await shop.start(flow(shop.steps("a", "card", "other"), edges));
    await shop.fail("a", Object.assign(new Error("declined"), { code: "E_CARD" }));
    expect(shop.running).toEqual(["card"]);
  });

  test("is a dead end when none of its failure edges holds, with its error as the cause", async () => {
    const shop = new Workshop();
    const edges = ["a -> b", edge("a", "mend", { on: "failure", condition: () => false })];
    await shop.start(flow(shop.steps("a", "b", "mend"), edges));
    await shop.fail("a", new Error("no a"));
    expect(await shop.error()).toMatchObject({
      code: "DEAD_END",
      path: "a",
      cause: { code: "STEP_FAILED", message: "no a" },
    });
  });

  test("fails with its own error, being terminal, when none of its failure edges holds", async () => {
    const shop = new Workshop();
    const edges = [edge("a", "mend", { on: "failure", condition: () => false })];
    const definition = flow(shop.steps("a", "mend"), edges, { terminalSteps: ["a", "mend"] });
    await shop.start(definition);
    await shop.fail("a", new Error("no a"));
    expect(await shop.error()).toMatchObject({ code: "STEP_FAILED", message: "no a" });
  });

  test("with a failure edge only, simply ends its path when it succeeds", async () => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a", "mend"), [edge("a", "mend", { on: "failure" })]);
    await shop.start(definition);
    await shop.finish("a");
    expect(await shop.status()).toBe("completed");
  });

  test.each<[string, unknown, object]>([
    ["a text", "no", { code: "STEP_FAILED", message: "no", path: "a" }],
    ["null", null, { code: "STEP_FAILED", message: "null", path: "a" }],
    ["an object", { why: 1 }, { code: "STEP_FAILED", path: "a" }],
    [
      "an error with a cause",
      new Error("above", { cause: new RangeError("below") }),
      {
        code: "STEP_FAILED",
        message: "above",
        path: "a",
        cause: { code: "STEP_FAILED", name: "RangeError", message: "below", path: "a" },
      },
    ],
  ])("is recorded as JSON, whatever it throws: %s", async (_what, thrown, expected) => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    await shop.fail("a", thrown);
    const error = await shop.error();
    expect(error).toMatchObject(expected);
    expect(JSON.parse(JSON.stringify(error))).toEqual(error);
  });

  test("is recorded, even if its cause leads back to itself", async () => {
    const round = new Error("round");
    round.cause = round;
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    await shop.fail("a", round);
    expect(await shop.error()).toMatchObject({ code: "STEP_FAILED", message: "round", path: "a" });
  });

  test("shows each visit the error that led to it, however late it starts", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("start", "x", "y", "z"),
      a: shop.step("", { join: "each" }),
      mend: shop.step("", { mutex: "m" }),
      busy: shop.step("", { mutex: "m" }),
    };
    const edges = [
      ...["start -> busy", "start -> x -> a", "start -> y -> a", "start -> z -> a"],
      edge("a", "mend", { on: "failure" }),
    ];
    await shop.start(flow(steps, edges, { terminalSteps: ["a", "mend", "busy"] }));
    for (const name of ["start", "x", "y"]) await shop.finish(name);
    await shop.fail("a", new Error("first"));
    await shop.fail("a", new Error("second"));
    await shop.finish("z");
    await shop.finish("busy");
    expect(shop.context("mend").error()?.message).toBe("first");
    await shop.finish("mend");
    expect(shop.context("mend").error()?.message).toBe("second");
  });

  test("shows in a later pass of a loop no error of an earlier one", async () => {
    const shop = new Workshop();
    const edges = [edge("a", "b", { on: "always" }), edge("b", "a", { condition: "again" })];
    const definition = flow(shop.steps("a", "b"), edges, { terminalSteps: ["b"] });
    await shop.start(definition, { initialData: { again: true } });
    await shop.fail("a");
    expect(shop.context("b").error()).toMatchObject({ message: "a broke" });
    await shop.finish("b");
    await shop.finish("a");
    expect(shop.context("b").error()).toBeUndefined();
  });
});
