import { Edge, humanStep, InclusiveGateway, WorkflowDefinition } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { PatternRun, work } from "../support/pattern-run.ts";

const emergency = [
  { called: ["police"] },
  { called: ["ambulance"] },
  { called: ["police", "ambulance"] },
];

describe("WCP-6 Multi-Choice", () => {
  const branches = { police: humanStep("police"), ambulance: humanStep("ambulance") };
  const conditions = [
    new Edge("call", "police", { condition: '"police" in called' }),
    new Edge("call", "ambulance", { condition: '"ambulance" in called' }),
  ] as const;

  test.each(emergency)("every branch whose condition holds is started: $called", async (data) => {
    const definition = new WorkflowDefinition({
      name: "multi_choice",
      steps: { call: work("call"), ...branches },
      edges: conditions,
      initialStep: "call",
      terminalSteps: ["police", "ambulance"],
    });
    const run = await PatternRun.start(definition, { data });
    expect(await run.tasks()).toEqual(data.called);
  });

  test.each(emergency)("an inclusive gateway names the branches: $called", async (data) => {
    const definition = new WorkflowDefinition({
      name: "inclusive_gateway",
      steps: {
        call: new InclusiveGateway((context) => context.get("called") as string[]),
        ...branches,
      },
      edges: [new Edge("call", "police"), new Edge("call", "ambulance")],
      initialStep: "call",
      terminalSteps: ["police", "ambulance"],
    });
    const run = await PatternRun.start(definition, { data });
    expect(await run.tasks()).toEqual(data.called);
  });
});

