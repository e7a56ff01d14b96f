import { Edge, humanStep, TimerStep, WorkflowDefinition } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { HandCranked, PatternRun, work } from "../support/pattern-run.ts";

describe("WCP-11 Implicit Termination", () => {
  test("the instance is completed when nothing is left to do, and not earlier", async () => {
    const definition = new WorkflowDefinition({
      name: "implicit_termination",
      steps: {
        order: work("order"),
        ship: humanStep("ship"),
        thank: humanStep("thank"),
        survey: new TimerStep({ durationMs: 1000 }),
      },
      edges: [new Edge("order", "ship"), new Edge("order", "thank"), new Edge("ship", "survey")],
      initialStep: "order",
      terminalSteps: ["thank"],
    });
    const run = await PatternRun.start(definition);
    await run.complete("thank");
    expect(await run.statusesOf("thank")).toEqual(["succeeded"]);
    expect(await run.tasks()).toEqual(["ship"]);
    expect(await run.status()).toBe("waiting");
    await run.complete("ship");
    expect(await run.status()).toBe("waiting");
    await run.clock.advance(1000);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-43 Explicit Termination", () => {
  test("reaching the step that terminates completes the instance and cancels the rest", async () => {
    const compute = new HandCranked("compute");
    const definition = new WorkflowDefinition({
      name: "explicit_termination",
      steps: {
        order: work("order"),
        compute,
        ship: humanStep("ship"),
        refuse: humanStep("refuse"),
        after: work("after"),
      },
      edges: [
        new Edge("order", "compute"),
        new Edge("order", "ship"),
        new Edge("order", "refuse"),
        new Edge("ship", "after"),
        new Edge("ship", "after", { on: "cancel" }),
      ],
      initialStep: "order",
      terminalSteps: ["compute", "after", { step: "refuse", terminate: true }],
    });
    const run = await PatternRun.start(definition);
    await run.complete("refuse");
    const { status, steps } = await run.instance();
    expect(status).toBe("completed");
    expect(steps.map((step) => `${step.path} ${step.status}`)).toEqual([
      "order succeeded",
      "compute canceled",
      "ship canceled",
      "refuse succeeded",
    ]);
    expect(compute.begun.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(await run.tasks()).toEqual([]);
  });
});
