import { describe, expect, test } from "vitest";
import type { Database, ExecutionRow, InstanceRow } from "./database.ts";
import { judge } from "./judge.ts";
import { parseLedger } from "./ledger.ts";

/** An instance of `approvals` in which all went well, and what was told of it. */
const ledger = `
p1 started a-1 a-1
p1 run a-1 prepare 1 1
p1 recorded a-1 prepare 1 1
p1 completing a-1 3 h1
p1 completed a-1 3 h1
p2 completing a-1 4 h2
p2 completing a-1 5 h3
p2 completed a-1 5 h3
p2 run a-1 approvals/tally 1 1
p3 run a-1 approvals/tally 1 2
p3 recorded a-1 approvals/tally 1 2
p3 run a-1 file 1 1
`;

function row(number: number, path: string, more: Partial<ExecutionRow> = {}): ExecutionRow {
  const times = { startedAt: 1, endedAt: 2, result: undefined, writes: {} };
  return { number, path, status: "succeeded", attempt: 1, iteration: 1, ...times, ...more };
}

function worked(number: number, path: string, value: unknown, attempt = 1): ExecutionRow {
  const result = { path, iteration: 1, attempt, value };
  return row(number, path, { attempt, result, writes: { [path.split("/").at(-1) ?? ""]: value } });
}

const task = (id: string, name: string, endedBy: string) => {
  return { id, path: `approvals/${name}`, status: "completed", execution: Number(id), endedBy };
};

const good: InstanceRow = {
  ...{ id: "a-1", workflow: "approvals", status: "completed", n: 7, timers: 0, signals: [] },
  ...{ owner: undefined, key: undefined, parent: undefined, error: undefined },
  executions: [
    worked(1, "prepare", 8),
    row(2, "approvals"),
    row(3, "approvals/ann", { result: { by: "h1" } }),
    row(4, "approvals/bob", { result: { by: "h2" } }),
    row(5, "approvals/cem", { result: { by: "h3" } }),
    worked(6, "approvals/tally", "h1,h2,h3", 2),
    worked(7, "file", "h1,h2,h3"),
  ],
  tasks: [task("3", "ann", "h1"), task("4", "bob", "h2"), task("5", "cem", "h3")],
};

/** What is said of the instance as it is after a change, and of a changed ledger. */
function said(
  change: Partial<InstanceRow> = {},
  lines = ledger,
  options: { mayOverlap?: boolean; messages?: number } = {},
): string[] {
  const { mayOverlap = false, messages = 0 } = options;
  const instances = new Map([["a-1", { ...good, ...change }]]);
  const database: Database = { instances, messages };
  const judgement = judge({ seed: 5, lines: parseLedger(lines), database, mayOverlap });
  return judgement.violations.map((text) => text.split("\n")[0]?.replace("Seed 5, ", "") ?? "");
}

const changed = (number: number, change: Partial<ExecutionRow>) => ({
  executions: good.executions.map((each) =>
    each.number === number ? { ...each, ...change } : each,
  ),
});

describe("the judge", () => {
  test("has nothing to say when all went well", () => {
    expect(said()).toEqual([]);
  });

  test.each([
    ["a step that ran after it was recorded", "p2 run a-1 prepare 1 2", "ran again"],
    ["an attempt that ran twice", "p2 run a-1 file 1 1", "the same attempt ran twice"],
    ["a success told twice", "p2 recorded a-1 prepare 1 1", "recorded twice"],
    ["a success that is not kept", "p2 recorded a-1 file 1 3", "another attempt is kept"],
    ["a step that nobody knows", "p2 run a-1 other 1 1", "not known"],
    ["a start that is not kept", "p2 started a-2 a-2", '"a-2" is not kept'],
    ["two instances of one key", "p2 started a-2 a-1", "was started twice"],
    ["a task that two completed", "p2 completed a-1 3 h9", "acknowledged twice"],
    ["a task that another completed", "p2 completed a-1 4 h9", "h9 completed task 4; it is"],
    ["a task that is not kept", "p2 completed a-1 8 h9", "not kept"],
    ["a signal that is not kept", "p2 signalled a-1 note x1", "not kept"],
    ["a call that is not kept", "p2 called a-1 ask w1", "w1 called back"],
    ["a cancellation without effect", "p2 cancelled a-1", "its cancellation was acknowledged"],
  ])("finds %s", (_what, line, problem) => {
    expect(said({}, `${ledger}${line}\n`).join()).toContain(problem);
  });

  test.each<[string, Partial<InstanceRow>, string]>([
    ["an instance that is stuck", { status: "waiting" }, "it has not ended: waiting"],
    ["an owner of what has ended", { owner: "w1" }, "is owned by w1"],
    ["a timer of what has ended", { timers: 1 }, "1 timers are set"],
    ["a step that has not ended", changed(7, { status: "running" }), "file has not ended"],
    ["a callback that ran twice", changed(7, { path: "approvals/tally" }), "stands there twice"],
    ["a wrong value", changed(7, { writes: { file: "h1" } }), "file is"],
    ["a step too few", { executions: good.executions.slice(0, 6) }, "file succeeded missing"],
    ["a step that did not run", changed(7, { attempt: 2 }), "is kept and did not run"],
    ["a decision that nobody took", { tasks: [task("3", "ann", "h8")] }, "as h8"],
    ["a decision that got lost", changed(4, { result: undefined }), "task 4 and the result"],
    ["a signal that nobody sent", { signals: [{ name: "n", by: "x", usedBy: 1 }] }, "nobody sent"],
  ])("finds %s", (_what, change, problem) => {
    expect(said(change).join()).toContain(problem);
  });

  test("finds messages that nobody carried out", () => {
    expect(said({}, ledger, { messages: 2 })).toEqual(["no instance: 2 messages are left"]);
  });

  test("allows a process that was taken for gone to run an attempt that does not count", () => {
    const late = `${ledger}p1 recorded a-1 file 1 2\np2 run a-1 file 1 1\n`.replace(
      "p3 run a-1 file 1 1",
      "p3 run a-1 file 1 2",
    );
    const change = changed(7, worked(7, "file", "h1,h2,h3", 2));
    expect(said(change, late, { mayOverlap: true })).toEqual([]);
    expect(said(change, late).join()).toContain("ran after it was recorded");
  });
});
