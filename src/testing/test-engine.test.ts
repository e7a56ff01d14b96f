import {
  Edge,
  humanStep,
  MapGroup,
  machineStep,
  ParallelGroup,
  RaceGroup,
  SignalStep,
  SubworkflowStep,
  TimerStep,
  WebhookStep,
  WorkflowDefinition,
} from "tandem-workflows";
import {
  assertCompleted,
  assertFailed,
  assertSkipped,
  assertTaken,
  assertWaitsFor,
  PathCoverage,
  pathOf,
  type TandemMatchers,
  TestEngine,
  tandemMatchers,
} from "tandem-workflows/testing";
import { describe, expect, test } from "vitest";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: as Vitest declares it
  interface Matchers<T = any> extends TandemMatchers<T> {}
}
expect.extend(tandemMatchers);

const yesNo = {
  type: "object",
  properties: { approved: { type: "boolean" } },
  required: ["approved"],
} as const;

const order = new WorkflowDefinition({
  name: "order",
  version: "1.0.0",
  steps: {
    charge: machineStep("charge", async (context) => context.set("charged", true), {
      retry: { maxAttempts: 3, initialIntervalMs: 60_000 },
      timeoutMs: 10_000,
    }),
    notify: new ParallelGroup([
      machineStep("email", async () => "sent"),
      machineStep("slack", async () => "sent"),
    ]),
    approval: humanStep("approval", { formSchema: yesNo, candidateGroups: ["legal"] }),
    ship: machineStep("ship", async () => {}),
    refund: machineStep("refund", async () => {}),
  },
  edges: [
    new Edge("charge", "notify"),
    new Edge("notify", "approval"),
    new Edge("approval", "ship", { condition: "approval.approved" }),
    new Edge("approval", "refund", { otherwise: true }),
  ],
  initialStep: "charge",
  terminalSteps: ["ship", "refund"],
});

