import {
  Edge,
  humanStep,
  MapGroup,
  SignalStep,
  SubworkflowStep,
  TimerStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { HandCranked, PatternRun, work } from "../support/pattern-run.ts";

describe("WCP-19 Cancel Task", () => {
  test("a task that was offered is withdrawn when another step ends", async () => {
    const definition = new WorkflowDefinition({
      name: "cancel_task",
      steps: {
        start: work("start"),
        assess: humanStep("assess"),
        refuse: humanStep("refuse", { cancels: ["assess"] }),
        inform: humanStep("inform"),
      },
      edges: [
        new Edge("start", "assess"),
        new Edge("start", "refuse"),
        new Edge("assess", "inform"),
      ],
      initialStep: "start",
      terminalSteps: ["inform", "refuse"],
    });
    const run = await PatternRun.start(definition);
    expect(await run.tasks()).toEqual(["assess", "refuse"]);
    await run.complete("refuse");
    expect(await run.tasks()).toEqual([]);
    expect(await run.statusesOf("assess")).toEqual(["canceled"]);
    expect(await run.statusesOf("inform")).toEqual([]);
    expect(await run.status()).toBe("completed");
  });

  const compute = () => {
    const step = new HandCranked("compute");
    const definition = new WorkflowDefinition({
      name: "cancel_running_task",
      steps: {
        start: work("start"),
        compute: step,
        first: humanStep("first", { mutex: "desk" }),
        second: humanStep("second", { mutex: "desk" }),
        report: humanStep("report"),
        explain: humanStep("explain"),
      },
      edges: [
        new Edge("start", "compute"),
        new Edge("start", "first"),
        new Edge("start", "second"),
        new Edge("compute", "report"),
        new Edge("compute", "explain", { on: "cancel" }),
      ],
      initialStep: "start",
      terminalSteps: ["first", "second", "report", "explain"],
    });
    return { step, definition };
  };

  test("work that runs is told to stop, its edges are dead, and its end counts no more", async () => {
    const { step, definition } = compute();
    const run = await PatternRun.start(definition);
    expect(step.begun.map(({ signal }) => signal.aborted)).toEqual([false]);
    await run.cancel("compute");
    expect(step.begun.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(await run.statusesOf("compute")).toEqual(["canceled"]);
    expect(await run.tasks()).toEqual(["first", "explain"]);
    step.end();
    await run.clock.advance(0);
    expect(await run.statusesOf("report")).toEqual([]);
  });

  test("a step that waits for its turn is cancelled before it has begun", async () => {
    const { definition } = compute();
    const run = await PatternRun.start(definition);
    expect(await run.statusesOf("second")).toEqual(["pending"]);
    await run.cancel("second");
    await run.complete("first");
    expect(await run.statusesOf("second")).toEqual(["canceled"]);
    expect(await run.tasks()).toEqual([]);
  });
});

describe("WCP-20 Cancel Case", () => {
  test("the whole instance ends: work, tasks, timers, signals and child instances", async () => {
    const compute = new HandCranked("compute");
    const child = new WorkflowDefinition({
      name: "child",
      steps: { ask: humanStep("ask") },
      initialStep: "ask",
      terminalSteps: ["ask"],
    });
    const definition = new WorkflowDefinition({
      name: "cancel_case",
      steps: {
        start: work("start"),
        compute,
        decide: humanStep("decide"),
        wait: new TimerStep({ durationMs: 1000 }),
        answer: new SignalStep({ signal: "answer" }),
        sub: new SubworkflowStep({ workflow: "child" }),
        after: work("after"),
      },
      edges: (["compute", "decide", "wait", "answer", "sub"] as const).flatMap((step) => [
        new Edge("start", step),
        new Edge(step, "after"),
        new Edge(step, "after", { on: "cancel" }),
      ]),
      initialStep: "start",
      terminalSteps: ["after"],
    });
    const run = await PatternRun.start(definition, { children: [child] });
    expect((await run.engine.tasks.list()).items.map(({ path }) => path)).toEqual([
      "decide",
      "ask",
    ]);

    await run.engine.cancelWorkflow(run.id, { reason: "order withdrawn" });
    await run.clock.advance(2000);
    const { status, reason, steps } = await run.instance();
    expect({ status, reason }).toEqual({ status: "canceled", reason: "order withdrawn" });
    expect(steps.map((step) => `${step.path} ${step.status}`)).toEqual([
      "start succeeded",
      "compute canceled",
      "decide canceled",
      "wait canceled",
      "answer canceled",
      "sub canceled",
    ]);
    expect(compute.begun.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect((await run.engine.tasks.list()).items).toEqual([]);
    await expect(run.signal("answer")).rejects.toMatchObject({ code: "INSTANCE_ENDED" });
  });
});

describe("WCP-25 Cancel Region", () => {
  test("steps that need not be connected are cancelled together, waiting arrivals too", async () => {
    const definition = new WorkflowDefinition({
      name: "cancel_region",
      steps: {
        start: work("start"),
        police: humanStep("police"),
        expert: humanStep("expert"),
        settle: humanStep("settle"),
        letter: humanStep("letter"),
        witness: humanStep("witness"),
        drop: humanStep("drop", { cancels: ["expert", "settle", "letter", "police"] }),
        file: humanStep("file"),
      },
      edges: [
        new Edge("start", "police"),
        new Edge("start", "expert"),
        new Edge("start", "letter"),
        new Edge("start", "witness"),
        new Edge("start", "drop"),
        new Edge("police", "settle"),
        new Edge("expert", "settle"),
        new Edge("drop", "file"),
      ],
      initialStep: "start",
      terminalSteps: ["settle", "letter", "witness", "file"],
    });
    const run = await PatternRun.start(definition);
    await run.complete("police");
    expect(await run.tasks()).toEqual(["expert", "letter", "witness", "drop"]);
    await run.complete("drop");
    expect(await run.tasks()).toEqual(["witness", "file"]);
    const { steps } = await run.instance();
    const ends = new Map(steps.map(({ path, status }) => [path, status]));
    expect(ends.get("police")).toBe("succeeded");
    expect(ends.get("expert")).toBe("canceled");
    expect(ends.get("letter")).toBe("canceled");
    expect(ends.get("settle")).toBe("canceled");
    await run.complete("witness", "file");
    expect(await run.status()).toBe("completed");
  });
});

const samples = { samples: ["a", "b", "c"] };

describe("WCP-26 Cancel Multiple Instance Task", () => {
  const definition = new WorkflowDefinition({
    name: "cancel_instances",
    steps: {
      start: work("start"),
      test: new MapGroup(humanStep("sample"), { items: "samples" }),
      evaluate: work("evaluate"),
      hour: new TimerStep({ durationMs: 1000, cancels: ["test"] }),
    },
    edges: [new Edge("start", "test"), new Edge("start", "hour"), new Edge("test", "evaluate")],
    initialStep: "start",
    terminalSteps: ["evaluate", "hour"],
  });

  test.each(["a step", "an operator"])(
    "%s cancels what has not ended; what has, stays; nothing follows",
    async (who) => {
      const run = await PatternRun.start(definition, { data: samples });
      await run.complete("test/sample[1]");
      if (who === "an operator") await run.cancel("test");
      else await run.clock.advance(1000);
      expect(await run.tasks()).toEqual([]);
      expect(await run.statusesOf("test")).toEqual(["canceled"]);
      expect(await run.statusesOf("test/sample[0]")).toEqual(["canceled"]);
      expect(await run.statusesOf("test/sample[1]")).toEqual(["succeeded"]);
      expect(await run.statusesOf("test/sample[2]")).toEqual(["canceled"]);
      await run.clock.advance(1000);
      expect(await run.statusesOf("evaluate")).toEqual([]);
      expect(await run.status()).toBe("completed");
    },
  );
});

describe("WCP-27 Complete Multiple Instance Task", () => {
  test("what has not ended is withdrawn, and the process goes on with what has", async () => {
    const definition = new WorkflowDefinition({
      name: "complete_instances",
      steps: {
        test: new MapGroup(humanStep("sample"), { items: "samples" }),
        evaluate: work("evaluate"),
      },
      edges: [new Edge("test", "evaluate")],
      initialStep: "test",
      terminalSteps: ["evaluate"],
    });
    const run = await PatternRun.start(definition, { data: samples });
    await run.completeWith("test/sample[1]", { protein: 7 });
    const map = { instanceId: run.id, stepName: "test" };
    await run.engine.closeMap(map);
    expect(await run.tasks()).toEqual([]);
    expect(await run.statusesOf("test/sample[0]")).toEqual(["canceled"]);
    expect(await run.statusesOf("test/sample[1]")).toEqual(["succeeded"]);
    expect(await run.statusesOf("evaluate")).toEqual(["succeeded"]);
    const instance = await run.instance();
    expect(instance.status).toBe("completed");
    expect(instance.result("test")).toEqual([null, { protein: 7 }, null]);
    await expect(run.engine.addItem({ ...map, item: "d" })).rejects.toMatchObject({
      code: "MAP_CLOSED",
    });
  });

  test("a task that is completed before any instance has ended lets the process go on", async () => {
    const definition = new WorkflowDefinition({
      name: "complete_without_instances",
      steps: {
        test: new MapGroup(humanStep("sample"), { items: "samples" }),
        evaluate: work("evaluate"),
      },
      edges: [new Edge("test", "evaluate")],
      initialStep: "test",
      terminalSteps: ["evaluate"],
    });
    const run = await PatternRun.start(definition, { data: samples });
    await run.engine.closeMap({ instanceId: run.id, stepName: "test" });
    expect(await run.statusesOf("test")).toEqual(["skipped"]);
    expect((await run.instance()).result("test")).toBe(undefined);
    expect(await run.statusesOf("evaluate")).toEqual(["succeeded"]);
  });
});
