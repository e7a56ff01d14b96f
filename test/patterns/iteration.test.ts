import {
  Edge,
  ExclusiveGateway,
  humanStep,
  machineStep,
  SubworkflowStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { PatternRun, work } from "../support/pattern-run.ts";

describe("WCP-10 Arbitrary Cycles", () => {
  // One cycle (draft, review, revise) with two entries and two exits.
  const definition = new WorkflowDefinition({
    name: "arbitrary_cycles",
    steps: {
      start: new ExclusiveGateway((context) => String(context.get("entry"))),
      draft: humanStep("draft"),
      review: humanStep("review"),
      revise: humanStep("revise"),
      publish: work("publish"),
      abandon: work("abandon"),
    },
    edges: [
      new Edge("start", "draft"),
      new Edge("start", "revise"),
      new Edge("draft", "review"),
      new Edge("review", "revise", { condition: "!review.good" }),
      new Edge("review", "publish", { condition: "review.good" }),
      new Edge("revise", "draft", { condition: "revise.worth" }),
      new Edge("revise", "abandon", { condition: "!revise.worth" }),
    ],
    initialStep: "start",
    terminalSteps: ["publish", "abandon"],
  });

  test.each(["draft", "revise"])(
    "a cycle is entered at %s and left at either exit",
    async (entry) => {
      for (const exit of ["publish", "abandon"]) {
        const run = await PatternRun.start(definition, { data: { entry } });
        if (entry === "revise") await run.completeWith("revise", { worth: true });
        await run.complete("draft");
        await run.completeWith("review", { good: false });
        await run.completeWith("revise", { worth: true });
        await run.complete("draft");
        await run.completeWith("review", { good: exit === "publish" });
        if (exit === "abandon") await run.completeWith("revise", { worth: false });
        expect(await run.status()).toBe("completed");
        expect(await run.times("draft")).toBe(2);
        expect(await run.times("publish")).toBe(exit === "publish" ? 1 : 0);
        expect(await run.times("abandon")).toBe(exit === "abandon" ? 1 : 0);
      }
    },
  );

  test("each pass is another execution, numbered by its iteration", async () => {
    const run = await PatternRun.start(definition, { data: { entry: "draft" } });
    await run.complete("draft");
    await run.completeWith("review", { good: false });
    await run.completeWith("revise", { worth: true });
    const { steps } = await run.instance();
    expect(steps.map(({ path, iteration }) => `${path} ${iteration}`)).toEqual([
      "start 1",
      "draft 1",
      "review 1",
      "revise 1",
      "draft 2",
    ]);
  });
});

describe("WCP-21 Structured Loop", () => {
  const body = machineStep("body", (context) => {
    context.set("rounds", (context.get("rounds", 0) as number) + 1);
  });

  test.each([0, 1, 3])("a pre-test loop runs its body while the condition holds: %i", async (n) => {
    const definition = new WorkflowDefinition({
      name: "while_loop",
      steps: { check: new ExclusiveGateway(), body, after: work("after") },
      edges: [
        new Edge("check", "body", { condition: "rounds < limit" }),
        new Edge("check", "after", { otherwise: true }),
        new Edge("body", "check"),
      ],
      initialStep: "check",
      terminalSteps: ["after"],
    });
    const run = await PatternRun.start(definition, { data: { rounds: 0, limit: n } });
    expect(await run.times("body")).toBe(n);
    expect(await run.times("after")).toBe(1);
    expect(await run.status()).toBe("completed");
  });

  test.each([
    { limit: 0, rounds: 1 },
    { limit: 1, rounds: 1 },
    { limit: 3, rounds: 3 },
  ])("a post-test loop runs its body at least once: $limit", async ({ limit, rounds }) => {
    const definition = new WorkflowDefinition({
      name: "repeat_loop",
      steps: { body, after: work("after") },
      edges: [
        new Edge("body", "body", { condition: "rounds < limit" }),
        new Edge("body", "after", { otherwise: true }),
      ],
      initialStep: "body",
      terminalSteps: ["after"],
    });
    const run = await PatternRun.start(definition, { data: { limit } });
    expect(await run.times("body")).toBe(rounds);
    expect(await run.times("after")).toBe(1);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-22 Recursion", () => {
  test("a workflow starts itself as a child until its condition ends the descent", async () => {
    const started: unknown[] = [];
    const factorial = new WorkflowDefinition({
      name: "factorial",
      steps: {
        begin: machineStep("begin", (context) => {
          started.push(context.get("n"));
        }),
        smaller: new SubworkflowStep({
          workflow: "factorial",
          input: (context) => ({ n: (context.get("n") as number) - 1 }),
          output: { below: "product" },
        }),
        multiply: machineStep("multiply", (context) => {
          const below = context.get("below", 1) as number;
          context.set("product", (context.get("n") as number) * below);
        }),
      },
      edges: [
        new Edge("begin", "smaller", { condition: "n > 1" }),
        new Edge("begin", "multiply", { otherwise: true }),
        new Edge("smaller", "multiply"),
      ],
      initialStep: "begin",
      terminalSteps: ["multiply"],
    });
    const run = await PatternRun.start(factorial, { data: { n: 5 } });
    const instance = await run.engine.waitFor(run.id);
    expect(instance.status).toBe("completed");
    expect(instance.data).toEqual({ n: 5, below: 24, product: 120 });
    expect(started).toEqual([5, 4, 3, 2, 1]);
  });

  test("a step of a child starts the workflow that it belongs to", async () => {
    const outer = new WorkflowDefinition({
      name: "outer",
      steps: {
        ask: humanStep("ask"),
        inner: new SubworkflowStep({ workflow: "inner" }),
      },
      edges: [new Edge("ask", "inner", { condition: "ask.deeper" })],
      initialStep: "ask",
      terminalSteps: ["ask", "inner"],
    });
    const inner = new WorkflowDefinition({
      name: "inner",
      steps: { outer: new SubworkflowStep({ workflow: "outer" }) },
      initialStep: "outer",
      terminalSteps: ["outer"],
    });
    const run = await PatternRun.start(outer, { children: [inner] });
    await run.completeWith("ask", { deeper: true });
    const [task] = (await run.engine.tasks.list()).items;
    expect(task?.workflow).toBe("outer");
    expect(task?.instanceId).not.toBe(run.id);
    await run.engine.completeHumanTask({
      instanceId: task?.instanceId ?? "",
      stepName: "ask",
      data: { deeper: false },
    });
    expect((await run.engine.waitFor(run.id)).status).toBe("completed");
  });
});
