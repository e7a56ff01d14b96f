import {
  humanStep,
  LocalExecutionEngine,
  machineStep,
  SignalStep,
  TimerStep,
  type WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Application,
  type ApplicationTransaction,
  postgresApplication,
  sqliteApplication,
} from "../support/application.ts";
import { flow } from "../support/workshop.ts";

const databases = [
  { name: "SQLite", open: sqliteApplication },
  { name: "Postgres", open: postgresApplication },
];

const form = {
  type: "object",
  properties: { approved: { type: "boolean" } },
  required: ["approved"],
} as const;

describe.each(databases)("in the application's own transaction on $name", ({ open }) => {
  let application: Application;
  let engine: LocalExecutionEngine;
  let ran: string[];
  const engines: LocalExecutionEngine[] = [];

  /** A step whose runs are written down. */
  const work = (name: string) =>
    machineStep(name, () => {
      ran.push(name);
    });

  const approval = () =>
    flow({ ask: humanStep("ask", { formSchema: form }), ship: work("ship") }, ["ask -> ship"]);

  function newEngine(...definitions: readonly WorkflowDefinition[]): LocalExecutionEngine {
    const registry = new WorkflowRegistry();
    for (const definition of definitions) registry.registerDefinition(definition);
    const silent = () => {};
    const made = new LocalExecutionEngine(registry, {
      store: application.store(),
      ...{ pollIntervalMs: 100, leaseMs: 1000 },
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    });
    engines.push(made);
    return made;
  }

  async function committed<Result>(
    work: (transaction: ApplicationTransaction) => Promise<Result>,
  ): Promise<Result> {
    const transaction = await application.begin();
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }

  beforeEach(async () => {
    application = await open();
    ran = [];
  });

  afterEach(async () => {
    for (const each of engines.splice(0)) await each.close();
    await application.close();
  });

  test("a completed task takes effect with the application's rows, and code runs then", async () => {
    engine = newEngine(approval());
    const { id: instanceId } = await engine.startWorkflow("test");
    const transaction = await application.begin();
    await transaction.addOrder("A");
    const own = engine.inTransaction(transaction.handle);
    const data = { approved: true };
    const inside = await own.completeHumanTask({ instanceId, stepName: "ask", data });
    expect(inside.status).toBe("running");
    expect(inside.data).toEqual({ ask: data });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual([]);
    await transaction.commit();
    const after = await engine.waitFor(instanceId);
    expect(after.status).toBe("completed");
    expect(ran).toEqual(["ship"]);
    expect(await application.orders()).toEqual(["A"]);
  });

  test("what is rolled back never happened", async () => {
    engine = newEngine(approval());
    const { id: instanceId } = await engine.startWorkflow("test");
    const transaction = await application.begin();
    await transaction.addOrder("A");
    const own = engine.inTransaction(transaction.handle);
    const data = { approved: true };
    await own.completeHumanTask({ instanceId, stepName: "ask", data });
    const { id: started } = await own.submitWorkflow("test", { instanceId: "other" });
    await own.signal({ instanceId: started, name: "bell" });
    await transaction.rollback();
    const after = await engine.getInstance(instanceId);
    expect(after.status).toBe("waiting");
    expect(after.data).toEqual({});
    await expect(engine.getInstance("other")).rejects.toMatchObject({ code: "UNKNOWN_INSTANCE" });
    expect(await application.orders()).toEqual([]);
    await engine.completeHumanTask({ instanceId, stepName: "ask", data: { approved: false } });
    expect((await engine.waitFor(instanceId)).data).toEqual({ ask: { approved: false } });
    expect(ran).toEqual(["ship"]);
  });

  test("an instance starts with the application's rows, and its code runs then", async () => {
    engine = newEngine(flow({ pack: work("pack"), ask: humanStep("ask") }, ["pack -> ask"]));
    const { id } = await committed(async ({ handle, addOrder }) => {
      await addOrder("A");
      const own = engine.inTransaction(handle);
      const started = await own.submitWorkflow("test", { initialData: { order: "A" } });
      expect(started.status).toBe("running");
      expect(started.data).toEqual({ order: "A" });
      expect(ran).toEqual([]);
      return started;
    });
    const after = await engine.waitUntilSettled(id);
    expect(after.status).toBe("waiting");
    expect(after.tasks.map(({ path }) => path)).toEqual(["ask"]);
    expect(ran).toEqual(["pack"]);
  });

  test("a task that follows is in the inbox as soon as the transaction is committed", async () => {
    engine = newEngine(flow({ ask: humanStep("ask"), sign: humanStep("sign") }, ["ask -> sign"]));
    const { id: instanceId } = await engine.startWorkflow("test");
    const inside = await committed(({ handle }) =>
      engine.inTransaction(handle).completeHumanTask({ instanceId, stepName: "ask", data: {} }),
    );
    expect(inside.status).toBe("waiting");
    expect(inside.tasks.map(({ path }) => path)).toEqual(["sign"]);
    expect((await engine.tasks.list()).items.map(({ path }) => path)).toEqual(["sign"]);
  });

  test("a signal serves the step that waits for it", async () => {
    const definition = flow({ bell: new SignalStep({ signal: "bell" }), ship: work("ship") }, [
      "bell -> ship",
    ]);
    engine = newEngine(definition);
    const { id: instanceId } = await engine.startWorkflow("test");
    const own = ({ handle }: ApplicationTransaction) => engine.inTransaction(handle);
    await committed((t) => own(t).signal({ instanceId, name: "bell", data: 1, id: "once" }));
    await committed((t) => own(t).signal({ instanceId, name: "bell", data: 2, id: "once" })).catch(
      () => {},
    );
    const after = await engine.waitFor(instanceId);
    expect(after.data).toEqual({ bell: 1 });
    expect(ran).toEqual(["ship"]);
  });

  test("several commands see what those before have done", async () => {
    const definition = flow(
      { bell: new SignalStep({ signal: "bell" }), ask: humanStep("ask"), ship: work("ship") },
      ["bell -> ask -> ship"],
    );
    engine = newEngine(definition);
    const { id } = await committed(async ({ handle }) => {
      const own = engine.inTransaction(handle);
      const { id: instanceId } = await own.submitWorkflow("test");
      const [, asked] = await Promise.all([
        own.signal({ instanceId, name: "bell" }),
        own.completeHumanTask({ instanceId, stepName: "ask", data: { by: "ada" } }),
      ]);
      expect(asked.status).toBe("running");
      return asked;
    });
    expect((await engine.waitFor(id)).status).toBe("completed");
    expect(ran).toEqual(["ship"]);
  });

  test("a timer that is set in it fires", async () => {
    const definition = flow(
      { ask: humanStep("ask"), pause: new TimerStep({ durationMs: 20 }), ship: work("ship") },
      ["ask -> pause -> ship"],
    );
    engine = newEngine(definition);
    const { id: instanceId } = await engine.startWorkflow("test");
    await committed(({ handle }) =>
      engine.inTransaction(handle).completeHumanTask({ instanceId, stepName: "ask", data: {} }),
    );
    expect((await engine.waitFor(instanceId)).status).toBe("completed");
  });

  test.each([
    ["a task that is gone", { stepName: "ask", data: { approved: true } }, "TASK_GONE"],
    ["a task that never was", { stepName: "no", data: {} }, "UNKNOWN_TASK"],
    ["data that does not fit the form", { stepName: "again", data: {} }, "INVALID_FORM_DATA"],
    ["a person who may not", { stepName: "mine", userId: "bob", data: {} }, "NOT_ALLOWED"],
  ])("%s is refused, and the rest of the transaction stays", async (_, options, code) => {
    const ask = (name: string) => humanStep(name, { formSchema: form });
    const steps = {
      ask: ask("ask"),
      again: ask("again"),
      mine: humanStep("mine", { assignee: "ada" }),
    };
    engine = newEngine(
      flow({ begin: work("begin"), ...steps }, ["begin -> ask", "begin -> again", "begin -> mine"]),
    );
    const { id: instanceId } = await engine.startWorkflow("test");
    await engine.completeHumanTask({ instanceId, stepName: "ask", data: { approved: true } });
    const before = await engine.getInstance(instanceId);
    await committed(async ({ handle, addOrder }) => {
      await addOrder("A");
      const refused = engine.inTransaction(handle).completeHumanTask({ instanceId, ...options });
      await expect(refused).rejects.toMatchObject({ code });
      await addOrder("B");
    });
    expect(await application.orders()).toEqual(["A", "B"]);
    const after = await engine.getInstance(instanceId);
    expect(after.steps).toEqual(before.steps);
  });

  test("an unknown workflow or instance is refused", async () => {
    engine = newEngine(approval());
    await committed(async ({ handle }) => {
      const own = engine.inTransaction(handle);
      const code = (wanted: string) => ({ code: wanted });
      await expect(own.submitWorkflow("no")).rejects.toMatchObject(code("UNKNOWN_WORKFLOW"));
      const signal = own.signal({ instanceId: "no", name: "bell" });
      await expect(signal).rejects.toMatchObject(code("UNKNOWN_INSTANCE"));
    });
  });

  test("a start with a key that exists gives the instance, and is refused if it differs", async () => {
    engine = newEngine(approval());
    const options = { idempotencyKey: "order-1", initialData: { order: 1 } };
    const start =
      (data: object) =>
      ({ handle }: ApplicationTransaction) =>
        engine.inTransaction(handle).submitWorkflow("test", { ...options, ...data });
    const first = await committed(start({}));
    expect((await committed(start({}))).id).toBe(first.id);
    expect((await engine.startWorkflow("test", options)).id).toBe(first.id);
    const other = committed(start({ initialData: { order: 2 } }));
    await expect(other).rejects.toMatchObject({ code: "INSTANCE_EXISTS" });
  });
});
