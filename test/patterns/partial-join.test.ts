import { Edge, humanStep, type Join, WorkflowDefinition } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { PatternRun, work } from "../support/pattern-run.ts";

interface JoinOptions {
  readonly join: Join;
  readonly cancelRest?: boolean;
}

/** One split into three branches, their join, and another pass when "after" asks for one. */
function structured(name: string, options: JoinOptions) {
  return new WorkflowDefinition({
    name,
    steps: {
      split: work("split"),
      breathing: humanStep("breathing"),
      pulse: humanStep("pulse"),
      pupils: humanStep("pupils"),
      triage: work("triage", options),
      after: humanStep("after"),
    },
    edges: [
      new Edge("split", "breathing"),
      new Edge("split", "pulse"),
      new Edge("split", "pupils"),
      new Edge("breathing", "triage"),
      new Edge("pulse", "triage"),
      new Edge("pupils", "triage"),
      new Edge("triage", "after"),
      new Edge("after", "split", { condition: "after.again" }),
    ],
    initialStep: "split",
    terminalSteps: ["after"],
  });
}

/** Three branches that each may deliver again and again, independently of the others. */
function manyDeliveries(name: string, options: JoinOptions) {
  const branches = ["arrival", "security", "customs"] as const;
  return new WorkflowDefinition({
    name,
    steps: {
      start: work("start"),
      arrival: humanStep("arrival"),
      security: humanStep("security"),
      customs: humanStep("customs"),
      check: work("check", options),
    },
    edges: branches.flatMap((branch) => [
      new Edge("start", branch),
      new Edge(branch, "check"),
      new Edge(branch, branch, { condition: `${branch}.more` }),
    ]),
    initialStep: "start",
    terminalSteps: ["check"],
  });
}

const more = { more: true };
const last = { more: false };

describe("WCP-9 Structured Discriminator", () => {
  const definition = structured("structured_discriminator", { join: "any" });

  test("the first branch starts the join, and the others change nothing", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pulse");
    expect(await run.times("triage")).toBe(1);
    expect(await run.tasks()).toEqual(["breathing", "pupils", "after"]);
    await run.complete("breathing", "pupils");
    expect(await run.times("triage")).toBe(1);
    await run.completeWith("after", { again: false });
    expect(await run.status()).toBe("completed");
  });

  test("when all branches have arrived, the next pass starts anew", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pulse", "breathing", "pupils");
    await run.completeWith("after", { again: true });
    expect(await run.times("triage")).toBe(1);
    await run.complete("breathing");
    expect(await run.times("triage")).toBe(2);
    await run.complete("pupils", "pulse");
    await run.completeWith("after", { again: false });
    expect(await run.times("triage")).toBe(2);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-28 Blocking Discriminator", () => {
  test("a second arrival on a counted branch waits until every branch has arrived", async () => {
    const run = await PatternRun.start(manyDeliveries("blocking_discriminator", { join: "any" }));
    await run.completeWith("arrival", more);
    expect(await run.times("check")).toBe(1);
    await run.completeWith("arrival", last);
    await run.completeWith("security", more);
    expect(await run.times("check")).toBe(1);
    await run.completeWith("customs", more);
    expect(await run.times("check")).toBe(2);
    await run.completeWith("customs", last);
    await run.completeWith("security", last);
    expect(await run.times("check")).toBe(2);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-29 Cancelling Discriminator", () => {
  const definition = structured("cancelling_discriminator", { join: "any", cancelRest: true });

  test("the first branch starts the join and cancels the others", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pulse");
    expect(await run.times("triage")).toBe(1);
    expect(await run.tasks()).toEqual(["after"]);
    expect(await run.statusesOf("breathing")).toEqual(["canceled"]);
    expect(await run.statusesOf("pupils")).toEqual(["canceled"]);
  });

  test("the next pass can follow at once", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pulse");
    await run.completeWith("after", { again: true });
    expect(await run.tasks()).toEqual(["pupils", "breathing", "pulse"]);
    await run.complete("pupils");
    expect(await run.times("triage")).toBe(2);
    await run.completeWith("after", { again: false });
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-30 Structured Partial Join", () => {
  const definition = structured("structured_partial_join", { join: 2 });

  test("the second of three branches starts the join, and the third changes nothing", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pupils");
    expect(await run.times("triage")).toBe(0);
    await run.complete("breathing");
    expect(await run.times("triage")).toBe(1);
    await run.complete("pulse");
    expect(await run.times("triage")).toBe(1);
  });

  test("when all branches have arrived, the next pass starts anew", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pupils", "breathing", "pulse");
    await run.completeWith("after", { again: true });
    await run.complete("pulse");
    expect(await run.times("triage")).toBe(1);
    await run.complete("breathing");
    expect(await run.times("triage")).toBe(2);
    await run.complete("pupils");
    await run.completeWith("after", { again: false });
    expect(await run.times("triage")).toBe(2);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-31 Blocking Partial Join", () => {
  test("arrivals on counted branches wait until every branch has arrived", async () => {
    const run = await PatternRun.start(manyDeliveries("blocking_partial_join", { join: 2 }));
    await run.completeWith("arrival", more);
    await run.completeWith("arrival", last);
    expect(await run.times("check")).toBe(0);
    await run.completeWith("security", more);
    expect(await run.times("check")).toBe(1);
    await run.completeWith("security", last);
    expect(await run.times("check")).toBe(1);
    await run.completeWith("customs", more);
    expect(await run.times("check")).toBe(2);
    await run.completeWith("customs", last);
    expect(await run.times("check")).toBe(2);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-32 Cancelling Partial Join", () => {
  const definition = structured("cancelling_partial_join", { join: 2, cancelRest: true });

  test("the second branch starts the join and cancels the third", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pulse");
    expect(await run.tasks()).toEqual(["breathing", "pupils"]);
    await run.complete("pupils");
    expect(await run.times("triage")).toBe(1);
    expect(await run.tasks()).toEqual(["after"]);
    expect(await run.statusesOf("breathing")).toEqual(["canceled"]);
  });

  test("the next pass can follow at once", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("pulse", "pupils");
    await run.completeWith("after", { again: true });
    await run.complete("breathing", "pulse");
    expect(await run.times("triage")).toBe(2);
    expect(await run.statusesOf("pupils")).toEqual(["succeeded", "canceled"]);
    await run.completeWith("after", { again: false });
    expect(await run.status()).toBe("completed");
  });
});
