import {
  Edge,
  humanStep,
  machineStep,
  SignalStep,
  WebhookStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { PatternRun, work } from "../support/pattern-run.ts";

describe("WCP-23 Transient Trigger", () => {
  const definition = new WorkflowDefinition({
    name: "transient_trigger",
    steps: {
      prepare: humanStep("prepare"),
      flood: new SignalStep({ signal: "flood", transient: true }),
      pump: work("pump"),
    },
    edges: [new Edge("prepare", "flood"), new Edge("flood", "pump")],
    initialStep: "prepare",
    terminalSteps: ["pump"],
  });

  test("a signal that arrives before the step waits is lost", async () => {
    const run = await PatternRun.start(definition);
    await run.signal("flood", 1);
    await run.complete("prepare");
    expect(await run.statusesOf("flood")).toEqual(["waiting"]);
    await run.signal("flood", 2);
    expect(await run.statusesOf("pump")).toEqual(["succeeded"]);
    expect((await run.instance()).data).toEqual({ prepare: {}, flood: 2 });
  });
});

describe("WCP-24 Persistent Trigger", () => {
  test("a signal that arrives early is kept until a step waits for it, and serves it once", async () => {
    const definition = new WorkflowDefinition({
      name: "persistent_trigger",
      steps: {
        prepare: humanStep("prepare"),
        first: new SignalStep({ signal: "arrival" }),
        second: new SignalStep({ signal: "arrival" }),
        greet: work("greet"),
      },
      edges: [
        new Edge("prepare", "first"),
        new Edge("first", "second"),
        new Edge("second", "greet"),
      ],
      initialStep: "prepare",
      terminalSteps: ["greet"],
    });
    const run = await PatternRun.start(definition);
    await run.signal("arrival", "ada");
    await run.complete("prepare");
    expect(await run.statusesOf("first")).toEqual(["succeeded"]);
    expect(await run.statusesOf("second")).toEqual(["waiting"]);
    await run.signal("arrival", "bea");
    expect((await run.instance()).data).toEqual({ prepare: {}, first: "ada", second: "bea" });
    expect(await run.status()).toBe("completed");
  });

  test("every trigger starts work of its own, whatever the rest of the process does", async () => {
    const definition = new WorkflowDefinition({
      name: "trigger_without_predecessor",
      steps: {
        start: work("start"),
        serve: humanStep("serve", { cancels: ["overdue"] }),
        overdue: new SignalStep({ signal: "overdue" }),
        inspect: humanStep("inspect"),
      },
      edges: [
        new Edge("start", "serve"),
        new Edge("start", "overdue"),
        new Edge("overdue", "overdue"),
        new Edge("overdue", "inspect"),
      ],
      initialStep: "start",
      terminalSteps: ["serve", "inspect"],
    });
    const run = await PatternRun.start(definition);
    await run.signal("overdue");
    await run.signal("overdue");
    expect(await run.tasks()).toEqual(["serve", "inspect", "inspect"]);
    await run.complete("inspect", "serve", "inspect");
    expect(await run.status()).toBe("completed");
  });

  test("another part of the process sends the trigger", async () => {
    let run: PatternRun | undefined;
    const definition = new WorkflowDefinition({
      name: "trigger_from_inside",
      steps: {
        start: work("start"),
        announce: humanStep("announce"),
        send: machineStep("send", (context) => {
          void run?.engine.signal({ instanceId: context.instanceId, name: "announced" });
        }),
        prepare: humanStep("prepare"),
        announced: new SignalStep({ signal: "announced" }),
        attend: work("attend"),
      },
      edges: [
        new Edge("start", "announce"),
        new Edge("announce", "send"),
        new Edge("start", "prepare"),
        new Edge("prepare", "announced"),
        new Edge("announced", "attend"),
      ],
      initialStep: "start",
      terminalSteps: ["send", "attend"],
    });
    run = await PatternRun.start(definition);
    await run.complete("announce");
    expect(await run.tasks()).toEqual(["prepare"]);
    await run.complete("prepare");
    expect(await run.statusesOf("attend")).toEqual(["succeeded"]);
  });

  test("a callback from outside starts what follows, once", async () => {
    const definition = new WorkflowDefinition({
      name: "trigger_by_callback",
      steps: { payment: new WebhookStep(), ship: humanStep("ship") },
      edges: [new Edge("payment", "ship")],
      initialStep: "payment",
      terminalSteps: ["ship"],
    });
    const run = await PatternRun.start(definition);
    const token = await run.engine.webhookToken({ instanceId: run.id, stepName: "payment" });
    await run.engine.completeWebhook(token, { paid: true });
    expect(await run.tasks()).toEqual(["ship"]);
    await expect(run.engine.completeWebhook(token)).rejects.toMatchObject({ code: "TOKEN_USED" });
  });
});
