import { machineStep, WorkflowDefinition } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import * as compensation from "../../examples/steps/compensation.ts";
import * as reminder from "../../examples/steps/reminder.ts";
import { runWorkflow } from "../../examples/support/run-workflow.ts";
import { duration, showInstance } from "../../examples/support/show-instance.ts";
import { Timeline } from "../../examples/support/timeline.ts";

const failing = new WorkflowDefinition({
  name: "failing",
  steps: {
    fail: machineStep("fail", () => {
      throw new Error("one two three four five six seven eight nine ten");
    }),
  },
  initialStep: "fail",
  terminalSteps: ["fail"],
});

describe("Timeline", () => {
  test("places moments in proportion", () => {
    const timeline = new Timeline([{ from: 100, to: 200, busy: true }], 50);
    expect([0, 100, 150, 200, 300].map((time) => timeline.at(time))).toEqual([0, 0, 25, 50, 50]);
  });

  test("cuts short what is nothing but waiting", () => {
    const timeline = new Timeline(
      [
        { from: 0, to: 100, busy: true },
        { from: 100, to: 1_000_000, busy: false },
        { from: 1_000_000, to: 1_000_100, busy: true },
      ],
      100,
    );
    expect(Math.round(timeline.at(100))).toBe(43);
    expect(Math.round(timeline.at(1_000_000))).toBe(57);
  });

  test("places everything at the start when no time passes", () => {
    expect(new Timeline([{ from: 5, to: 5, busy: true }], 10).at(5)).toBe(0);
  });
});

describe("duration", () => {
  test.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1250, "1.3 s"],
    [90_000, "1.5 min"],
    [7_200_000, "2 h"],
    [259_200_000, "3 d"],
  ])("of %d ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe("showInstance", () => {
  test("draws days as well as milliseconds", async () => {
    const instance = await reminder.main(4);
    const options = { colors: false, columns: 50, notes: { sign: "by ada" } };
    expect(showInstance(reminder.workflow, instance, options)).toBe(`\
signature 1.0.0  completed in 4 d

  ✓ send            0 ms  ▏
  ✓ sign             4 d  ░░░░░░░░░░░░░░░░░ by ada
  ✓ two_days         2 d  ░░░░░░░░░
  ✓ remind          0 ms          ▕
  ✓ two_days #2      2 d           ░░░░░░░░
  ✓ remind #2       0 ms                  ▕
  ⊘ two_days #3     0 ms                  ▕
    cancelled by "sign"
  ✓ file            0 ms                  ▕

Data
  signer     "ada"
  sent       true
  reminders  ["reminder 1 to ada","reminder 2 to …
  sign       {}
  filed      true`);
  });

  test("tells what was undone from what was done", async () => {
    const instance = await compensation.main();
    const shown = showInstance(compensation.workflow, instance, { colors: false });
    const names = shown
      .split("\n")
      .flatMap((line) => /^ +[✓✗] ((?:undo )?\S+)/.exec(line)?.[1] ?? []);
    expect(names).toEqual([
      "flight",
      "stay",
      "hotel",
      "car",
      "pay",
      "undo stay/car",
      "undo stay/hotel",
      "undo flight",
    ]);
  });

  test("breaks a long error between words", async () => {
    const shown = showInstance(failing, await runWorkflow(failing), { colors: false, columns: 40 });
    expect(shown.split("\n").slice(0, 3)).toEqual([
      expect.stringMatching(/^failing 1\.0\.0 {2}failed in \d+ ms$/),
      "  one two three four five six seven",
      "  eight nine ten",
    ]);
  });

  test("colours the marks when it is told to", async () => {
    const instance = await reminder.main(0);
    const escapeCode = String.fromCharCode(27);
    expect(showInstance(reminder.workflow, instance, { colors: true })).toContain(
      `${escapeCode}[32m✓${escapeCode}[39m`,
    );
  });
});
