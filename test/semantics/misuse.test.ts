import {
  BaseGateway,
  ConditionalGroup,
  ExclusiveGateway,
  type GroupEngine,
  humanStep,
  InclusiveGateway,
  LocalExecutionEngine,
  MapGroup,
  machineStep,
  type ReadonlyContext,
  SignalStep,
  StepGroup,
  SubworkflowStep,
  TimerStep,
  WebhookStep,
  type WorkflowContext,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge, work } from "../support/definition-problems.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const form = {
  type: "object",
  properties: { approved: { type: "boolean" }, note: { type: "string" } },
  required: ["approved"],
} as const;

/** An instance that waits for the task `ask`. */
async function asked(options: Parameters<typeof humanStep>[1] = {}): Promise<Workshop> {
  const shop = new Workshop();
  await shop.start(flow({ ask: humanStep("ask", options) }), { instanceId: "order-1" });
  return shop;
}

describe("unknown workflows, versions and instances", () => {
  test("startWorkflow names the workflow that is not registered, and the nearest", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(flow({ a: work("a") }, [], { name: "order" }));
    expect(await refusal(shop.engine.startWorkflow("ordr"))).toEqual({
      name: "UnknownWorkflowError",
      code: "UNKNOWN_WORKFLOW",
      message: expect.stringContaining('No workflow "ordr" is registered'),
    });
  });

  test("startWorkflow names the versions that there are", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(flow({ a: work("a") }, [], { name: "order" }));
    expect(await refusal(shop.engine.startWorkflow("order", { version: "2.0.0" }))).toEqual({
      name: "UnknownWorkflowError",
      code: "UNKNOWN_WORKFLOW",
      message: expect.stringContaining('"order" has no version "2.0.0" (registered: 1.0.0)'),
    });
  });

  const calls: Record<string, (engine: LocalExecutionEngine) => Promise<unknown>> = {
    getInstance: (engine) => engine.getInstance("nope"),
    waitFor: (engine) => engine.waitFor("nope"),
    waitUntilSettled: (engine) => engine.waitUntilSettled("nope"),
    completeHumanTask: (engine) =>
      engine.completeHumanTask({ instanceId: "nope", stepName: "a", data: {} }),
    signal: (engine) => engine.signal({ instanceId: "nope", name: "go" }),
    webhookToken: (engine) => engine.webhookToken({ instanceId: "nope", stepName: "a" }),
    addItem: (engine) => engine.addItem({ instanceId: "nope", stepName: "a", item: 1 }),
    closeMap: (engine) => engine.closeMap({ instanceId: "nope", stepName: "a" }),
    cancelWorkflow: (engine) => engine.cancelWorkflow("nope"),
    pauseWorkflow: (engine) => engine.pauseWorkflow("nope"),
    resumeWorkflow: (engine) => engine.resumeWorkflow("nope"),
    retryWorkflow: (engine) => engine.retryWorkflow("nope"),
    cancelStep: (engine) => engine.cancelStep({ instanceId: "nope", stepName: "a" }),
  };

  test.each(Object.entries(calls))(
    "%s names the instance that does not exist",
    async (_name, call) => {
      expect(await refusal(call(new Workshop().engine))).toEqual({
        name: "UnknownInstanceError",
        code: "UNKNOWN_INSTANCE",
        message: 'There is no instance "nope".',
      });
    },
  );
});

