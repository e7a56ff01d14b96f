import {
  Edge,
  humanStep,
  MapGroup,
  machineStep,
  SequentialGroup,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { PatternRun, work } from "../support/pattern-run.ts";

describe("WCP-12 Multiple Instances without Synchronization", () => {
  test("the process goes on to its end while the instances run, each on its own", async () => {
    const notice = new SequentialGroup([humanStep("write"), humanStep("post")], { name: "notice" });
    const definition = new WorkflowDefinition({
      name: "without_synchronization",
      steps: {
        receive: work("receive"),
        notices: new MapGroup(notice, { items: "infringements", failure: "collect" }),
        report: work("report"),
      },
      edges: [new Edge("receive", "notices"), new Edge("receive", "report")],
      initialStep: "receive",
      terminalSteps: ["report"],
    });
    const run = await PatternRun.start(definition, { data: { infringements: ["a", "b", "c"] } });
    expect(await run.statusesOf("report")).toEqual(["succeeded"]);
    await run.complete("notices/notice[1]/write");
    expect(await run.tasks()).toEqual([
      "notices/notice[1]/post",
      "notices/notice[0]/write",
      "notices/notice[2]/write",
    ]);
    await run.complete("notices/notice[1]/post");
    await run.complete("notices/notice[0]/write", "notices/notice[0]/post");
    expect(await run.status()).toBe("waiting");
    await run.complete("notices/notice[2]/write", "notices/notice[2]/post");
    expect(await run.status()).toBe("completed");
  });

  test("a loop creates instances by arrivals, and nothing ever joins them", async () => {
    const definition = new WorkflowDefinition({
      name: "instances_by_arrivals",
      steps: {
        next: machineStep("next", (context) => context.set("created", context.iteration)),
        notice: humanStep("notice"),
        report: work("report"),
      },
      edges: [
        new Edge("next", "notice"),
        new Edge("next", "next", { condition: "created < size(infringements)" }),
        new Edge("next", "report", { otherwise: true }),
      ],
      initialStep: "next",
      terminalSteps: ["notice", "report"],
    });
    const run = await PatternRun.start(definition, { data: { infringements: ["a", "b", "c"] } });
    expect(await run.tasks()).toEqual(["notice", "notice", "notice"]);
    expect(await run.statusesOf("report")).toEqual(["succeeded"]);
    await run.complete("notice", "notice", "notice");
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-13 Multiple Instances with a priori Design-Time Knowledge", () => {
  test("the definition says how many there are, and all of them are waited for", async () => {
    const definition = new WorkflowDefinition({
      name: "design_time_knowledge",
      steps: {
        sign: new MapGroup(humanStep("director"), { items: () => [1, 2, 3, 4, 5, 6] }),
        issue: work("issue"),
      },
      edges: [new Edge("sign", "issue")],
      initialStep: "sign",
      terminalSteps: ["issue"],
    });
    const run = await PatternRun.start(definition);
    const directors = [0, 1, 2, 3, 4, 5].map((index) => `sign/director[${index}]`);
    expect(await run.tasks()).toEqual(directors);
    for (const director of directors.reverse()) {
      expect(await run.statusesOf("issue")).toEqual([]);
      await run.complete(director);
    }
    expect(await run.statusesOf("issue")).toEqual(["succeeded"]);
  });
});

describe("WCP-14 Multiple Instances with a priori Run-Time Knowledge", () => {
  const definition = new WorkflowDefinition({
    name: "run_time_knowledge",
    steps: {
      find: machineStep("find", (context) => context.set("witnesses", context.get("found"))),
      question: new MapGroup(
        humanStep("witness", { assignee: (context) => String(context.item) }),
        { items: "witnesses" },
      ),
      close: work("close"),
    },
    edges: [new Edge("find", "question"), new Edge("question", "close")],
    initialStep: "find",
    terminalSteps: ["close"],
  });

  test("a list that an earlier step made says how many, and all of them are waited for", async () => {
    const run = await PatternRun.start(definition, { data: { found: ["ada", "bea"] } });
    const { items: tasks } = await run.engine.tasks.list();
    expect(tasks.map(({ path, assignee }) => [path, assignee])).toEqual([
      ["question/witness[0]", "ada"],
      ["question/witness[1]", "bea"],
    ]);
    for (const userId of ["bea", "ada"]) {
      expect(await run.statusesOf("close")).toEqual([]);
      const index = userId === "ada" ? 0 : 1;
      await run.engine.completeHumanTask({
        instanceId: run.id,
        stepName: `question/witness[${index}]`,
        userId,
      });
    }
    expect(await run.statusesOf("close")).toEqual(["succeeded"]);
  });

  test("with nothing in the list, the process goes on at once", async () => {
    const run = await PatternRun.start(definition, { data: { found: [] } });
    expect(await run.statusesOf("close")).toEqual(["succeeded"]);
  });
});

describe("WCP-15 Multiple Instances without a priori Run-Time Knowledge", () => {
  const definition = new WorkflowDefinition({
    name: "no_a_priori_knowledge",
    steps: {
      ship: new MapGroup(humanStep("transport"), { items: "loads" }),
      invoice: work("invoice"),
    },
    edges: [new Edge("ship", "invoice")],
    initialStep: "ship",
    terminalSteps: ["invoice"],
  });

  test("more instances are added while the first run, and all of them are waited for", async () => {
    const run = await PatternRun.start(definition, { data: { loads: ["a", "b"] } });
    await run.complete("ship/transport[0]");
    await run.engine.addItem({ instanceId: run.id, stepName: "ship", item: "c" });
    expect(await run.tasks()).toEqual(["ship/transport[1]", "ship/transport[2]"]);
    await run.complete("ship/transport[1]");
    expect(await run.statusesOf("invoice")).toEqual([]);
    await run.complete("ship/transport[2]");
    expect(await run.statusesOf("invoice")).toEqual(["succeeded"]);
  });

  test("when the last one has ended, none can be added", async () => {
    const run = await PatternRun.start(definition, { data: { loads: ["a"] } });
    const more = { instanceId: run.id, stepName: "ship", item: "b" };
    await run.complete("ship/transport[0]");
    await expect(run.engine.addItem(more)).rejects.toMatchObject({ code: "MAP_CLOSED" });
  });
});

describe("WCP-34 Static Partial Join for Multiple Instances", () => {
  // The data of a task stands under its step's name, and "append" collects one entry for each
  // instance: the edge is taken at the third end, neither before nor after it.
  const definition = new WorkflowDefinition({
    name: "static_partial_join",
    steps: {
      next: machineStep("next", (context) => context.set("created", context.iteration)),
      examine: humanStep("examine"),
      decide: work("decide"),
    },
    edges: [
      new Edge("next", "examine"),
      new Edge("next", "next", { condition: "created < samples" }),
      new Edge("examine", "decide", { condition: "size(examine) == 3" }),
    ],
    reducers: { examine: "append" },
    initialStep: "next",
    terminalSteps: ["examine", "decide"],
  });

  test.each([4, 5])("of %i instances, the third to end lets the process go on, once", async (m) => {
    const run = await PatternRun.start(definition, { data: { samples: m } });
    expect((await run.tasks()).length).toBe(m);
    await run.complete("examine", "examine");
    expect(await run.statusesOf("decide")).toEqual([]);
    await run.complete("examine");
    expect(await run.statusesOf("decide")).toEqual(["succeeded"]);
    const rest = m - 3;
    expect((await run.tasks()).length).toBe(rest);
    for (let left = rest; left > 0; left -= 1) await run.complete("examine");
    expect(await run.times("examine")).toBe(m);
    expect(await run.times("decide")).toBe(1);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-35 Cancelling Partial Join for Multiple Instances", () => {
  test("when enough instances have succeeded, the rest is cancelled", async () => {
    const definition = new WorkflowDefinition({
      name: "cancelling_partial_join_for_instances",
      steps: {
        test: new MapGroup(humanStep("sample"), { items: "samples", required: 2 }),
        next: work("next"),
      },
      edges: [new Edge("test", "next")],
      initialStep: "test",
      terminalSteps: ["next"],
    });
    const run = await PatternRun.start(definition, { data: { samples: [1, 2, 3, 4] } });
    await run.complete("test/sample[3]");
    expect(await run.statusesOf("next")).toEqual([]);
    await run.complete("test/sample[1]");
    expect(await run.statusesOf("next")).toEqual(["succeeded"]);
    expect(await run.tasks()).toEqual([]);
    const { steps } = await run.instance();
    expect(steps.slice(1, 5).map(({ path, status }) => [path, status])).toEqual([
      ["test/sample[0]", "canceled"],
      ["test/sample[1]", "succeeded"],
      ["test/sample[2]", "canceled"],
      ["test/sample[3]", "succeeded"],
    ]);
  });
});

describe("WCP-36 Dynamic Partial Join for Multiple Instances", () => {
  // "order" creates an instance for every signal; a condition on the data decides when enough
  // have ended, and from then on none is created.
  const definition = new WorkflowDefinition({
    name: "dynamic_partial_join",
    steps: {
      start: work("start"),
      order: humanStep("order"),
      transport: humanStep("transport"),
      enough: work("enough", { cancels: ["order"] }),
      invoice: work("invoice"),
    },
    edges: [
      new Edge("start", "order"),
      new Edge("order", "order"),
      new Edge("order", "transport"),
      new Edge("transport", "enough", {
        condition: (context) => {
          const ended = context.get("transport") as unknown[];
          const created = context.get("order") as unknown[];
          return ended.length === Math.ceil(created.length * 0.75);
        },
      }),
      new Edge("enough", "invoice"),
    ],
    reducers: { transport: "append", order: "append" },
    initialStep: "start",
    terminalSteps: ["transport", "invoice"],
  });

  test("instances are added until a condition, checked at each end, lets the process go on", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("order", "order", "order");
    await run.complete("transport");
    await run.complete("order");
    await run.complete("transport");
    expect(await run.statusesOf("invoice")).toEqual([]);
    expect(await run.tasks()).toEqual(["order", "transport", "transport"]);
    await run.complete("transport");
    expect(await run.statusesOf("invoice")).toEqual(["succeeded"]);
    expect(await run.tasks()).toEqual(["transport"]);
    await run.complete("transport");
    expect(await run.times("transport")).toBe(4);
    expect(await run.times("invoice")).toBe(1);
    expect(await run.status()).toBe("completed");
  });

  test("a map takes new items until enough have succeeded, and cancels the rest", async () => {
    const ship = new MapGroup(humanStep("transport"), { items: "loads", required: 3 });
    const definition = new WorkflowDefinition({
      name: "dynamic_partial_join_by_map",
      steps: { ship, invoice: work("invoice") },
      edges: [new Edge("ship", "invoice")],
      initialStep: "ship",
      terminalSteps: ["invoice"],
    });
    const run = await PatternRun.start(definition, { data: { loads: ["a", "b", "c"] } });
    await run.complete("ship/transport[0]", "ship/transport[1]");
    await run.engine.addItem({ instanceId: run.id, stepName: "ship", item: "d" });
    expect(await run.tasks()).toEqual(["ship/transport[2]", "ship/transport[3]"]);
    await run.complete("ship/transport[3]");
    expect(await run.statusesOf("invoice")).toEqual(["succeeded"]);
    expect(await run.statusesOf("ship/transport[2]")).toEqual(["canceled"]);
  });

  test("whoever judges the condition outside closes the map", async () => {
    const definition = new WorkflowDefinition({
      name: "dynamic_partial_join_by_closing",
      steps: {
        ship: new MapGroup(humanStep("transport"), { items: "loads" }),
        invoice: work("invoice"),
      },
      edges: [new Edge("ship", "invoice")],
      initialStep: "ship",
      terminalSteps: ["invoice"],
    });
    const run = await PatternRun.start(definition, { data: { loads: ["a", "b"] } });
    await run.engine.addItem({ instanceId: run.id, stepName: "ship", item: "c" });
    await run.complete("ship/transport[2]");
    await run.engine.closeMap({ instanceId: run.id, stepName: "ship" });
    expect(await run.statusesOf("invoice")).toEqual(["succeeded"]);
    expect(await run.tasks()).toEqual([]);
  });
});
