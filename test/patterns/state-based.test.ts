import {
  Edge,
  humanStep,
  InterleavedGroup,
  machineStep,
  ParallelGroup,
  RaceGroup,
  SequentialGroup,
  SignalStep,
  TimerStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { HandCranked, PatternRun, work } from "../support/pattern-run.ts";

const hour = 3_600_000;

describe("WCP-16 Deferred Choice", () => {
  const definition = new WorkflowDefinition({
    name: "deferred_choice",
    steps: {
      choice: new RaceGroup([
        humanStep("accept"),
        new SignalStep({ name: "withdrawal", signal: "withdrawn" }),
        new TimerStep({ name: "expiry", durationMs: hour }),
      ]),
      hire: humanStep("hire"),
      thank: work("thank"),
      remind: work("remind"),
    },
    edges: [
      new Edge("choice", "hire", { condition: (context) => winner(context) === "accept" }),
      new Edge("choice", "thank", { condition: (context) => winner(context) === "withdrawal" }),
      new Edge("choice", "remind", { condition: (context) => winner(context) === "expiry" }),
    ],
    initialStep: "choice",
    terminalSteps: ["hire", "thank", "remind"],
  });

  function winner(context: { result(path: string): unknown }): unknown {
    return (context.result("choice") as { winner: string }).winner;
  }

  test("all alternatives are offered until one happens; the person's withdraws the others", async () => {
    const run = await PatternRun.start(definition);
    expect(await run.tasks()).toEqual(["choice/accept"]);
    expect(await run.statusesOf("choice/withdrawal")).toEqual(["waiting"]);
    expect(await run.statusesOf("choice/expiry")).toEqual(["waiting"]);
    await run.complete("choice/accept");
    expect(await run.tasks()).toEqual(["hire"]);
    expect(await run.statusesOf("choice/withdrawal")).toEqual(["canceled"]);
    expect(await run.statusesOf("choice/expiry")).toEqual(["canceled"]);
    await run.clock.advance(2 * hour);
    expect(await run.statusesOf("remind")).toEqual([]);
  });

  test("a signal decides, and the task is withdrawn", async () => {
    const run = await PatternRun.start(definition);
    await run.signal("withdrawn");
    expect(await run.tasks()).toEqual([]);
    expect(await run.statusesOf("thank")).toEqual(["succeeded"]);
    await expect(run.complete("choice/accept")).rejects.toMatchObject({ code: "TASK_GONE" });
  });

  test("time decides, and the task is withdrawn", async () => {
    const run = await PatternRun.start(definition);
    await run.clock.advance(hour - 1);
    expect(await run.tasks()).toEqual(["choice/accept"]);
    await run.clock.advance(1);
    expect(await run.tasks()).toEqual([]);
    expect(await run.statusesOf("remind")).toEqual(["succeeded"]);
    expect(await run.status()).toBe("completed");
  });

  test("branches that name each other in cancels make the same choice without a group", async () => {
    const ungrouped = new WorkflowDefinition({
      name: "deferred_choice_by_cancels",
      steps: {
        start: work("start"),
        accept: humanStep("accept", { cancels: ["refuse"] }),
        refuse: humanStep("refuse", { cancels: ["accept"] }),
        hire: humanStep("hire"),
        thank: humanStep("thank"),
      },
      edges: [
        new Edge("start", "accept"),
        new Edge("start", "refuse"),
        new Edge("accept", "hire"),
        new Edge("refuse", "thank"),
      ],
      initialStep: "start",
      terminalSteps: ["hire", "thank"],
    });
    const run = await PatternRun.start(ungrouped);
    expect(await run.tasks()).toEqual(["accept", "refuse"]);
    await run.complete("refuse");
    expect(await run.tasks()).toEqual(["thank"]);
    expect(await run.statusesOf("accept")).toEqual(["canceled"]);
  });
});

describe("WCP-17 Interleaved Parallel Routing", () => {
  // "pick" comes before "pack"; "invoice" may come at any time; never two at the same time.
  const mutex = "order";
  const definition = new WorkflowDefinition({
    name: "interleaved_parallel_routing",
    steps: {
      order: new ParallelGroup([
        new SequentialGroup(
          [
            new SignalStep({ name: "stock", signal: "stock" }),
            humanStep("pick", { mutex }),
            humanStep("pack", { mutex }),
          ],
          { name: "goods" },
        ),
        new SequentialGroup(
          [new SignalStep({ name: "address", signal: "address" }), humanStep("invoice", { mutex })],
          { name: "paper" },
        ),
      ]),
      ship: work("ship"),
    },
    edges: [new Edge("order", "ship")],
    initialStep: "order",
    terminalSteps: ["ship"],
  });

  async function orderAfter(events: readonly string[]): Promise<string[]> {
    const run = await PatternRun.start(definition);
    const done: string[] = [];
    for (const event of events) {
      if (event !== "end") {
        await run.signal(event);
        continue;
      }
      const [task = "", ...others] = await run.tasks();
      expect(others).toEqual([]);
      await run.complete(task);
      done.push(task.split("/").at(-1) ?? "");
    }
    expect(await run.statusesOf("ship")).toEqual(["succeeded"]);
    return done;
  }

  test("the free order follows what becomes ready first, and the partial order holds", async () => {
    expect(await orderAfter(["address", "stock", "end", "end", "end"])).toEqual([
      "invoice",
      "pick",
      "pack",
    ]);
    expect(await orderAfter(["stock", "end", "address", "end", "end"])).toEqual([
      "pick",
      "pack",
      "invoice",
    ]);
  });

  test("a step that waits already comes before one that becomes ready later", async () => {
    expect(await orderAfter(["stock", "address", "end", "end", "end"])).toEqual([
      "pick",
      "invoice",
      "pack",
    ]);
  });
});

describe("WCP-18 Milestone", () => {
  // A student may enrol while enrolment is open: after "publish" and before "period" has ended.
  const definition = new WorkflowDefinition({
    name: "milestone",
    steps: {
      start: work("start"),
      publish: humanStep("publish"),
      period: new TimerStep({ durationMs: hour, cancels: ["enrol"] }),
      teach: humanStep("teach"),
      apply: humanStep("apply"),
      enrol: humanStep("enrol", {
        canExecute: ({ history }) =>
          history.some(({ path, status }) => path === "period" && status === "waiting"),
      }),
      confirm: work("confirm"),
    },
    edges: [
      new Edge("start", "publish"),
      new Edge("publish", "period"),
      new Edge("publish", "enrol"),
      new Edge("period", "teach"),
      new Edge("start", "apply"),
      new Edge("apply", "enrol"),
      new Edge("enrol", "confirm", { condition: (context) => context.get("enrol") !== undefined }),
    ],
    initialStep: "start",
    terminalSteps: ["teach", "enrol", "confirm"],
  });

  test("before the milestone, the step waits", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("apply");
    expect(await run.tasks()).toEqual(["publish"]);
    await run.complete("publish");
    expect(await run.tasks()).toEqual(["enrol"]);
  });

  test("at the milestone, the step can be done, and the other branch is not touched", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("publish");
    expect(await run.tasks()).toEqual(["apply"]);
    await run.complete("apply", "enrol");
    expect(await run.statusesOf("confirm")).toEqual(["succeeded"]);
    expect(await run.statusesOf("period")).toEqual(["waiting"]);
    await run.clock.advance(hour);
    expect(await run.tasks()).toEqual(["teach"]);
  });

  test("when the milestone has passed, an open step is withdrawn", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("publish", "apply");
    expect(await run.tasks()).toEqual(["enrol"]);
    await run.clock.advance(hour);
    expect(await run.tasks()).toEqual(["teach"]);
    expect(await run.statusesOf("enrol")).toEqual(["canceled"]);
    expect(await run.statusesOf("confirm")).toEqual([]);
  });

  test("when the milestone has passed, the step is never offered again", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("publish");
    await run.clock.advance(hour);
    await run.complete("apply");
    expect(await run.tasks()).toEqual(["teach"]);
    expect(await run.statusesOf("confirm")).toEqual([]);
    await run.complete("teach");
    expect(await run.times("enrol")).toBe(0);
    expect(await run.status()).toBe("completed");
  });
});