describe("starting", () => {
  test("refuses initial data that does not fit the input schema, naming each field", async () => {
    const inputSchema = {
      type: "object",
      properties: { total: { type: "number" }, customer: { type: "string" } },
      required: ["total", "customer"],
    };
    const shop = new Workshop();
    const definition = flow({ a: work("a") }, [], { inputSchema });
    const start = shop.engine.startWorkflow(definition, { initialData: { total: "much" } });
    await expect(start).rejects.toMatchObject({
      name: "InvalidInputError",
      code: "INVALID_INPUT",
      message: expect.stringContaining('The initial data of workflow "test"'),
      fields: [{ field: "customer" }, { field: "total" }],
    });
  });

  test.each([
    ["undefined", { a: { b: undefined } }, "a.b", "undefined"],
    ["NaN", { a: Number.NaN }, "a", "NaN"],
    ["a Date", { at: new Date(0) }, "at", "an instance of Date"],
    ["a function", { list: [() => 1] }, "list[0]", "a function"],
  ])("refuses initial data with %s, naming the path", async (_what, initialData, path, found) => {
    const shop = new Workshop();
    const error = await refusal(shop.engine.startWorkflow(flow({ a: work("a") }), { initialData }));
    expect([error.name, error.code]).toEqual(["NotJsonError", "NOT_JSON"]);
    expect(error.message).toContain('The initial data of workflow "test"');
    expect(error.message).toContain(path);
    expect(error.message).toContain(found);
  });

  test.each([[[1, 2]], ["text"], [7]])(
    "refuses initial data that is no object: %j",
    async (data) => {
      const shop = new Workshop();
      expect(
        await refusal(shop.engine.startWorkflow(flow({ a: work("a") }), { initialData: data })),
      ).toEqual({
        name: "InvalidArgumentError",
        code: "INVALID_ARGUMENT",
        message: 'The initial data of workflow "test" must be an object.',
      });
    },
  );

  test.each([[""], [7], [null]])("refuses %j as an instance id", async (instanceId) => {
    const shop = new Workshop();
    const start = shop.engine.startWorkflow(flow({ a: work("a") }), {
      instanceId: instanceId as string,
    });
    expect(await refusal(start)).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test.each([[""], [7]])("refuses %j as an idempotency key", async (idempotencyKey) => {
    const shop = new Workshop();
    const start = shop.engine.startWorkflow(flow({ a: work("a") }), {
      idempotencyKey: idempotencyKey as string,
    });
    expect(await refusal(start)).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("refuses a step that names a limit which the engine does not define", async () => {
    const shop = new Workshop();
    const start = shop.engine.startWorkflow(flow({ mail: work("mail", { limit: "smtp" }) }));
    expect(await refusal(start)).toEqual({
      name: "UnknownLimitError",
      code: "UNKNOWN_LIMIT",
      message: expect.stringContaining('"mail" of workflow "test" names the limit "smtp"'),
    });
  });
});

describe("limits", () => {
  test.each([
    [{ concurrent: -1 }, "concurrent: -1"],
    [{ concurrent: 0 }, "concurrent: 0"],
    [{ perSecond: 1.5 }, "perSecond: 1.5"],
    [{ perSecond: Number.NaN }, "perSecond: NaN"],
    [{ perMinute: 5 } as object, "perMinute"],
  ])("refuses %j", async (limit, part) => {
    const create = () =>
      new LocalExecutionEngine(new WorkflowRegistry(), { limits: { smtp: limit } });
    const error = await refusal(async () => create());
    expect([error.name, error.code]).toEqual(["InvalidOptionError", "INVALID_OPTION"]);
    expect(error.message).toContain('"smtp"');
    expect(error.message).toContain(part);
  });
});

describe("the timing of several processes", () => {
  test.each([
    [{ pollIntervalMs: 0 }, "pollIntervalMs: 0"],
    [{ leaseMs: 1.5 }, "leaseMs: 1.5"],
    [{ pollIntervalMs: 1000, leaseMs: 2999 }, "at least 3 times"],
  ])("refuses %j", async (timing, part) => {
    const error = await refusal(
      async () => new LocalExecutionEngine(new WorkflowRegistry(), timing),
    );
    expect([error.name, error.code]).toEqual(["InvalidOptionError", "INVALID_OPTION"]);
    expect(error.message).toContain(part);
  });

  test("takes a lease of three intervals", () => {
    const timing = { pollIntervalMs: 1000, leaseMs: 3000 };
    expect(() => new LocalExecutionEngine(new WorkflowRegistry(), timing)).not.toThrow();
  });
});

describe("tasks", () => {
  test("a task that is completed twice says that it is gone, when, and by whom", async () => {
    const shop = new Workshop();
    await shop.start(flow({ ask: humanStep("ask"), next: shop.step() }, ["ask -> next"]));
    await shop.complete("ask", {}, "ann");
    const again = shop.engine.completeHumanTask({
      instanceId: shop.id,
      stepName: "ask",
      userId: "bob",
      data: {},
    });
    const error = await refusal(again);
    expect([error.name, error.code]).toEqual(["TaskGoneError", "TASK_GONE"]);
    expect(error.message).toMatch(/^Task "ask" was completed by ann at .*2030/);
  });

  test("of two completions at the same moment one counts", async () => {
    const shop = await asked();
    const complete = (userId: string) =>
      shop.engine.completeHumanTask({
        instanceId: shop.id,
        stepName: "ask",
        userId,
        data: { by: userId },
      });
    const [first, second] = await Promise.allSettled([complete("ann"), complete("bob")]);
    expect(first?.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: { code: "TASK_GONE" } });
    expect(await shop.data()).toEqual({ ask: { by: "ann" } });
  });

  test("a withdrawn task says why", async () => {
    const shop = await asked();
    await shop.engine.cancelWorkflow(shop.id, { reason: "the order was withdrawn" });
    const error = await refusal(
      shop.engine.completeHumanTask({ instanceId: shop.id, stepName: "ask", data: {} }),
    );
    expect(error.code).toBe("TASK_GONE");
    expect(error.message).toContain('Task "ask" was withdrawn');
    expect(error.message).toContain("the order was withdrawn");
  });

  test("the wrong person is told to whom it belongs", async () => {
    const shop = await asked({ assignee: "ann" });
    const complete = shop.engine.completeHumanTask({
      instanceId: shop.id,
      stepName: "ask",
      userId: "bob",
      data: {},
    });
    expect(await refusal(complete)).toEqual({
      name: "NotAllowedError",
      code: "NOT_ALLOWED",
      message: 'Task "ask": it belongs to ann, not to bob.',
    });
    expect(await shop.openTasks()).toEqual(["ask"]);
  });

  test("the wrong person is refused as such, even with data that does not fit", async () => {
    const shop = await asked({ assignee: "ann", formSchema: form });
    const complete = shop.engine.completeHumanTask({
      instanceId: shop.id,
      stepName: "ask",
      userId: "bob",
      data: {},
    });
    expect(await refusal(complete)).toMatchObject({ code: "NOT_ALLOWED" });
  });

  test("data that does not fit is refused with each field, and the task stays open", async () => {
    const shop = await asked({ formSchema: form });
    const complete = shop.engine.completeHumanTask({
      instanceId: shop.id,
      stepName: "ask",
      data: { note: 7 },
    });
    await expect(complete).rejects.toMatchObject({
      name: "InvalidFormDataError",
      code: "INVALID_FORM_DATA",
      message: expect.stringContaining('The data for task "ask" does not fit its form'),
      fields: [{ field: "approved" }, { field: "note" }],
    });
    expect(await shop.openTasks()).toEqual(["ask"]);
  });

  test.each([["text"], [[1]], [null], [7]])(
    "data that is no object is refused: %j",
    async (data) => {
      const shop = await asked();
      const complete = shop.engine.completeHumanTask({
        instanceId: shop.id,
        stepName: "ask",
        data,
      });
      expect(await refusal(complete)).toMatchObject({ code: "INVALID_FORM_DATA" });
    },
  );

  test("data that is not JSON is refused with its path", async () => {
    const shop = await asked();
    const complete = shop.engine.completeHumanTask({
      instanceId: shop.id,
      stepName: "ask",
      data: { at: new Date(0) },
    });
    const error = await refusal(complete);
    expect(error.code).toBe("NOT_JSON");
    expect(error.message).toContain("an instance of Date at at");
  });

  test("a name that no task has is refused with the open ones", async () => {
    const shop = await asked();
    const complete = shop.engine.completeHumanTask({
      instanceId: shop.id,
      stepName: "aks",
      data: {},
    });
    expect(await refusal(complete)).toEqual({
      name: "UnknownTaskError",
      code: "UNKNOWN_TASK",
      message: 'Instance "order-1" has no task for "aks" (open tasks: ask).',
    });
  });

  test("a task id that does not exist is refused", async () => {
    const shop = await asked();
    const complete = shop.engine.completeHumanTask({
      instanceId: shop.id,
      taskId: "order-1/99",
      data: {},
    });
    expect(await refusal(complete)).toMatchObject({
      code: "UNKNOWN_TASK",
      message: expect.stringContaining('"order-1/99"'),
    });
  });

  test("a call that names no task is refused", async () => {
    const shop = await asked();
    const complete = shop.engine.completeHumanTask({ instanceId: shop.id, data: {} });
    expect(await refusal(complete)).toMatchObject({
      name: "InvalidArgumentError",
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("stepName or a taskId"),
    });
  });

  test("a name that several open tasks have is refused with their paths, which work", async () => {
    const shop = new Workshop();
    const each = new MapGroup(humanStep("ok"), { items: () => [1, 2] });
    await shop.start(flow({ each }));
    const complete = (stepName: string) =>
      shop.act(shop.engine.completeHumanTask({ instanceId: shop.id, stepName, data: {} }));
    const error = await refusal(complete("ok"));
    expect([error.name, error.code]).toEqual(["AmbiguousTaskError", "AMBIGUOUS_TASK"]);
    expect(error.message).toContain("each/ok[0], each/ok[1]");
    await complete("each/ok[1]");
    expect(await shop.openTasks()).toEqual(["each/ok[0]"]);
  });
});

describe("values that are not JSON", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  test.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined"],
    ["NaN", Number.NaN, "NaN"],
    ["Infinity", Number.POSITIVE_INFINITY, "Infinity"],
    ["a function", () => 1, "a function"],
    ["a cycle", circular, "a cycle"],
    ["a BigInt", 1n, "1n"],
    ["a class instance", new Map(), "an instance of Map"],
    ["a symbol", Symbol("s"), "a symbol"],
  ])("context.set refuses %s, naming the key", async (_what, value, found) => {
    let error = { name: "", code: "", message: "" };
    const a = machineStep("a", async (context) => {
      error = await refusal(() => context.set("total", value));
    });
    const shop = new Workshop();
    await shop.start(flow({ a }));
    expect([error.name, error.code]).toEqual(["NotJsonError", "NOT_JSON"]);
    expect(error.message).toContain('context.set("total")');
    expect(error.message).toContain(found);
    expect(await shop.data()).toEqual({});
  });

  test("context.set names the path inside the value", async () => {
    let message = "";
    const a = machineStep("a", async (context) => {
      const value = { lines: [{ at: 1 }, { at: new Date(0) }] };
      ({ message } = await refusal(() => context.set("order", value)));
    });
    await new Workshop().start(flow({ a }));
    expect(message).toContain("lines[1].at");
  });

  test("a result fails the step, naming the path", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: machineStep("a", () => ({ deep: [1n] })) }));
    const error = await shop.error();
    expect(error).toMatchObject({ code: "NOT_JSON", path: "a" });
    expect(error?.message).toContain('The result of "a"');
    expect(error?.message).toContain("deep[0]");
  });

  test("the data of a signal is refused", async () => {
    const shop = new Workshop();
    await shop.start(flow({ go: new SignalStep({ signal: "go" }) }));
    const error = await refusal(
      shop.engine.signal({ instanceId: shop.id, name: "go", data: { at: new Date(0) } }),
    );
    expect(error.code).toBe("NOT_JSON");
    expect(error.message).toContain('The data of signal "go"');
    expect(await shop.status()).toBe("waiting");
  });

  test("the payload of a webhook is refused, and the token still works", async () => {
    const shop = new Workshop();
    await shop.start(flow({ hook: new WebhookStep() }));
    const token = await shop.engine.webhookToken({ instanceId: shop.id, stepName: "hook" });
    const error = await refusal(shop.engine.completeWebhook(token, { n: Number.NaN }));
    expect(error.code).toBe("NOT_JSON");
    expect(error.message).toContain("The payload of the webhook");
    await shop.engine.completeWebhook(token, { n: 1 });
    expect(await shop.data()).toEqual({ hook: { n: 1 } });
  });

  test("an item for a map is refused", async () => {
    const shop = new Workshop();
    await shop.start(flow({ each: new MapGroup(shop.step("x"), { items: () => [1] }) }));
    const error = await refusal(
      shop.engine.addItem({ instanceId: shop.id, stepName: "each", item: () => 1 }),
    );
    expect(error.code).toBe("NOT_JSON");
    expect(error.message).toContain('An item for "each"');
  });

  test("the items that a function gives fail the map", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: () => [new Date(0)] });
    await shop.start(flow({ each }));
    expect(await shop.error()).toMatchObject({ path: "each" });
    expect((await shop.error())?.message).toContain("[0]");
    expect(shop.begun).toEqual([]);
  });

  test("what a subworkflow is given or gives fails its step", async () => {
    for (const bad of ["input", "output"]) {
      const shop = new Workshop();
      shop.registry.registerDefinition(flow({ x: work("x") }, [], { name: "child" }));
      const sub = new SubworkflowStep({ workflow: "child", [bad]: () => ({ at: new Date(0) }) });
      await shop.start(flow({ sub }));
      expect(await shop.error()).toMatchObject({ code: "FUNCTION_FAILED", path: "sub" });
      expect((await shop.error())?.message).toContain("at");
    }
  });
});

