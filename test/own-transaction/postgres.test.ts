import { Client, Pool } from "pg";
import { humanStep, LocalExecutionEngine, machineStep, WorkflowRegistry } from "tandem-workflows";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PostgresStore } from "../../src/store/postgres/index.ts";
import { createDatabase, type TestDatabase } from "../support/postgres-database.ts";
import { flow, refusal } from "../support/workshop.ts";

let database: TestDatabase;
let pool: Pool;
const engines: LocalExecutionEngine[] = [];
const clients: Client[] = [];

function newEngine(store = new PostgresStore({ pool })): LocalExecutionEngine {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(
    flow({ ask: humanStep("ask"), ship: machineStep("ship", () => {}) }, ["ask -> ship"]),
  );
  const engine = new LocalExecutionEngine(registry, { store });
  engines.push(engine);
  return engine;
}

async function connect(url = database.url): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  clients.push(client);
  return client;
}

beforeAll(async () => {
  database = await createDatabase();
  pool = new Pool({ connectionString: database.url });
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
  for (const engine of engines.splice(0)) await engine.close();
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe("a transaction on Postgres", () => {
  test("must have begun", async () => {
    const engine = newEngine();
    const own = engine.inTransaction(await connect());
    expect(await refusal(own.submitWorkflow("test"))).toEqual({
      name: "NoTransactionError",
      code: "NO_TRANSACTION",
      message:
        'No transaction is open on the client: `await client.query("BEGIN")` first, and send ' +
        "COMMIT only when the call has resolved.",
    });
  });

  test("must not have failed", async () => {
    const engine = newEngine();
    const client = await connect();
    await client.query("BEGIN");
    await client.query("SELECT 1 / 0").catch(() => {});
    const { code, message } = await refusal(engine.inTransaction(client).submitWorkflow("test"));
    expect(code).toBe("NO_TRANSACTION");
    expect(message).toMatch(/has failed, and can only be rolled back/);
  });

  test("is on a client, and not on a pool or anything else", async () => {
    const engine = newEngine();
    const ofPool = await refusal(() => engine.inTransaction(pool));
    expect(ofPool.code).toBe("INVALID_ARGUMENT");
    expect(ofPool.message).toMatch(/^inTransaction got a pool/);
    for (const other of [undefined, null, 1, "BEGIN", {}]) {
      const { code, message } = await refusal(() => engine.inTransaction(other));
      expect(code).toBe("INVALID_ARGUMENT");
      expect(message).toMatch(/^inTransaction needs a client of `pg`/);
    }
  });

  test("is in the store's database, whether that one has such tables or not", async () => {
    const engine = newEngine();
    const other = await createDatabase();
    try {
      const client = await connect(other.url);
      const message = /^The client is connected to another database than the store/;
      await client.query("BEGIN");
      const refused = await refusal(engine.inTransaction(client).submitWorkflow("test"));
      expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message });
      await client.query("SELECT 'the transaction goes on'");
      await client.query("ROLLBACK");
      const store = new PostgresStore({ connectionString: other.url });
      await store.migrate();
      await store.close();
      await client.query("BEGIN");
      const again = await refusal(engine.inTransaction(client).submitWorkflow("test"));
      expect(again).toMatchObject({ code: "INVALID_ARGUMENT", message });
    } finally {
      for (const client of clients.splice(0)) await client.end();
      await other.drop();
    }
  });

  test("finds the tables in the store's schema, and keeps its own search path", async () => {
    const engine = newEngine(
      new PostgresStore({ connectionString: database.url, schema: "workflows" }),
    );
    const client = await connect();
    await client.query("BEGIN");
    const { id } = await engine.inTransaction(client).submitWorkflow("test");
    const { rows } = await client.query("SHOW search_path");
    expect(rows).toEqual([{ search_path: '"$user", public' }]);
    await client.query("COMMIT");
    expect((await engine.waitUntilSettled(id)).status).toBe("waiting");
  });

  test("that meets another one is to be repeated", async () => {
    const engine = newEngine();
    const { id: instanceId } = await engine.startWorkflow("test");
    const client = await connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await client.query("SELECT 1");
    await engine.signal({ instanceId, name: "bell" });
    const own = engine.inTransaction(client);
    const completed = own.completeHumanTask({ instanceId, stepName: "ask", data: {} });
    await expect(completed).rejects.toMatchObject({ code: "TRANSACTION_CONFLICT" });
    await client.query("ROLLBACK");
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await own.completeHumanTask({ instanceId, stepName: "ask", data: {} });
    await client.query("COMMIT");
    expect((await engine.waitFor(instanceId)).status).toBe("completed");
  });

  test("that starts what another is starting waits for it, and gets what it started", async () => {
    const engine = newEngine();
    const [first, second] = [await connect(), await connect()];
    await first.query("BEGIN");
    await second.query("BEGIN");
    const start = (client: Client) =>
      engine.inTransaction(client).submitWorkflow("test", { idempotencyKey: "one" });
    const { id } = await start(first);
    const waits = start(second);
    await first.query("COMMIT");
    expect((await waits).id).toBe(id);
    await second.query("COMMIT");
    expect((await engine.waitUntilSettled(id)).status).toBe("waiting");
  });

  test("starts what another has not started because it was rolled back", async () => {
    const engine = newEngine();
    const [first, second] = [await connect(), await connect()];
    await first.query("BEGIN");
    await second.query("BEGIN");
    const start = (client: Client) =>
      engine.inTransaction(client).submitWorkflow("test", { idempotencyKey: "two" });
    const { id } = await start(first);
    const waits = start(second);
    await first.query("ROLLBACK");
    const other = await waits;
    expect(other.id).not.toBe(id);
    await second.query("COMMIT");
    expect((await engine.waitUntilSettled(other.id)).status).toBe("waiting");
  });

  test("whose connection is lost never happened", async () => {
    const engine = newEngine();
    const { id: instanceId } = await engine.startWorkflow("test");
    const client = await connect();
    client.on("error", () => {});
    await client.query("BEGIN");
    await engine
      .inTransaction(client)
      .completeHumanTask({ instanceId, stepName: "ask", data: { by: "nobody" } });
    await client.end();
    clients.splice(0);
    await engine.completeHumanTask({ instanceId, stepName: "ask", data: { by: "ada" } });
    expect((await engine.waitFor(instanceId)).data).toEqual({ ask: { by: "ada" } });
  });

  test("leaves nothing on the client: the next one is another", async () => {
    const engine = newEngine();
    const client = await connect();
    const before = client.eventNames();
    const own = engine.inTransaction(client);
    for (const end of ["ROLLBACK", "COMMIT"]) {
      await client.query("BEGIN");
      await own.submitWorkflow("test", { instanceId: "again" });
      await client.query(end);
      await client.query("SELECT 1");
    }
    expect(client.eventNames()).toEqual(before);
    expect((await engine.waitUntilSettled("again")).status).toBe("waiting");
  });
});
