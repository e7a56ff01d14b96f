import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createDatabase, type TestDatabase } from "../../../test/support/postgres-database.ts";
import {
  answerOf,
  changeOf,
  commitOf,
  executionRecord,
  instanceRecord,
  messageOf,
  signalRecord,
  taskRecord,
  timerRecord,
} from "../../testing/contract/records.ts";
import { audienceNames } from "../task-audience.ts";
import { PostgresStore } from "./postgres-store.ts";

// The first test that asks for the server makes it start.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** The server tells how it carries each statement out, those in functions too. */
const explaining = [
  ...["session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0"],
  ...["auto_explain.log_nested_statements=on", "client_min_messages=log"],
];

describe("plans", () => {
  let database: TestDatabase;
  let pool: Pool;
  let store: PostgresStore;
  let plans: string[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    const options = explaining.map((setting) => `-c ${setting}`).join(" ");
    pool = new Pool({ connectionString: database.url, max: 1, options });
    pool.on("connect", (client) => {
      client.on("notice", ({ message }) => plans.push(message ?? ""));
    });
    store = new PostgresStore({ pool });
    await store.migrate();
  });
  afterAll(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  /** Everything that a store is asked, once; with the plans of all statements. */
  async function useAll(round: number): Promise<string[]> {
    plans = [];
    const id = (name: string) => `${name}-${round}`;
    const parts = {
      executions: [executionRecord(1), executionRecord(2)],
      tasks: [taskRecord("1"), taskRecord("2", { candidateGroups: ["sales"] })],
      timers: [timerRecord("t")],
      signals: [signalRecord("s")],
    };
    await store.beat({ id: "worker-a", beat: 1 });
    const starts = ["a", "b", "c"].map((name) => changeOf(id(name), 0, parts));
    await store.commit(commitOf(starts, { sent: ["1", "2", "3"].map((m) => messageOf(id(m))) }));
    const advance = { ...changeOf(id("b"), 1, parts), instance: undefined };
    const replace = changeOf(id("a"), 1, {
      instance: instanceRecord(id("a"), { idempotencyKey: id("key") }),
      clearedTimers: ["t"],
      answers: [answerOf(id("1"))],
      owner: "gone",
    });
    await store.commit(
      commitOf([advance, replace], {
        answers: [answerOf(id("2"))],
        handedOn: [{ messageId: id("3"), by: "worker-b", to: "worker-a" }],
        dismissed: [id("1"), id("2")],
      }),
    );
    await store.load([id("a"), id("b")]);
    await store.versions([id("a")]);
    await store.findByIdempotencyKey(id("key"));
    await store.receive("worker-a");
    const query = { audience: audienceNames("ada", ["sales"]), userId: "ada", limit: 10 };
    const [first] = await store.listTasks({ userId: "ada", limit: 1 });
    const after = {
      createdAt: first?.task.createdAt ?? 0,
      instanceId: first?.instanceId ?? "",
      taskId: first?.task.id ?? "",
    };
    await store.listTasks({ ...query, after });
    await store.listTimers({ workerId: "worker-a", before: timerRecord("t").fireAt + 1, limit: 9 });
    await store.claim({ workerId: "worker-a", gone: [], limit: 1 });
    return plans;
  }

  /**
   * Ways to read a table that cost more the larger it is. Who is not among the few known workers is
   * found by going through what there is: that is meant.
   */
  function badParts(all: readonly string[]): string[] {
    const bad = /Seq Scan on tandem_|Bitmap|Hash .*Join|Merge .*Join|Materialize/;
    return all.filter((plan) => bad.test(plan) && !plan.includes(" tandem_workers"));
  }

  test("look rows up one by one in a new database", async () => {
    const all = await useAll(1);
    expect(all.length).toBeGreaterThan(30);
    expect(all.join("\n")).toContain("Merge on tandem_executions");
    expect(badParts(all)).toEqual([]);
  });

  test("stay as they are when the same connection goes on", async () => {
    for (let round = 2; round < 10; round++) expect(badParts(await useAll(round))).toEqual([]);
  });

  test("look rows up where the server knows that tables are empty", async () => {
    await database.empty();
    await database.query("VACUUM ANALYZE");
    expect(badParts(await useAll(10))).toEqual([]);
  });

  test("look rows up in tables that have grown, before the server knows it and after", async () => {
    await database.query(`
      INSERT INTO tandem_instances (
        id, workflow, workflow_version, status, state_version, started_at, changed_at, initial_data
      )
      SELECT 'order-' || i, 'orders', '1.0.0', 'completed', 1, i, i, '{}'
      FROM generate_series(1, 20000) AS i;
      INSERT INTO tandem_executions (
        instance_number, number, node, path, status, attempt, last_attempt, iteration, position,
        event_number, round_open
      )
      SELECT i.number, n, 0, 'prepare', 'succeeded', 1, 1, 1, 0, n, false
      FROM tandem_instances AS i, generate_series(1, 3) AS n WHERE i.status = 'completed';
      INSERT INTO tandem_tasks (
        instance_id, id, execution, path, status, title, created_at
      )
      SELECT 'order-' || i, '1', 1, 'approve', 'open', '', i FROM generate_series(1, 20000) AS i;
      INSERT INTO tandem_task_audience (audience, created_at, instance_id, task_id)
      SELECT 'group:sales', i, 'order-' || i, '1' FROM generate_series(1, 20000) AS i;
      INSERT INTO tandem_timers (instance_id, id, kind, execution, fire_at)
      SELECT 'order-' || i, 't', 'timer', 1, i FROM generate_series(1, 20000) AS i;
    `);
    expect(badParts(await useAll(11))).toEqual([]);
    await database.query("VACUUM ANALYZE");
    expect(badParts(await useAll(12))).toEqual([]);
  });
});