describe("context", () => {
  test("set after the step has ended is refused", async () => {
    let kept: WorkflowContext | undefined;
    const a = machineStep("a", (context) => {
      kept = context;
    });
    const shop = new Workshop();
    await shop.start(flow({ a }));
    const error = await refusal(() => kept?.set("late", 1));
    expect([error.name, error.code]).toEqual(["ContextClosedError", "CONTEXT_CLOSED"]);
    expect(error.message).toContain('context.set("late") in "a" came after the attempt had ended');
    expect(await shop.data()).toEqual({});
  });

  test("set after a timeout is refused", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { timeoutMs: 10 }) }));
    const context = shop.context("a");
    await shop.advance(10);
    expect(await refusal(() => context.set("late", 1))).toMatchObject({ code: "CONTEXT_CLOSED" });
  });

  test("set where the context is for reading only is refused", async () => {
    let error = { name: "", code: "", message: "" };
    const condition = (context: ReadonlyContext) => {
      try {
        (context as WorkflowContext).set("sneaky", 1);
      } catch (thrown) {
        error = thrown as typeof error;
      }
      return true;
    };
    const shop = new Workshop();
    await shop.start(flow({ a: work("a"), b: work("b") }, [edge("a", "b", { condition })]));
    expect(error).toMatchObject({ name: "ContextClosedError", code: "CONTEXT_CLOSED" });
    expect(await shop.data()).toEqual({});
  });

  test.each([[""], [7], [undefined]])("set refuses the key %j", async (key) => {
    let error = { name: "", code: "", message: "" };
    const a = machineStep("a", async (context) => {
      error = await refusal(() => context.set(key as string, 1));
    });
    await new Workshop().start(flow({ a }));
    expect([error.name, error.code]).toEqual(["InvalidArgumentError", "INVALID_ARGUMENT"]);
    expect(error.message).toContain("non-empty string");
  });

  test("what was read cannot be changed in place", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")), { initialData: { list: [{ n: 1 }] } });
    const list = shop.context("a").get("list") as { n: number }[];
    expect(() => list.push({ n: 2 })).toThrow(TypeError);
    expect(() => Object.assign(list[0]!, { n: 3 })).toThrow(TypeError);
    expect(shop.context("a").get("list")).toEqual([{ n: 1 }]);
  });
});

