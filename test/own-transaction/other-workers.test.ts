import {
  Edge,
  type GroupEngine,
  humanStep,
  LocalExecutionEngine,
  machineStep,
  StepGroup,
  SubworkflowStep,
  type WorkflowContext,
  type WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Application,
  postgresApplication,
  sqliteApplication,
} from "../support/application.ts";
import { flow } from "../support/workshop.ts";

const databases = [
  { name: "SQLite", open: sqliteApplication },
  { name: "Postgres", open: postgresApplication },
];

/** A promise that is resolved from outside. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe.each(databases)("what is left to do after the commit on $name", ({ open }) => {
  let application: Application;
  let log: string[];
  const engines: LocalExecutionEngine[] = [];

  function newEngine(...definitions: readonly WorkflowDefinition[]): LocalExecutionEngine {
    const registry = new WorkflowRegistry();
    for (const definition of definitions) registry.registerDefinition(definition);
    const silent = () => {};
    const engine = new LocalExecutionEngine(registry, {
      store: application.store(),
      ...{ pollIntervalMs: 50, leaseMs: 500 },
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    });
    engines.push(engine);
    return engine;
  }

  const note = (name: string) => machineStep(name, () => void log.push(name));

  beforeEach(async () => {
    application = await open();
    log = [];
  });

  afterEach(async () => {
    for (const each of engines.splice(0)) await each.close();
    await application.close();
  });

  test("is done by another worker if this one is gone before the commit", async () => {
    const definition = flow({ ask: humanStep("ask"), ship: note("ship") }, ["ask -> ship"]);
    const first = newEngine(definition);
    const second = newEngine(definition);
    await second.recover();
    const { id: instanceId } = await first.startWorkflow("test");
    const transaction = await application.begin();
    await first
      .inTransaction(transaction.handle)
      .completeHumanTask({ instanceId, stepName: "ask", data: {} });
    const closed = first.close();
    await transaction.commit();
    await closed;
    expect((await second.waitFor(instanceId)).status).toBe("completed");
    expect(log).toEqual(["ship"]);
  });

  test.each([
    ["the worker that runs the code", 0],
    ["another worker", 1],
  ])("lets running code go on when %s has the transaction", async (_, place) => {
    const [slow, began] = [gate(), gate()];
    let aborted = false;
    const run = machineStep("run", async (context) => {
      log.push(`run ${context.attempt}`);
      context.signal.addEventListener("abort", () => {
        aborted = true;
      });
      began.open();
      await slow.opened;
      context.set("ran", context.attempt);
    });
    const definition = flow(
      { begin: note("begin"), run, ask: humanStep("ask"), ship: note("ship") },
      ["begin -> run", "begin -> ask -> ship"],
    );
    const engine = newEngine(definition);
    const other = newEngine(definition);
    // The transaction is in the process of the first store.
    const owner = place === 0 ? engine : other;
    const { id: instanceId } = await owner.submitWorkflow("test");
    await began.opened;
    const transaction = await application.begin();
    const inside = await engine
      .inTransaction(transaction.handle)
      .completeHumanTask({ instanceId, stepName: "ask", data: { yes: true } });
    expect(inside.status).toBe("running");
    await transaction.commit();
    while (!log.includes("ship")) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(aborted).toBe(false);
    slow.open();
    const after = await owner.waitFor(instanceId);
    expect(after.status).toBe("completed");
    expect(after.data).toEqual({ ask: { yes: true }, ran: 1 });
    expect(log).toEqual(["begin", "run 1", "ship"]);
  });

  test("keeps what running code reports at the same moment", async () => {
    const [slow, began] = [gate(), gate()];
    const run = machineStep("run", async (context) => {
      log.push(`run ${context.attempt}`);
      began.open();
      await slow.opened;
    });
    const definition = flow(
      { begin: note("begin"), run, ask: humanStep("ask"), end: note("end") },
      ["begin -> run -> end", "begin -> ask"],
    );
    const engine = newEngine(definition);
    const { id: instanceId } = await engine.submitWorkflow("test");
    await began.opened;
    const transaction = await application.begin();
    await engine
      .inTransaction(transaction.handle)
      .completeHumanTask({ instanceId, stepName: "ask", data: {} });
    // Its commit meets the transaction, and is refused when that is over.
    slow.open();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await transaction.commit();
    const after = await engine.waitFor(instanceId);
    expect(after.status).toBe("completed");
    expect(log).toEqual(["begin", "run 1", "end"]);
    expect(after.steps.map(({ path, attempt }) => [path, attempt])).toEqual([
      ["begin", 1],
      ["run", 1],
      ["ask", 1],
      ["end", 1],
    ]);
  });

  test("lets the body of a user's own group go on", async () => {
    const began = gate();
    const declared = humanStep("ask");
    class Own extends StepGroup {
      override readonly members = [declared];
      override async execute(context: WorkflowContext, engine: GroupEngine): Promise<unknown> {
        log.push("body");
        began.open();
        const answer = await engine.executeStep(declared, context);
        await engine.executeStep(note("later"), context);
        return answer;
      }
    }
    const definition = flow({ own: new Own(), end: note("end") }, ["own -> end"]);
    const engine = newEngine(definition);
    const { id: instanceId } = await engine.startWorkflow("test");
    await began.opened;
    const transaction = await application.begin();
    await engine
      .inTransaction(transaction.handle)
      .completeHumanTask({ instanceId, stepName: "own/ask", data: { yes: 1 } });
    await transaction.commit();
    const after = await engine.waitFor(instanceId);
    expect(after.status).toBe("completed");
    expect(after.data).toEqual({ ask: { yes: 1 } });
    expect(log).toEqual(["body", "later", "end"]);
  });

  test("starts a child, and tells a parent that its child has ended", async () => {
    const child = flow({ sign: humanStep("sign") }, [], { name: "child" });
    const parent = flow(
      { ask: humanStep("ask"), sub: new SubworkflowStep({ workflow: "child" }), end: note("end") },
      ["ask -> sub -> end"],
    );
    const engine = newEngine(parent, child);
    const { id: instanceId } = await engine.startWorkflow("test");
    const complete = async (id: string, stepName: string) => {
      const transaction = await application.begin();
      const own = engine.inTransaction(transaction.handle);
      await own.completeHumanTask({ instanceId: id, stepName, data: {} });
      await transaction.commit();
    };
    await complete(instanceId, "ask");
    let childId: string | undefined;
    while (childId === undefined)
      [{ instanceId: childId }] = [(await engine.tasks.list()).items[0] ?? {}];
    await complete(childId, "sign");
    expect((await engine.waitFor(instanceId)).status).toBe("completed");
    expect(log).toEqual(["end"]);
  });

  test("calls hooks once, after the commit", async () => {
    const definition = flow({
      ask: humanStep("ask", { onSuccess: () => void log.push("hook") }),
    });
    const engine = newEngine(definition);
    const { id: instanceId } = await engine.startWorkflow("test");
    const transaction = await application.begin();
    await engine
      .inTransaction(transaction.handle)
      .completeHumanTask({ instanceId, stepName: "ask", data: {} });
    expect(log).toEqual([]);
    await transaction.commit();
    while (log.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(log).toEqual(["hook"]);
  });

  test("undoes what had been done when the transaction makes the instance fail", async () => {
    const book = machineStep("book", () => void log.push("book"), {
      compensate: () => void log.push("unbook"),
    });
    const never = new Edge("ask", "end", { condition: () => false });
    const definition = flow(
      { book, ask: humanStep("ask"), end: note("end") },
      ["book -> ask", never],
      { compensate: true },
    );
    const engine = newEngine(definition);
    const { id: instanceId } = await engine.startWorkflow("test");
    const transaction = await application.begin();
    const inside = await engine
      .inTransaction(transaction.handle)
      .completeHumanTask({ instanceId, stepName: "ask", data: {} });
    expect(inside.status).toBe("running");
    expect(log).toEqual(["book"]);
    await transaction.commit();
    expect((await engine.waitFor(instanceId)).status).toBe("failed");
    expect(log).toEqual(["book", "unbook"]);
  });

  test("waits for the lock that another step holds", async () => {
    const [slow, began] = [gate(), gate()];
    const holder = machineStep(
      "holder",
      async () => {
        began.open();
        await slow.opened;
        log.push("holder");
      },
      { mutex: "one" },
    );
    const next = machineStep("next", () => void log.push("next"), { mutex: "one" });
    const definition = flow({ begin: note("begin"), holder, ask: humanStep("ask"), next }, [
      "begin -> holder",
      "begin -> ask -> next",
    ]);
    const engine = newEngine(definition);
    const { id: instanceId } = await engine.submitWorkflow("test");
    await began.opened;
    const transaction = await application.begin();
    await engine
      .inTransaction(transaction.handle)
      .completeHumanTask({ instanceId, stepName: "ask", data: {} });
    await transaction.commit();
    slow.open();
    await engine.waitFor(instanceId);
    expect(log).toEqual(["begin", "holder", "next"]);
  });
});