describe("WCP-39 Critical Section", () => {
  const definition = new WorkflowDefinition({
    name: "critical_section",
    steps: {
      start: work("start"),
      deposit: new SequentialGroup([humanStep("insert_card"), humanStep("hold")], {
        mutex: "card_machine",
      }),
      insurance: new SequentialGroup([humanStep("reinsert_card"), humanStep("charge")], {
        mutex: "card_machine",
      }),
      flight: humanStep("flight"),
    },
    edges: [
      new Edge("start", "deposit"),
      new Edge("start", "insurance"),
      new Edge("start", "flight"),
    ],
    initialStep: "start",
    terminalSteps: ["deposit", "insurance", "flight"],
  });

  test("a section that has begun ends before another begins; the rest is not held up", async () => {
    const run = await PatternRun.start(definition);
    expect(await run.tasks()).toEqual(["deposit/insert_card", "flight"]);
    expect(await run.statusesOf("insurance")).toEqual(["pending"]);
    await run.complete("deposit/insert_card");
    expect(await run.tasks()).toEqual(["flight", "deposit/hold"]);
    await run.complete("deposit/hold");
    expect(await run.tasks()).toEqual(["flight", "insurance/reinsert_card"]);
    await run.complete("insurance/reinsert_card", "insurance/charge", "flight");
    expect(await run.status()).toBe("completed");
  });

  test("a section that is cancelled lets the next one begin", async () => {
    const run = await PatternRun.start(definition);
    await run.complete("deposit/insert_card");
    await run.cancel("deposit");
    expect(await run.tasks()).toEqual(["flight", "insurance/reinsert_card"]);
  });
});