describe("gateways", () => {
  test.each([
    ["naming a step that no edge leads to", () => "nowhere", '"nowhere"'],
    ["naming a step of the workflow that is no target of its edges", () => "gate", '"gate"'],
    ["naming one right and one wrong", () => ["b", "nowhere"], '"nowhere"'],
  ])("%s fails the instance", async (_what, evaluate, wrong) => {
    const shop = new Workshop();
    const steps = { gate: new InclusiveGateway(evaluate), b: shop.step(), c: shop.step() };
    await shop.start(flow(steps, ["gate -> b", "gate -> c"]));
    expect(await shop.error()).toEqual({
      code: "UNKNOWN_TARGET",
      message: `The gateway "gate" named ${wrong}; its edges lead to b, c.`,
      path: "gate",
    });
    expect(shop.begun).toEqual([]);
  });

  test.each([[undefined], [7], [[7]], [{}]])("an evaluate that gives %j fails", async (value) => {
    const shop = new Workshop();
    const gate = new ExclusiveGateway(() => value as unknown as string);
    await shop.start(flow({ gate, b: shop.step() }, ["gate -> b"]));
    expect(await shop.error()).toMatchObject({ code: "INVALID_ARGUMENT", path: "gate" });
    expect((await shop.error())?.message).toContain('evaluate of "gate" must give the name');
  });

  test("naming nothing is a dead end", async () => {
    const shop = new Workshop();
    const gate = new InclusiveGateway(() => []);
    await shop.start(flow({ gate, b: shop.step() }, ["gate -> b"]));
    expect(await shop.error()).toMatchObject({ code: "DEAD_END", path: "gate" });
  });

  test("an evaluate that throws fails the step, which may have a failure edge", async () => {
    class Broken extends BaseGateway {
      override evaluate(): string {
        throw new Error("no rates");
      }
    }
    const shop = new Workshop();
    const steps = { gate: new Broken(), b: shop.step(), mend: shop.step() };
    await shop.start(flow(steps, ["gate -> b", edge("gate", "mend", { on: "failure" })]));
    expect(shop.running).toEqual(["mend"]);
    expect(shop.context("mend").error()).toMatchObject({
      code: "STEP_FAILED",
      message: "no rates",
    });
  });
});