describe("WCP-7 Structured Synchronizing Merge", () => {
  const definition = new WorkflowDefinition({
    name: "structured_synchronizing_merge",
    steps: {
      call: new InclusiveGateway((context) => context.get("called") as string[]),
      police: humanStep("police"),
      ambulance: humanStep("ambulance"),
      transfer: work("transfer"),
    },
    edges: [
      new Edge("call", "police"),
      new Edge("call", "ambulance"),
      new Edge("police", "transfer"),
      new Edge("ambulance", "transfer"),
    ],
    initialStep: "call",
    terminalSteps: ["transfer"],
  });

  test("the merge waits for both branches when both were chosen, and runs once", async () => {
    const run = await PatternRun.start(definition, { data: { called: ["police", "ambulance"] } });
    await run.complete("ambulance");
    expect(await run.statusesOf("transfer")).toEqual([]);
    await run.complete("police");
    expect(await run.statusesOf("transfer")).toEqual(["succeeded"]);
    expect(await run.status()).toBe("completed");
  });

  test.each(["police", "ambulance"])("it does not wait when only %s was chosen", async (only) => {
    const run = await PatternRun.start(definition, { data: { called: [only] } });
    await run.complete(only);
    expect(await run.statusesOf("transfer")).toEqual(["succeeded"]);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-8 Multi-Merge", () => {
  test("what follows the merge runs once for every branch that arrives", async () => {
    const definition = new WorkflowDefinition({
      name: "multi_merge",
      steps: {
        start: work("start"),
        foundations: humanStep("foundations"),
        materials: humanStep("materials"),
        labourer: humanStep("labourer"),
        review: humanStep("review", { join: "each" }),
      },
      edges: [
        new Edge("start", "foundations"),
        new Edge("start", "materials"),
        new Edge("start", "labourer"),
        new Edge("foundations", "review"),
        new Edge("materials", "review"),
        new Edge("labourer", "review"),
      ],
      initialStep: "start",
      terminalSteps: ["review"],
    });
    const run = await PatternRun.start(definition);
    await run.complete("materials");
    expect(await run.tasks()).toEqual(["foundations", "labourer", "review"]);
    await run.complete("foundations");
    expect(await run.tasks()).toEqual(["labourer", "review", "review"]);
    await run.complete("labourer", "review", "review", "review");
    expect(await run.times("review")).toBe(3);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-33 Generalized AND-Join", () => {
  const parts = ["engine", "chassis", "body"] as const;
  const definition = new WorkflowDefinition({
    name: "generalized_and_join",
    steps: {
      start: work("start"),
      engine: humanStep("engine"),
      chassis: humanStep("chassis"),
      body: humanStep("body"),
      assemble: work("assemble", { join: "and" }),
    },
    edges: parts.flatMap((part) => [
      new Edge("start", part),
      new Edge(part, "assemble"),
      new Edge(part, part, { condition: `${part}.more` }),
    ]),
    initialStep: "start",
    terminalSteps: ["assemble"],
  });

  test("it starts with one arrival on every edge, and keeps the surplus for later", async () => {
    const run = await PatternRun.start(definition);
    await run.completeWith("engine", { more: true });
    await run.completeWith("engine", { more: false });
    await run.completeWith("body", { more: true });
    expect(await run.times("assemble")).toBe(0);
    await run.completeWith("chassis", { more: true });
    expect(await run.times("assemble")).toBe(1);
    await run.completeWith("chassis", { more: false });
    expect(await run.times("assemble")).toBe(1);
    await run.completeWith("body", { more: false });
    expect(await run.times("assemble")).toBe(2);
    expect(await run.status()).toBe("completed");
  });

  test("a surplus that nothing can complete any more fails the instance", async () => {
    const run = await PatternRun.start(definition);
    await run.completeWith("engine", { more: true });
    await run.completeWith("engine", { more: false });
    await run.completeWith("body", { more: false });
    await run.completeWith("chassis", { more: false });
    expect(await run.statusesOf("assemble")).toEqual(["canceled"]);
    const { status, error } = await run.instance();
    expect(status).toBe("failed");
    expect(error?.code).toBe("JOIN_UNREACHABLE");
  });
});

describe("WCP-37 Local Synchronizing Merge", () => {
  // Branches cross: what "left" chooses may end at "both", which "right" always reaches.
  const definition = new WorkflowDefinition({
    name: "local_synchronizing_merge",
    steps: {
      start: new InclusiveGateway((context) => context.get("start") as string[]),
      left: new InclusiveGateway((context) => context.get("left") as string[]),
      right: humanStep("right"),
      both: humanStep("both"),
      alone: humanStep("alone"),
      merge: work("merge"),
    },
    edges: [
      new Edge("start", "left"),
      new Edge("start", "right"),
      new Edge("left", "both"),
      new Edge("left", "alone"),
      new Edge("left", "merge"),
      new Edge("right", "both"),
      new Edge("right", "merge"),
      new Edge("both", "merge"),
      new Edge("alone", "merge"),
    ],
    initialStep: "start",
    terminalSteps: ["merge"],
  });

  test.each([
    { start: ["left"], left: ["merge"], done: [] },
    { start: ["left"], left: ["alone"], done: ["alone"] },
    { start: ["left"], left: ["both", "alone"], done: ["alone", "both"] },
    { start: ["right"], left: [], done: ["right", "both"] },
    { start: ["left", "right"], left: ["merge"], done: ["right", "both"] },
    { start: ["left", "right"], left: ["alone"], done: ["alone", "right", "both"] },
    { start: ["left", "right"], left: ["both"], done: ["right", "both"] },
    {
      start: ["left", "right"],
      left: ["both", "alone", "merge"],
      done: ["right", "both", "alone"],
    },
  ])("the merge of an unstructured graph runs once, after all of $done", async (route) => {
    const run = await PatternRun.start(definition, { data: route });
    for (const step of route.done) {
      expect(await run.statusesOf("merge")).toEqual([]);
      await run.complete(step);
    }
    expect(await run.statusesOf("merge")).toEqual(["succeeded"]);
    expect(await run.status()).toBe("completed");
    const { steps } = await run.instance();
    expect(steps.filter(({ path }) => path === "both").length).toBeLessThanOrEqual(1);
  });
});

describe("WCP-38 General Synchronizing Merge", () => {
  // A loop of draft and review, entered at either of the two and left at two places.
  const definition = new WorkflowDefinition({
    name: "general_synchronizing_merge",
    steps: {
      start: new InclusiveGateway((context) => context.get("start") as string[]),
      draft: humanStep("draft"),
      review: humanStep("review"),
      legal: humanStep("legal"),
      publish: work("publish"),
      archive: work("archive"),
    },
    edges: [
      new Edge("start", "draft"),
      new Edge("start", "review"),
      new Edge("start", "legal"),
      new Edge("draft", "review", { condition: 'draft.to == "review"' }),
      new Edge("draft", "archive", { condition: 'draft.to == "archive"' }),
      new Edge("review", "draft", { condition: 'review.to == "draft"' }),
      new Edge("review", "publish", { condition: 'review.to == "publish"' }),
      new Edge("legal", "publish"),
    ],
    initialStep: "start",
    terminalSteps: ["publish", "archive"],
  });

  test.each(["draft", "review"])(
    "an arrival waits while a loop, entered at %s, can still lead to the merge",
    async (entry) => {
      const run = await PatternRun.start(definition, { data: { start: [entry, "legal"] } });
      await run.complete("legal");
      if (entry === "draft") await run.completeWith("draft", { to: "review" });
      for (let pass = 0; pass < 2; pass += 1) {
        await run.completeWith("review", { to: "draft" });
        await run.completeWith("draft", { to: "review" });
        expect(await run.statusesOf("publish")).toEqual([]);
      }
      await run.completeWith("review", { to: "publish" });
      expect(await run.statusesOf("publish")).toEqual(["succeeded"]);
      expect(await run.status()).toBe("completed");
    },
  );

  test("the merge starts when the last branch that could have led to it has gone elsewhere", async () => {
    const run = await PatternRun.start(definition, { data: { start: ["draft", "legal"] } });
    await run.completeWith("draft", { to: "review" });
    await run.complete("legal");
    await run.completeWith("review", { to: "draft" });
    expect(await run.statusesOf("publish")).toEqual([]);
    await run.completeWith("draft", { to: "archive" });
    expect(await run.statusesOf("publish")).toEqual(["succeeded"]);
    expect(await run.statusesOf("archive")).toEqual(["succeeded"]);
    expect(await run.status()).toBe("completed");
  });

  test("a branch that was never started is not waited for", async () => {
    const run = await PatternRun.start(definition, { data: { start: ["review"] } });
    await run.completeWith("review", { to: "publish" });
    expect(await run.statusesOf("publish")).toEqual(["succeeded"]);
    expect(await run.status()).toBe("completed");
  });

  test("two merges that wait only for each other both start", async () => {
    const circle = new WorkflowDefinition({
      name: "joins_in_a_circle",
      steps: {
        start: work("start"),
        left: humanStep("left"),
        right: humanStep("right"),
        left_merge: work("left_merge"),
        right_merge: work("right_merge"),
      },
      edges: [
        new Edge("start", "left"),
        new Edge("start", "right"),
        new Edge("left", "left_merge"),
        new Edge("right", "right_merge"),
        new Edge("left_merge", "right_merge", { condition: "again" }),
        new Edge("right_merge", "left_merge", { condition: "again" }),
      ],
      initialStep: "start",
      terminalSteps: ["left_merge", "right_merge"],
    });
    const run = await PatternRun.start(circle, { data: { again: false } });
    await run.complete("left");
    expect(await run.statusesOf("left_merge")).toEqual([]);
    await run.complete("right");
    expect(await run.statusesOf("left_merge")).toEqual(["succeeded"]);
    expect(await run.statusesOf("right_merge")).toEqual(["succeeded"]);
    expect(await run.status()).toBe("completed");
  });
});
