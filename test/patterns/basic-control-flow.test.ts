import {
  Edge,
  ExclusiveGateway,
  humanStep,
  ParallelGateway,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { HandCranked, PatternRun, work } from "../support/pattern-run.ts";

describe("WCP-1 Sequence", () => {
  test("a step starts when the step before it has ended, and not earlier", async () => {
    const definition = new WorkflowDefinition({
      name: "sequence",
      steps: { verify: humanStep("verify"), pay: humanStep("pay"), ship: humanStep("ship") },
      edges: [new Edge("verify", "pay"), new Edge("pay", "ship")],
      initialStep: "verify",
      terminalSteps: ["ship"],
    });
    const run = await PatternRun.start(definition);
    expect(await run.tasks()).toEqual(["verify"]);
    await run.complete("verify");
    expect(await run.tasks()).toEqual(["pay"]);
    await run.complete("pay");
    expect(await run.tasks()).toEqual(["ship"]);
    await run.complete("ship");
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-2 Parallel Split", () => {
  test("one step's end starts every branch, and they run at the same time", async () => {
    const bill = new HandCranked("bill");
    const pack = new HandCranked("pack");
    const definition = new WorkflowDefinition({
      name: "parallel_split",
      steps: { order: work("order"), bill, pack },
      edges: [new Edge("order", "bill"), new Edge("order", "pack")],
      initialStep: "order",
      terminalSteps: ["bill", "pack"],
    });
    const run = await PatternRun.start(definition);
    expect(await run.statusesOf("bill")).toEqual(["running"]);
    expect(await run.statusesOf("pack")).toEqual(["running"]);
    pack.end();
    bill.end();
    expect((await run.engine.waitFor(run.id)).status).toBe("completed");
  });

  test("a parallel gateway takes every edge, whatever its condition", async () => {
    const definition = new WorkflowDefinition({
      name: "parallel_gateway",
      steps: {
        split: new ParallelGateway(),
        bill: humanStep("bill"),
        pack: humanStep("pack"),
      },
      edges: [new Edge("split", "bill", { condition: "false" }), new Edge("split", "pack")],
      initialStep: "split",
      terminalSteps: ["bill", "pack"],
    });
    const run = await PatternRun.start(definition);
    expect(await run.tasks()).toEqual(["bill", "pack"]);
  });
});

describe("WCP-3 Synchronization", () => {
  test.each([
    ["bill", "pack"],
    ["pack", "bill"],
  ])("the join waits for every branch and runs once (%s before %s)", async (first, second) => {
    const definition = new WorkflowDefinition({
      name: "synchronization",
      steps: {
        order: work("order"),
        bill: humanStep("bill"),
        pack: humanStep("pack"),
        ship: humanStep("ship"),
      },
      edges: [
        new Edge("order", "bill"),
        new Edge("order", "pack"),
        new Edge("bill", "ship"),
        new Edge("pack", "ship"),
      ],
      initialStep: "order",
      terminalSteps: ["ship"],
    });
    const run = await PatternRun.start(definition);
    await run.complete(first);
    expect(await run.tasks()).toEqual([second]);
    await run.complete(second);
    expect(await run.tasks()).toEqual(["ship"]);
    await run.complete("ship");
    expect(await run.status()).toBe("completed");
    expect(await run.times("ship")).toBe(1);
  });
});

describe("WCP-4 Exclusive Choice", () => {
  const branches = {
    small: work("small"),
    large: work("large"),
  };

  test.each([
    { amount: 10, taken: "small", left: "large" },
    { amount: 100, taken: "large", left: "small" },
  ])("conditions choose one branch: $taken for $amount", async ({ amount, taken, left }) => {
    const definition = new WorkflowDefinition({
      name: "exclusive_choice",
      steps: { order: work("order"), ...branches },
      edges: [
        new Edge("order", "large", { condition: "amount >= 100" }),
        new Edge("order", "small", { otherwise: true }),
      ],
      initialStep: "order",
      terminalSteps: ["small", "large"],
    });
    const run = await PatternRun.start(definition, { data: { amount } });
    expect(await run.status()).toBe("completed");
    expect(await run.statusesOf(taken)).toEqual(["succeeded"]);
    expect(await run.statusesOf(left)).toEqual([]);
  });

  test("an exclusive gateway takes only the first edge whose condition holds", async () => {
    const definition = new WorkflowDefinition({
      name: "exclusive_gateway",
      steps: { order: new ExclusiveGateway(), ...branches },
      edges: [
        new Edge("order", "large", { condition: "amount >= 100" }),
        new Edge("order", "small", { condition: "amount >= 1" }),
      ],
      initialStep: "order",
      terminalSteps: ["small", "large"],
    });
    const run = await PatternRun.start(definition, { data: { amount: 100 } });
    expect(await run.statusesOf("large")).toEqual(["succeeded"]);
    expect(await run.statusesOf("small")).toEqual([]);
  });
});

describe("WCP-5 Simple Merge", () => {
  test.each(["cash", "card"])("the branch that was chosen (%s) goes on at once", async (means) => {
    const definition = new WorkflowDefinition({
      name: "simple_merge",
      steps: {
        choose: new ExclusiveGateway((context) => String(context.get("means"))),
        cash: humanStep("cash"),
        card: humanStep("card"),
        receipt: work("receipt"),
      },
      edges: [
        new Edge("choose", "cash"),
        new Edge("choose", "card"),
        new Edge("cash", "receipt"),
        new Edge("card", "receipt"),
      ],
      initialStep: "choose",
      terminalSteps: ["receipt"],
    });
    const run = await PatternRun.start(definition, { data: { means } });
    await run.complete(means);
    expect(await run.status()).toBe("completed");
    expect(await run.statusesOf("receipt")).toEqual(["succeeded"]);
  });
});