describe("webhook tokens", () => {
  async function waiting(): Promise<{ shop: Workshop; token: string }> {
    const shop = new Workshop();
    await shop.start(flow({ hook: new WebhookStep(), next: shop.step() }, ["hook -> next"]));
    const token = await shop.engine.webhookToken({ instanceId: shop.id, stepName: "hook" });
    return { shop, token };
  }

  test("a used token is refused", async () => {
    const { shop, token } = await waiting();
    await shop.act(shop.engine.completeWebhook(token, 1));
    expect(await refusal(shop.engine.completeWebhook(token, 2))).toMatchObject({
      name: "TokenUsedError",
      code: "TOKEN_USED",
      message: expect.stringContaining("called already"),
    });
    expect(await shop.data()).toEqual({ hook: 1 });
  });

  test("a used token is refused as used after the instance has ended, too", async () => {
    const { shop, token } = await waiting();
    await shop.act(shop.engine.completeWebhook(token, 1));
    await shop.finish("next");
    expect(await shop.status()).toBe("completed");
    expect(await refusal(shop.engine.completeWebhook(token, 2))).toMatchObject({
      code: "TOKEN_USED",
    });
  });

  test("of two calls at the same moment one counts", async () => {
    const { shop, token } = await waiting();
    const [first, second] = [
      shop.engine.completeWebhook(token, 1),
      shop.engine.completeWebhook(token, 2),
    ];
    expect((await refusal(second)).code).toBe("TOKEN_USED");
    first.catch(() => {});
    expect(await shop.data()).toEqual({ hook: 1 });
  });

  test.each([
    ["is made up", () => "abc"],
    ["is empty", () => ""],
    ["has another signature", (token: string) => `${token.split(".")[0]}.AAAA`],
    ["has another subject", (token: string) => `${btoa("9:x")}.${token.split(".")[1]}`],
    ["has something appended", (token: string) => `${token}.x`],
    ["has a changed letter", (token: string) => flip(token, 2)],
    ["is no string", () => 7 as unknown as string],
  ])("a token that %s is refused", async (_what, forge) => {
    const { shop, token } = await waiting();
    expect(await refusal(shop.engine.completeWebhook(forge(token), 1))).toMatchObject({
      name: "InvalidTokenError",
      code: "INVALID_TOKEN",
    });
    expect(await shop.status()).toBe("waiting");
  });

  test("a token of an engine with another secret is refused", async () => {
    const { token } = await waiting();
    const { shop } = await waiting();
    const other = new LocalExecutionEngine(shop.registry, { secret: "another" });
    expect(await refusal(other.completeWebhook(token, 1))).toMatchObject({ code: "INVALID_TOKEN" });
  });

  test("a token of an instance that does not exist is refused", async () => {
    const { token } = await waiting();
    const { shop } = await waiting();
    expect(await refusal(shop.engine.completeWebhook(token, 1))).toMatchObject({
      code: "INVALID_TOKEN",
    });
  });

  test("a token of a webhook that was cancelled is refused", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step(), hook: new WebhookStep(), x: shop.step() };
    await shop.start(flow(steps, ["a -> hook", "a -> x"]));
    await shop.finish("a");
    const token = await shop.engine.webhookToken({ instanceId: shop.id, stepName: "hook" });
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "hook" }));
    expect(await refusal(shop.engine.completeWebhook(token, 1))).toMatchObject({
      code: "TOKEN_USED",
    });
  });

  test("there is none where no webhook waits", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    const ask = shop.engine.webhookToken({ instanceId: shop.id, stepName: "a" });
    expect(await refusal(ask)).toEqual({
      name: "StepNotActiveError",
      code: "STEP_NOT_ACTIVE",
      message: `No webhook step "a" of instance "${shop.id}" waits.`,
    });
  });
});

