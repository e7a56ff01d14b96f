import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  type Store,
  type WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteStore } from "../../src/store/sqlite/index.ts";
import { flow, refusal } from "../support/workshop.ts";

let folder: string;
let database: DatabaseSync;
const engines: LocalExecutionEngine[] = [];
const ran: string[] = [];

const order = () =>
  flow({ ask: humanStep("ask"), ship: machineStep("ship", () => void ran.push("ship")) }, [
    "ask -> ship",
  ]);

function newEngine(
  store: Store = new SqliteStore(database),
  definition: WorkflowDefinition = order(),
): LocalExecutionEngine {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(definition);
  const engine = new LocalExecutionEngine(registry, { store });
  engines.push(engine);
  return engine;
}

async function turns(count = 200): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function open(): DatabaseSync {
  const opened = new DatabaseSync(join(folder, "application.db"));
  opened.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 0");
  return opened;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-own-transaction-"));
  database = open();
  database.exec("CREATE TABLE orders (name TEXT)");
  ran.length = 0;
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  if (database.isOpen) database.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("what the engine does by itself on the application's handle", () => {
  test("waits until the application's transaction is over, and is not part of it", async () => {
    const engine = newEngine();
    const { id: instanceId } = await engine.startWorkflow("test");
    database.exec("BEGIN");
    database.exec("INSERT INTO orders VALUES ('A')");
    const done: string[] = [];
    const started = engine.startWorkflow("test", { instanceId: "other" });
    const completed = engine.completeHumanTask({ instanceId, stepName: "ask", data: {} });
    started.then(() => done.push("started"));
    completed.then(() => done.push("completed"));
    await turns();
    expect(done).toEqual([]);
    expect(database.isTransaction).toBe(true);
    database.exec("ROLLBACK");
    expect((await started).status).toBe("waiting");
    expect((await completed).status).toBe("completed");
    expect(database.prepare("SELECT count(*) AS count FROM orders").get()).toEqual({ count: 0 });
    const ids = database.prepare("SELECT id FROM tandem_instances ORDER BY id").all();
    expect(ids).toHaveLength(2);
  });

  test("goes on in order, with what a step that ran meanwhile has to say", async () => {
    const engine = newEngine();
    let end = () => {};
    const slow = machineStep("slow", () => new Promise<void>((resolve) => (end = resolve)));
    const definition = flow({ slow, ask: humanStep("ask") }, ["slow -> ask"], { name: "slow" });
    const { id } = await engine.submitWorkflow(definition);
    await turns(5);
    database.exec("BEGIN");
    end();
    await turns();
    const [row] = database.prepare("SELECT status FROM tandem_executions").all();
    expect(row).toEqual({ status: "running" });
    database.exec("COMMIT");
    expect((await engine.waitUntilSettled(id)).status).toBe("waiting");
  });

  test("does not see what the application has not committed", async () => {
    const engine = newEngine();
    const { id: instanceId } = await engine.startWorkflow("test");
    database.exec("BEGIN IMMEDIATE");
    await engine
      .inTransaction(database)
      .completeHumanTask({ instanceId, stepName: "ask", data: {} });
    const seen = engine.getInstance(instanceId);
    const tasks = engine.tasks.list();
    await turns();
    database.exec("ROLLBACK");
    expect((await seen).status).toBe("waiting");
    expect((await tasks).items).toHaveLength(1);
  });

  test("begins in a transaction with which the application is first", async () => {
    const engine = newEngine();
    database.exec("BEGIN IMMEDIATE");
    const { id } = await engine.inTransaction(database).submitWorkflow("test");
    await turns();
    database.exec("COMMIT");
    await engine.completeHumanTask({ instanceId: id, stepName: "ask", data: {} });
    expect((await engine.waitFor(id)).status).toBe("completed");
  });

  test("runs on a database in memory too", async () => {
    const memory = new DatabaseSync(":memory:");
    const engine = newEngine(new SqliteStore(memory));
    const { id: instanceId } = await engine.startWorkflow("test");
    memory.exec("BEGIN");
    await engine.inTransaction(memory).completeHumanTask({ instanceId, stepName: "ask", data: {} });
    await turns();
    expect(ran).toEqual([]);
    memory.exec("COMMIT");
    expect((await engine.waitFor(instanceId)).status).toBe("completed");
    expect(ran).toEqual(["ship"]);
  });
});

describe("a transaction on SQLite", () => {
  test("is refused what a definition that has changed under its version would do", async () => {
    await newEngine().startWorkflow("test", { instanceId: "before" });
    const engine = newEngine(new SqliteStore(database), flow({ ask: humanStep("ask") }));
    database.exec("BEGIN IMMEDIATE");
    const own = engine.inTransaction(database);
    for (const refused of [
      own.submitWorkflow("test"),
      own.completeHumanTask({ instanceId: "before", stepName: "ask", data: {} }),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: "DEFINITION_CHANGED" });
    }
    database.exec("COMMIT");
  });

  test("must have begun", async () => {
    const engine = newEngine();
    expect(await refusal(engine.inTransaction(database).submitWorkflow("test"))).toEqual({
      name: "NoTransactionError",
      code: "NO_TRANSACTION",
      message:
        "No transaction is open on the application's database: run BEGIN IMMEDIATE on it first, " +
        "and COMMIT only when the call has resolved.",
    });
  });

  test("is on the very handle that the store was made with", async () => {
    const other = open();
    const path = join(folder, "application.db");
    const message = /^inTransaction needs the very DatabaseSync that the store was made with/;
    for (const [store, handle] of [
      [new SqliteStore(database), other],
      [new SqliteStore(path), database],
      [new SqliteStore(database), undefined],
    ] as const) {
      const refused = await refusal(() => newEngine(store).inTransaction(handle));
      expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message });
    }
    other.close();
  });

  test("that cannot write any more, because it has read before somebody wrote, is to be repeated", async () => {
    const engine = newEngine();
    const { id: instanceId } = await engine.startWorkflow("test");
    const other = open();
    database.exec("BEGIN");
    database.prepare("SELECT * FROM orders").all();
    other.exec("INSERT INTO orders VALUES ('B')");
    other.close();
    const own = engine.inTransaction(database);
    const completed = own.completeHumanTask({ instanceId, stepName: "ask", data: {} });
    await expect(completed).rejects.toMatchObject({ code: "TRANSACTION_CONFLICT" });
    database.exec("ROLLBACK");
    database.exec("BEGIN IMMEDIATE");
    await own.completeHumanTask({ instanceId, stepName: "ask", data: {} });
    database.exec("COMMIT");
    expect((await engine.waitFor(instanceId)).status).toBe("completed");
  });
});

test("a store in memory has no transactions of the application", async () => {
  const engine = newEngine(new MemoryStore());
  const { code, message } = await refusal(() => engine.inTransaction(database));
  expect(code).toBe("TRANSACTION_UNSUPPORTED");
  expect(message).toMatch(/use a PostgresStore, or a SqliteStore/);
});

test("an engine that was closed takes part in no transaction", async () => {
  const engine = newEngine();
  await engine.close();
  expect(await refusal(() => engine.inTransaction(database))).toMatchObject({
    code: "ENGINE_CLOSED",
  });
});
