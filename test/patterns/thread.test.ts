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

const create = machineStep("create", (context) => context.set("created", context.iteration));

describe("WCP-42 Thread Split", () => {
  test("one branch is started as often as the data says, and each thread goes its own way", async () => {
    const definition = new WorkflowDefinition({
      name: "thread_split",
      steps: { create, inspect: humanStep("inspect"), approve: humanStep("approve") },
      edges: [
        new Edge("create", "create", { condition: "created < threads" }),
        new Edge("create", "inspect"),
        new Edge("inspect", "approve"),
      ],
      initialStep: "create",
      terminalSteps: ["approve"],
    });
    const run = await PatternRun.start(definition, { data: { threads: 3 } });
    expect(await run.tasks()).toEqual(["inspect", "inspect", "inspect"]);
    await run.complete("inspect");
    expect(await run.tasks()).toEqual(["inspect", "inspect", "approve"]);
    await run.complete("approve");
    await run.complete("inspect", "inspect", "approve", "approve");
    expect(await run.times("approve")).toBe(3);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-41 Thread Merge", () => {
  test("every three threads of a branch become one", async () => {
    const definition = new WorkflowDefinition({
      name: "thread_merge",
      steps: { create, register: humanStep("register"), batch: work("batch") },
      edges: [
        new Edge("create", "create", { condition: "created < 6" }),
        new Edge("create", "register"),
        new Edge("register", "batch", { condition: "size(register) % 3 == 0" }),
      ],
      reducers: { register: "append" },
      initialStep: "create",
      terminalSteps: ["register", "batch"],
    });
    const run = await PatternRun.start(definition);
    for (const merged of [0, 0, 1, 1, 1, 2]) {
      await run.complete("register");
      expect(await run.times("batch")).toBe(merged);
    }
    expect(await run.status()).toBe("completed");
  });

  test("a map splits a branch into threads and merges them again", async () => {
    const branch = new SequentialGroup([humanStep("inspect"), humanStep("approve")], {
      name: "branch",
    });
    const definition = new WorkflowDefinition({
      name: "split_and_merge_by_map",
      steps: { threads: new MapGroup(branch, { items: "vehicles" }), batch: work("batch") },
      edges: [new Edge("threads", "batch")],
      initialStep: "threads",
      terminalSteps: ["batch"],
    });
    const run = await PatternRun.start(definition, { data: { vehicles: ["a", "b"] } });
    await run.complete("threads/branch[1]/inspect", "threads/branch[1]/approve");
    await run.complete("threads/branch[0]/inspect");
    expect(await run.statusesOf("batch")).toEqual([]);
    await run.complete("threads/branch[0]/approve");
    expect(await run.statusesOf("batch")).toEqual(["succeeded"]);
  });
});