const flip = (text: string, index: number) =>
  text.slice(0, index) + (text[index] === "A" ? "B" : "A") + text.slice(index + 1);

describe("maps from outside", () => {
  test("addItem and closeMap are refused where no map of the path runs", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    for (const call of [
      shop.engine.addItem({ instanceId: shop.id, stepName: "a", item: 1 }),
      shop.engine.closeMap({ instanceId: shop.id, stepName: "nope" }),
    ]) {
      expect(await refusal(call)).toMatchObject({ name: "MapClosedError", code: "MAP_CLOSED" });
    }
  });

  test("addItem is refused once the map has ended, and once its callback runs", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("x"), { items: () => [1], callback: shop.step("sum") });
    await shop.start(flow({ each, next: shop.step() }, ["each -> next"]));
    const add = () => shop.engine.addItem({ instanceId: shop.id, stepName: "each", item: 2 });
    await shop.finish("each/x[0]");
    expect(await refusal(add())).toMatchObject({ code: "MAP_CLOSED" });
    await shop.finish("each/sum");
    expect(await refusal(add())).toMatchObject({ code: "MAP_CLOSED" });
  });

  test("addItem is refused with MAP_CLOSED when the instance has ended", async () => {
    const shop = new Workshop();
    const each = new MapGroup(work("x"), { items: () => [1] });
    await shop.start(flow({ each }));
    const add = shop.engine.addItem({ instanceId: shop.id, stepName: "each", item: 2 });
    expect(["MAP_CLOSED", "INSTANCE_ENDED"]).toContain((await refusal(add)).code);
  });
});

