import {
  Edge,
  humanStep,
  MapGroup,
  machineStep,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  SignalStep,
  TimerStep,
  WebhookStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { explore } from "tandem-workflows/testing";
import { expect, test } from "vitest";

const yesNo = {
  type: "object",
  properties: { approved: { type: "boolean" } },
  required: ["approved"],
} as const;

function expense() {
  return new WorkflowDefinition({
    name: "expense",
    version: "1.0.0",
    steps: {
      check: machineStep("check", async (context) => context.set("checked", true)),
      approvals: new ParallelGroup(
        [humanStep("manager", { formSchema: yesNo }), humanStep("finance", { formSchema: yesNo })],
        {
          callback: machineStep("count", async (context) => {
            const answers = context.results as { approved: boolean }[];
            context.set(
              "approved",
              answers.every(({ approved }) => approved),
            );
          }),
        },
      ),
      pay: machineStep("pay", async (context) => context.set("paid", true)),
      refuse: machineStep("refuse", async (context) => context.set("paid", false)),
    },
    edges: [
      new Edge("check", "approvals"),
      new Edge("approvals", "pay", { condition: (context) => context.get("approved") === true }),
      new Edge("approvals", "refuse", { otherwise: true }),
    ],
    initialStep: "check",
    terminalSteps: ["pay", "refuse"],
  });
}

test("every order of events ends, and both ways are found", async () => {
  const found = await explore(expense(), {
    runs: 200,
    finally({ data }) {
      expect(data.paid).toBe(data.approved);
    },
  });
  expect(found.outcomes).toEqual({ completed: 200 });
  expect(found.coverage.missingSteps).toEqual([]);
  expect(found.coverage.missingEdges).toEqual([]);
  expect(found.crashes).toBeGreaterThan(20);
});

test("the same seed gives the same order of events", async () => {
  const paths: string[][] = [];
  const look = () =>
    explore(expense(), {
      runs: 20,
      seed: 7,
      finally: ({ steps }) =>
        void paths.push(steps.map(({ path, attempt }) => `${path} ${attempt}`)),
    });
  const first = await look();
  const second = await look();
  expect(second.longestRun).toBe(first.longestRun);
  expect(paths.slice(20)).toEqual(paths.slice(0, 20));
});

test("a rule that is broken is shown with its order of events, seed and drawing", async () => {
  let paid = 0;
  const steps = { pay: () => void paid++ };
  const broken = explore(expense(), {
    runs: 500,
    steps,
    always({ status }) {
      if (status === "running") return;
      const count = paid;
      paid = 0;
      expect(count, "paid once").toBeLessThanOrEqual(1);
    },
  });
  const error = await broken.catch((thrown) => thrown);
  expect(error.code).toBe("EXPLORATION_FAILED");
  expect(error.message).toContain("paid once");
  expect(error.message).toContain("the process dies, and another one takes over");
  expect(error.message).toMatch(/explore\(workflow, \{ seed: \d+, runs: 1 \}\) does it again/);
  expect(error.message).toContain("flowchart");
});

test("code that never returns is named", async () => {
  const hanging = new WorkflowDefinition({
    name: "hanging",
    version: "1.0.0",
    steps: { call: machineStep("call", () => new Promise(() => {})) },
    edges: [],
    initialStep: "call",
    terminalSteps: ["call"],
  });
  const error = await explore(hanging, { runs: 1, patienceMs: 20 }).catch((thrown) => thrown);
  expect(error.message).toContain("nothing can happen any more: call (running)");
});

test("code that never returns is ended by its timeout", async () => {
  const impatient = new WorkflowDefinition({
    name: "impatient",
    version: "1.0.0",
    steps: { call: machineStep("call", () => new Promise(() => {}), { timeoutMs: 1000 }) },
    edges: [],
    initialStep: "call",
    terminalSteps: ["call"],
  });
  const found = await explore(impatient, { runs: 2, patienceMs: 20 });
  expect(found.outcomes).toEqual({ failed: 2 });
});

test("timers, signals, webhooks, races, quorums and maps take part", async () => {
  const everything = new WorkflowDefinition({
    name: "everything",
    version: "1.0.0",
    steps: {
      each: new MapGroup(
        machineStep("item", async (context) => context.item),
        { items: "list" },
      ),
      race: new RaceGroup([
        humanStep("decide", { formSchema: yesNo }),
        new TimerStep({ name: "tomorrow", durationMs: 86_400_000 }),
      ]),
      vote: new QuorumGroup(
        [humanStep("a", { formSchema: yesNo }), humanStep("b", { formSchema: yesNo })],
        { required: 1 },
      ),
      paid: new SignalStep({ signal: "paid" }),
      shipped: new WebhookStep(),
    },
    edges: [
      new Edge("each", "race"),
      new Edge("race", "vote"),
      new Edge("vote", "paid"),
      new Edge("paid", "shipped"),
    ],
    initialStep: "each",
    terminalSteps: ["shipped"],
  });
  const found = await explore(everything, {
    runs: 200,
    initialData: { list: [1, 2, 3] },
    signals: { paid: [{ amount: 5 }] },
    webhooks: { shipped: [{ by: "post" }] },
    finally: ({ data, status }) => {
      expect(status).toBe("completed");
      expect(data.paid).toEqual({ amount: 5 });
      expect(data.shipped).toEqual({ by: "post" });
    },
  });
  expect(found.outcomes).toEqual({ completed: 200 });
  expect(found.coverage.missingSteps).toEqual([]);
});