describe("WCP-40 Interleaved Routing", () => {
  test("each member runs once, one at a time, and then the process goes on", async () => {
    const members = ["oil", "tyres", "lights"].map((name) => new HandCranked(name));
    const definition = new WorkflowDefinition({
      name: "interleaved_routing",
      steps: { inspect: new InterleavedGroup(members), sign: work("sign") },
      edges: [new Edge("inspect", "sign")],
      initialStep: "inspect",
      terminalSteps: ["sign"],
    });
    const run = await PatternRun.start(definition);
    for (const [index, member] of members.entries()) {
      expect(members.map(({ begun }) => begun.length)).toEqual(
        members.map((_, other) => (other <= index ? 1 : 0)),
      );
      expect(await run.statusesOf("sign")).toEqual([]);
      member.end();
      await run.clock.advance(0);
    }
    expect(await run.statusesOf("sign")).toEqual(["succeeded"]);
  });

  test("the order is that in which members become ready", async () => {
    const done: string[] = [];
    const member = (name: string, failures: number) =>
      machineStep(
        name,
        ({ attempt }) => {
          if (attempt <= failures) throw new Error("not ready");
          done.push(name);
        },
        { retry: { maxAttempts: 3, initialIntervalMs: hour } },
      );
    const definition = new WorkflowDefinition({
      name: "interleaved_by_readiness",
      steps: {
        inspect: new InterleavedGroup([member("oil", 2), member("tyres", 0), member("lights", 1)]),
      },
      initialStep: "inspect",
      terminalSteps: ["inspect"],
    });
    const run = await PatternRun.start(definition);
    await run.clock.advance(3 * hour);
    expect(done).toEqual(["tyres", "lights", "oil"]);
    expect(await run.status()).toBe("completed");
  });

  test("people choose the order when they first say what they turn to", async () => {
    const part = (name: string) =>
      new SequentialGroup([humanStep(`choose_${name}`), humanStep(name, { mutex: "car" })], {
        name: `${name}_part`,
      });
    const definition = new WorkflowDefinition({
      name: "interleaved_by_people",
      steps: { parts: new ParallelGroup([part("oil"), part("tyres")]), sign: work("sign") },
      edges: [new Edge("parts", "sign")],
      initialStep: "parts",
      terminalSteps: ["sign"],
    });
    const run = await PatternRun.start(definition);
    await run.complete("parts/tyres_part/choose_tyres", "parts/oil_part/choose_oil");
    expect(await run.tasks()).toEqual(["parts/tyres_part/tyres"]);
    await run.complete("parts/tyres_part/tyres");
    expect(await run.tasks()).toEqual(["parts/oil_part/oil"]);
    await run.complete("parts/oil_part/oil");
    expect(await run.statusesOf("sign")).toEqual(["succeeded"]);
  });
});