describe("an instance that has ended", () => {
  async function ended(how: "completed" | "canceled" | "failed"): Promise<Workshop> {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")), { instanceId: "one" });
    if (how === "completed") await shop.finish("a");
    else if (how === "failed") await shop.fail("a");
    else await shop.act(shop.engine.cancelWorkflow("one"));
    return shop;
  }

  const actions: Record<string, (engine: LocalExecutionEngine) => Promise<unknown>> = {
    signal: (engine) => engine.signal({ instanceId: "one", name: "go" }),
    cancelWorkflow: (engine) => engine.cancelWorkflow("one"),
    pauseWorkflow: (engine) => engine.pauseWorkflow("one"),
    resumeWorkflow: (engine) => engine.resumeWorkflow("one"),
    cancelStep: (engine) => engine.cancelStep({ instanceId: "one", stepName: "a" }),
  };

  for (const how of ["completed", "canceled", "failed"] as const) {
    test.each(Object.entries(actions))(`${how}: refuses %s`, async (_name, act) => {
      const shop = await ended(how);
      expect(await refusal(act(shop.engine))).toEqual({
        name: "InstanceEndedError",
        code: "INSTANCE_ENDED",
        message: `Instance "one" is ${how}; it accepts nothing more.`,
      });
      expect(await shop.status()).toBe(how);
    });
  }

  test.each(["completed", "canceled"] as const)("%s: refuses a retry", async (how) => {
    const shop = await ended(how);
    expect(await refusal(shop.engine.retryWorkflow("one"))).toEqual({
      name: "InstanceNotFailedError",
      code: "INSTANCE_NOT_FAILED",
      message: `Only a failed instance can be retried; instance "one" is ${how}.`,
    });
  });

  test("running: refuses a retry", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    expect(await refusal(shop.engine.retryWorkflow(shop.id))).toMatchObject({
      code: "INSTANCE_NOT_FAILED",
      message: expect.stringContaining("is running"),
    });
  });

  test("failed and compensated: refuses a retry", async () => {
    const shop = new Workshop();
    const steps = { a: work("a", { compensate: () => {} }), b: shop.step() };
    await shop.start(flow(steps, ["a -> b"], { compensate: true }));
    await shop.fail("b");
    expect(await refusal(shop.engine.retryWorkflow(shop.id))).toMatchObject({
      code: "INSTANCE_NOT_FAILED",
      message: expect.stringContaining("undone by compensation"),
    });
  });

  test("failed: refuses a retry from a step that does not exist, or from a member", async () => {
    const shop = await ended("failed");
    for (const from of ["nope", "a/b"]) {
      expect(await refusal(shop.engine.retryWorkflow("one", { from }))).toMatchObject({
        name: "UnknownStepError",
        code: "UNKNOWN_STEP",
        message: expect.stringContaining(`"${from}"`),
      });
    }
    expect(await shop.status()).toBe("failed");
  });
});

describe("cancelStep", () => {
  test("is refused for a step that has not begun, has ended, or does not exist", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b -> c"]));
    await shop.finish("a");
    for (const stepName of ["a", "c", "nope"]) {
      expect(await refusal(shop.engine.cancelStep({ instanceId: shop.id, stepName }))).toEqual({
        name: "StepNotActiveError",
        code: "STEP_NOT_ACTIVE",
        message: `"${stepName}" is neither running nor waiting.`,
      });
    }
    expect(shop.running).toEqual(["b"]);
  });
});

describe("a closed engine", () => {
  const calls: Record<string, (engine: LocalExecutionEngine) => Promise<unknown>> = {
    startWorkflow: (engine) => engine.startWorkflow("test"),
    submitWorkflow: (engine) => engine.submitWorkflow("test", { instanceId: "x" }),
    getInstance: (engine) => engine.getInstance("one"),
    "tasks.list": (engine) => engine.tasks.list(),
    recover: (engine) => engine.recover(),
    signal: (engine) => engine.signal({ instanceId: "one", name: "go" }),
    cancelWorkflow: (engine) => engine.cancelWorkflow("one"),
    waitFor: (engine) => engine.waitFor("one"),
  };

  test.each(Object.entries(calls))("refuses %s", async (_name, call) => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")), { instanceId: "one" });
    await shop.finish("a");
    await shop.engine.close();
    expect(await refusal(call(shop.engine))).toMatchObject({
      name: "EngineClosedError",
      code: "ENGINE_CLOSED",
    });
  });

  test("refuses those who were waiting", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    const waiting = refusal(shop.engine.waitFor(shop.id));
    await shop.quiet();
    await shop.engine.close();
    expect((await waiting).code).toBe("ENGINE_CLOSED");
  });

  test("aborts what runs, and hears no more of it", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    const { signal } = shop.context("a");
    await shop.engine.close();
    expect(signal.aborted).toBe(true);
    await shop.finishLate("a");
    expect(shop.begun).toEqual(["a"]);
  });

  test("may be closed twice", async () => {
    const { engine } = new Workshop();
    await engine.close();
    await engine.close();
  });
});