describe("a test engine", () => {
  test("runs the only workflow, and people of the right groups complete tasks", async () => {
    const tests = new TestEngine(order);
    const instance = await tests.start({ initialData: { order_id: "ORD-1" } });
    expect(instance).toWaitFor("approval");
    const eve = tests.person("eve", { groups: ["sales"] });
    await expect(eve.completes("approval", { approved: true })).rejects.toMatchObject({
      code: "NOT_ALLOWED",
    });
    const ada = tests.person("ada", { groups: ["legal"] });
    await ada.completes("approval", { approved: true });
    expect(instance.status).toBe("completed");
    expect(instance.data).toEqual({
      order_id: "ORD-1",
      charged: true,
      approval: { approved: true },
    });
    expect(instance).toHaveTaken("charge", "notify/slack", "approval", "ship");
    expect(instance).toHaveSkipped("refund");
    expect(instance).not.toHaveTaken("ship", "approval");
    expect(pathOf(instance)).toEqual([
      ...["charge", "notify/email", "notify/slack", "notify", "approval", "ship"],
    ]);
    await tests.close();
  });

  test("lets steps fail, and time pass until they are tried again", async () => {
    const tests = new TestEngine(order);
    tests.failStep("charge", new TypeError("card declined"), { times: 2 });
    const instance = await tests.start();
    expect(instance.status).toBe("running");
    await tests.advance({ seconds: 59 });
    expect(instance).not.toWaitFor("approval");
    await tests.advance({ minutes: 3 });
    expect(instance).toWaitFor("approval");
    expect(instance.now.steps[0]?.attempt).toBe(3);
  });

  test("lets steps hang until their timeout, and do something else", async () => {
    const tests = new TestEngine(order);
    tests.hangStep("charge");
    const instance = await tests.start();
    await tests.advance({ hours: 1 });
    expect(instance).toHaveFailed("charge", "STEP_TIMEOUT");
    assertFailed(instance, "charge");

    const again = new TestEngine(order);
    again.replaceStep("charge", (context) => context.set("charged", "for free"));
    const second = await again.start();
    expect(second.data.charged).toBe("for free");
  });

  test("lets a month pass in which nobody answers", async () => {
    const patient = new WorkflowDefinition({
      name: "patient",
      version: "1.0.0",
      steps: {
        answer: new RaceGroup([
          humanStep("sign", { formSchema: yesNo }),
          new TimerStep({ name: "month", durationMs: 30 * 86_400_000 }),
        ]),
      },
      edges: [],
      initialStep: "answer",
      terminalSteps: ["answer"],
    });
    const tests = new TestEngine(patient, { now: "2026-02-01T09:00:00Z" });
    const instance = await tests.start();
    await tests.advanceTo("2026-03-03T08:59:59Z");
    expect(instance).toWaitFor("answer/sign");
    await tests.advance({ seconds: 1 });
    expect(instance).toHaveCompleted();
    expect(instance).toHaveTaken("answer/month");
    expect(tests.now.toISOString()).toBe("2026-03-03T09:00:00.000Z");
    await expect(tests.advanceTo("2026-03-01")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  test("calls webhooks, sends signals, and shows the instances of subworkflows", async () => {
    const child = new WorkflowDefinition({
      name: "child",
      version: "1.0.0",
      steps: { paid: new SignalStep({ signal: "paid" }) },
      edges: [],
      initialStep: "paid",
      terminalSteps: ["paid"],
    });
    const parent = new WorkflowDefinition({
      name: "parent",
      version: "1.0.0",
      steps: {
        shipped: new WebhookStep(),
        child: new SubworkflowStep({ workflow: "child", output: { amount: "paid.amount" } }),
      },
      edges: [new Edge("shipped", "child")],
      initialStep: "shipped",
      terminalSteps: ["child"],
    });
    const tests = new TestEngine([parent, child]);
    await expect(tests.start()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const instance = await tests.start("parent");
    await tests.callWebhook("shipped", { by: "post" });
    expect(instance.data.shipped).toEqual({ by: "post" });
    const inner = await tests.instance(`${instance.id}.2`);
    await tests.signal("paid", { amount: 5 }, { on: inner });
    assertCompleted(instance);
    assertCompleted(inner);
    expect(instance.data.amount).toBe(5);
    await expect(tests.callWebhook("shipped")).rejects.toMatchObject({ code: "STEP_NOT_ACTIVE" });
  });

  test("asks which instance is meant where several wait for the same", async () => {
    const tests = new TestEngine(order);
    const first = await tests.start();
    const second = await tests.start();
    const ada = tests.person("ada", { groups: ["legal"] });
    const refused = ada.completes("approval", { approved: true });
    await expect(refused).rejects.toMatchObject({ code: "AMBIGUOUS_TASK" });
    await ada.completes("approval", { approved: false }, { on: second });
    assertTaken(second, "approval", "refund");
    assertWaitsFor(first, "approval");
  });
});

describe("assertions", () => {
  test("say what was found instead", async () => {
    const tests = new TestEngine(order);
    const instance = await tests.start({ instanceId: "one" });
    const messageOf = (assertion: () => void) => {
      try {
        assertion();
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
      return "nothing thrown";
    };
    expect(messageOf(() => assertTaken(instance, "charge", "ship"))).toBe(
      'Expected instance one of "order" to have taken charge -> ship. ' +
        'It took charge -> notify/email -> notify/slack -> notify. "ship" was not reached.',
    );
    expect(messageOf(() => assertCompleted(instance))).toBe(
      'Expected instance one of "order" to have completed. It is waiting, and waits for approval.',
    );
    expect(messageOf(() => assertSkipped(instance, "charge"))).toBe(
      'Expected instance one of "order" to have skipped charge. The step was succeeded.',
    );
    expect(messageOf(() => assertWaitsFor(instance, "ship"))).toBe(
      'Expected instance one of "order" to wait for ship. It waits for approval.',
    );
    expect(messageOf(() => assertFailed(instance))).toBe(
      'Expected instance one of "order" to have failed. It is waiting.',
    );
    expect(messageOf(() => expect(instance).not.toWaitFor("approval"))).toBe(
      'Expected instance one of "order" not to wait for approval. It waits for approval.',
    );
  });
});

describe("coverage of paths", () => {
  test("names the steps that no test ran and the edges that no test took", async () => {
    const coverage = new PathCoverage(order);
    const first = new TestEngine(order, { coverage });
    await first.start();
    await first.person("ada", { groups: ["legal"] }).completes("approval", { approved: true });
    expect(coverage.isComplete).toBe(false);
    expect(coverage.report()).toBe(
      [
        "order 1.0.0: 6 of 7 steps, 3 of 4 edges taken",
        "  step never run:   refund",
        "  edge never taken: approval -> refund",
      ].join("\n"),
    );
    const second = new TestEngine(order, { coverage });
    await second.start();
    await second.person("bob", { groups: ["legal"] }).completes("approval", { approved: false });
    expect(coverage.isComplete).toBe(true);
  });

  test("counts the members of maps once, however many items there are", async () => {
    const list = new WorkflowDefinition({
      name: "list",
      version: "1.0.0",
      steps: {
        each: new MapGroup(
          machineStep("item", async () => {}),
          { items: "list" },
        ),
      },
      edges: [],
      initialStep: "each",
      terminalSteps: ["each"],
    });
    const coverage = new PathCoverage(list);
    await new TestEngine(list, { coverage }).start({ initialData: { list: [] } });
    expect(coverage.missingSteps).toEqual(["each/item[]"]);
    await new TestEngine(list, { coverage }).start({ initialData: { list: [1, 2] } });
    expect(coverage.isComplete).toBe(true);
  });
});
