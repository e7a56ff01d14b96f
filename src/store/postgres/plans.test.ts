import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createDatabase, type TestDatabase } from "../../../test/support/postgres-database.ts";
import {
  actRecord,
  answerOf,
  changeOf,
  commitOf,
  executionRecord,
  instanceRecord,
  messageOf,
  moment,
  scheduleRecord,
  signalRecord,
  taskRecord,
  timerRecord,
} from "../../testing/contract/records.ts";
import type { InstanceFilter, TaskFilter } from "../store.ts";
import { audienceNames } from "../task-audience.ts";
import { PostgresStore } from "./postgres-store.ts";

// The first test that asks for the server makes it start.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** The server tells how it carries each statement out, those in functions too. */
const explaining = [
  ...["session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0"],
  ...["auto_explain.log_nested_statements=on", "client_min_messages=log"],
  ...["auto_explain.log_analyze=on", "auto_explain.log_timing=off"],
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
      acts: [actRecord({ taskId: "1" })],
    };
    await store.beat({ id: "worker-a", beat: 1 });
    const facts = { tenant: "acme", businessKey: "k", user: "ada", tags: ["eu"] };
    const starts = ["a", "b", "c"].map((name) =>
      changeOf(id(name), 0, { ...parts, instance: instanceRecord(id(name), facts) }),
    );
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
    await store.listActs({ instanceId: id("a"), after: 1, limit: 9 });
    await store.measure(timerRecord("t").fireAt);
    for (const revision of [1, 2]) {
      await store.saveSchedule(scheduleRecord(id("nightly"), { revision }));
    }
    await store.listSchedules({ dueBefore: moment, limit: 9 });
    await store.listSchedules({ after: id("nightly"), limit: 9 });
    await store.removeSchedule(id("nightly"));
    await store.removeEnded({ endedBefore: 1, limit: 9 });
    await store.listTimers({ workerId: "worker-a", before: timerRecord("t").fireAt + 1, limit: 9 });
    await store.claim({ workerId: "worker-a", gone: [], limit: 1 });
    return plans;
  }

  /** Lists and counts of all kinds; with the plans of all statements. */
  async function searchAll(): Promise<string[]> {
    plans = [];
    await searchTasks();
    await searchInstances();
    return plans;
  }

  async function searchTasks(): Promise<void> {
    const filters: readonly TaskFilter[] = [
      { audience: audienceNames("ada", ["sales"]), userId: "ada" },
      { audience: audienceNames("ada", ["sales"]), isAssigned: false },
      { assignee: "ada" },
      {},
      { status: "completed" },
      { status: "withdrawn", audience: audienceNames("ada", ["sales"]) },
    ];
    const more: readonly TaskFilter[] = [
      {},
      { tenant: "acme" },
      { workflow: "orders" },
      { tenant: "acme", workflow: "orders" },
      { dueBefore: 500 },
      { tenant: "acme", dueFrom: 100, dueBefore: 500 },
    ];
    const places = [undefined, { at: 15_000, instanceId: "order-15000", taskId: "1" }];
    for (const filter of filters) {
      for (const also of more) {
        for (const order of ["created", "due", "ended"] as const) {
          for (const after of places) {
            await store.listTasks({ ...filter, ...also, order, after, limit: 10 });
          }
        }
        await store.countTasks({ ...filter, ...also }, 100);
      }
    }
    await store.listTasks({ businessKey: "k-100", audience: audienceNames("ada", []), limit: 10 });
    await store.listTasks({ instanceId: "order-100", limit: 10 });
    await store.listTasks({ status: "completed", endedBy: "ada", order: "ended", limit: 10 });
  }

  async function searchInstances(): Promise<void> {
    const filters: readonly InstanceFilter[] = [
      {},
      { workflow: "orders" },
      { statuses: ["failed"] },
      { workflow: "orders", statuses: ["running", "failed"], startedFrom: 100 },
      { tenant: "acme", statuses: ["failed"] },
      { user: "ada", workflow: "orders" },
      { businessKey: "k-100" },
      { parentId: "order-100" },
      { tags: ["t-100"] },
    ];
    const places = [undefined, { startedAt: 15_000, instanceId: "order-15000" }];
    for (const filter of filters) {
      for (const after of places) {
        for (const newestFirst of [true, false]) {
          await store.listInstances({ ...filter, newestFirst, after, limit: 10 });
        }
      }
      await store.countInstances(filter);
    }
  }

  /**
   * Ways to read a table that cost more the larger it is. Who is not among the few known workers is
   * found by going through what there is: that is meant. So are an index of tags, and schedules.
   */
  function badParts(all: readonly string[]): string[] {
    const bad = /Seq Scan on tandem_(?!schedules)|Bitmap|Hash .*Join|Merge .*Join|Materialize/;
    // The few workflows that there are.
    const small = /Materialize.*\n(?:.*Storage.*\n)?.*CTE Scan/g;
    return all.filter((plan) => {
      const isMeant = plan.includes(" tandem_workers") || plan.includes("x.tags @>");
      return bad.test(plan.replace(small, "")) && !isMeant;
    });
  }

  /** Searches that look at many rows and drop them. */
  function wastefulParts(all: readonly string[]): string[] {
    return all.filter((plan) =>
      [...plan.matchAll(/Rows Removed by (?:Filter|Index Recheck): (\d+)/g)].some(
        ([, rows]) => Number(rows) > 100,
      ),
    );
  }

  test("look rows up one by one in a new database", async () => {
    const all = await useAll(1);
    expect(all.length).toBeGreaterThan(30);
    expect(all.join("\n")).toContain("Merge on tandem_executions");
    expect(badParts(all)).toEqual([]);
    expect(badParts(await searchAll())).toEqual([]);
  });

  test("stay as they are when the same connection goes on", async () => {
    for (let round = 2; round < 10; round++) expect(badParts(await useAll(round))).toEqual([]);
  });

  test("look rows up where the server knows that tables are empty", async () => {
    await database.empty();
    await database.query("VACUUM ANALYZE");
    expect(badParts(await useAll(10))).toEqual([]);
    expect(badParts(await searchAll())).toEqual([]);
  });

  test("look rows up in tables that have grown, before the server knows it and after", async () => {
    await grow();
    expect(badParts(await useAll(11))).toEqual([]);
    expect(badParts(await searchAll())).toEqual([]);
    await database.query("VACUUM ANALYZE");
    expect(badParts(await useAll(12))).toEqual([]);
    expect(badParts(await searchAll())).toEqual([]);
  });

  test("look at no rows of other tenants, workflows and statuses", async () => {
    await database.empty();
    await grow();
    await database.query("VACUUM ANALYZE");
    const all = await searchAll();
    expect(all.length).toBeGreaterThan(200);
    expect(wastefulParts(all)).toEqual([]);
  });

  /** Two tenants with many workflows each have 20,000 instances with a task. */
  async function grow(): Promise<void> {
    await database.query(`
      INSERT INTO tandem_instances (
        id, workflow, workflow_version, status, state_version, started_at, changed_at, initial_data,
        tenant, business_key, user_id, tags, parent_instance_id
      )
      SELECT 'order-' || i, CASE i % 2 WHEN 0 THEN 'orders' ELSE 'workflow-' || i / 2000 END,
        '1.0.0', CASE i % 1000 WHEN 0 THEN 'failed' ELSE 'waiting' END, 1, i, i, '{}',
        CASE WHEN i < 10000 THEN 'acme' ELSE 'bolt' END, 'k-' || i,
        CASE WHEN i % 4 = 0 THEN 'ada' ELSE 'ben' END,
        jsonb_build_array('t-' || i, 'eu'), 'order-' || i - 1
      FROM generate_series(1, 20000) AS i;
      INSERT INTO tandem_executions (
        instance_number, number, node, path, status, attempt, last_attempt, iteration, position,
        event_number, round_open
      )
      SELECT i.number, n, 0, 'prepare', 'succeeded', 1, 1, 1, 0, n, false
      FROM tandem_instances AS i, generate_series(1, 3) AS n WHERE i.id LIKE 'order-%';
      INSERT INTO tandem_tasks (
        instance_id, id, execution, path, status, title, created_at, priority, reminded, escalated,
        workflow, tenant, business_key, due_at, ended_at, ended_by, candidate_groups
      )
      SELECT i.id, s.status, 1, 'approve', s.status, '', i.started_at, 50, 0, 0,
        i.workflow, i.tenant, i.business_key, i.started_at,
        CASE s.status WHEN 'open' THEN NULL ELSE i.started_at END,
        CASE s.status WHEN 'completed' THEN i.user_id END, '["sales"]'
      FROM tandem_instances AS i, unnest(ARRAY['open', 'completed', 'withdrawn']) AS s (status)
      WHERE i.id LIKE 'order-%';
      INSERT INTO tandem_task_audience (
        audience, created_at, due_at, instance_id, task_id, workflow, tenant
      )
      SELECT 'group:sales', created_at, due_at, instance_id, id, workflow, tenant
      FROM tandem_tasks WHERE status = 'open' AND id = 'open';
      INSERT INTO tandem_timers (instance_id, id, kind, execution, fire_at)
      SELECT 'order-' || i, 't', 'timer', 1, i FROM generate_series(1, 20000) AS i;
    `);
  }
});