describe("users' own groups", () => {
  class Own extends StepGroup {
    readonly body: (context: WorkflowContext, engine: GroupEngine) => unknown;

    constructor(body: (context: WorkflowContext, engine: GroupEngine) => unknown) {
      super();
      this.body = body;
    }

    execute(context: WorkflowContext, engine: GroupEngine): unknown {
      return this.body(context, engine);
    }
  }

  test.each([
    ["without a name", work("")],
    ["with a name that a path cannot carry", work("a/b")],
  ])("executeStep refuses a step %s", async (_what, step) => {
    const shop = new Workshop();
    await shop.start(
      flow({ own: new Own((context, engine) => engine.executeStep(step, context)) }),
    );
    expect(await shop.error()).toMatchObject({ code: "INVALID_ARGUMENT", path: "own" });
    expect((await shop.error())?.message).toContain('executeStep in "own"');
  });

  test("executeStep refuses what is no step", async () => {
    const shop = new Workshop();
    const wrong = { name: "x" } as unknown as ReturnType<typeof work>;
    await shop.start(
      flow({ own: new Own((context, engine) => engine.executeStep(wrong, context)) }),
    );
    expect(await shop.status()).toBe("failed");
    expect(await shop.error()).toMatchObject({ path: "own" });
  });

  test("executeStep after the group has ended is refused", async () => {
    const shop = new Workshop();
    let late: () => Promise<unknown> = async () => {};
    const own = new Own((context, engine) => {
      late = () => engine.executeStep(shop.step("x"), context);
    });
    await shop.start(flow({ own, b: shop.step() }, ["own -> b"]));
    const call = late();
    let outcome = "nothing";
    call.then(
      () => (outcome = "ran"),
      (error) => (outcome = error.code),
    );
    await shop.quiet();
    expect(outcome).toBe("CONTEXT_CLOSED");
    expect(shop.begun).toEqual(["b"]);
  });
});

describe("functions of a definition that go wrong", () => {
  const failing = () => {
    throw new Error("no rates");
  };

  test.each<[string, Parameters<typeof flow>[0]]>([
    ["the title of a task", { it: humanStep("it", { title: failing }) }],
    ["the assignee of a task", { it: humanStep("it", { assignee: failing }) }],
    ["the excluded users of a task", { it: humanStep("it", { excludeUsers: failing }) }],
    ["the duration of a timer", { it: new TimerStep({ durationMs: failing }) }],
    ["the items of a map", { it: new MapGroup(work("x"), { items: failing }) }],
    ["the choice of a branch", { it: new ConditionalGroup({ x: work("x") }, failing) }],
  ])("%s fails its step with FUNCTION_FAILED", async (_what, steps) => {
    const shop = new Workshop();
    await shop.start(flow(steps));
    expect(await shop.error()).toMatchObject({ code: "FUNCTION_FAILED", path: "it" });
    expect((await shop.error())?.message).toContain("no rates");
  });

  test.each<[string, Parameters<typeof flow>[0]]>([
    ["a duration that is negative", { it: new TimerStep({ durationMs: () => -1 }) }],
    ["a duration that is NaN", { it: new TimerStep({ durationMs: () => Number.NaN }) }],
    ["a date that is none", { it: new TimerStep({ until: () => "soon" }) }],
    ["an assignee that is no name", { it: humanStep("it", { assignee: () => 7 as never }) }],
    [
      "candidates that are no list",
      { it: humanStep("it", { candidateUsers: () => "x" as never }) },
    ],
    [
      "exclusions that are no list",
      { it: humanStep("it", { excludeUsers: () => "ann" as never }) },
    ],
    ["a title that is no text", { it: humanStep("it", { title: () => ({}) as never }) }],
    ["an assigneeKey that leads nowhere", { it: humanStep("it", { assigneeKey: "boss" }) }],
  ])("%s fails the step with FUNCTION_FAILED", async (_what, steps) => {
    const shop = new Workshop();
    await shop.start(flow(steps));
    expect(await shop.error()).toMatchObject({ code: "FUNCTION_FAILED", path: "it" });
  });
});
