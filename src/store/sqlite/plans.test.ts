import { DatabaseSync, type StatementSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
import { SqliteStore } from "./sqlite-store.ts";

/** A database that remembers which statements were prepared. */
class ListeningDatabase extends DatabaseSync {
  readonly prepared = new Set<string>();

  override prepare(sql: string): StatementSync {
    this.prepared.add(sql);
    return super.prepare(sql);
  }

  /** How SQLite carries a statement out. */
  planOf(sql: string): string[] {
    const rows = super.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    return rows.map(({ detail }) => String(detail));
  }
}

/** What is read from its beginning to its end, because all of it is wanted or there is little. */
const wholes = new RegExp(
  "^SCAN (tandem_(workers|messages|schedules|migrations)|sqlite_schema|owners|found" +
    "|json_each|[tc] VIRTUAL)",
);

/** What leaves few rows, which may be sorted. */
const narrow = /(instance_id|assignee|ended_by|business_key|tag) = \?|due_at >= \?/;

describe("plans", () => {
  let database: ListeningDatabase;
  let store: SqliteStore;

  beforeAll(async () => {
    database = new ListeningDatabase(":memory:");
    store = new SqliteStore(database);
    await useAll();
  });
  afterAll(() => {
    store.close();
    database.close();
  });

  /** Everything that a store is asked, in many ways. */
  async function useAll(): Promise<void> {
    const parts = {
      executions: [executionRecord(1)],
      tasks: [taskRecord("1", { candidateGroups: ["sales"], dueAt: moment })],
      timers: [timerRecord("t")],
      signals: [signalRecord("s")],
      acts: [actRecord()],
    };
    const instance = instanceRecord("a", { tags: ["x", "y"], tenant: "acme" });
    const sent = [messageOf("1"), messageOf("2")];
    await store.beat({ id: "worker-a", beat: 1 });
    await store.commit(
      commitOf([changeOf("a", 0, { ...parts, instance, owner: "gone" })], { sent }),
    );
    await store.commit(
      commitOf([changeOf("a", 1, { ...parts, clearedTimers: ["u"] })], {
        answers: [answerOf("1")],
        handedOn: [{ messageId: "2", by: "worker-b", to: "worker-a" }],
        dismissed: ["1"],
      }),
    );
    await store.load(["a"]);
    await store.versions(["a"]);
    await store.findByIdempotencyKey("key");
    await store.listTimers({ workerId: "worker-a", before: moment, limit: 1 });
    await store.claim({ workerId: "worker-a", gone: [{ id: "b", beat: 1 }], limit: 1 });
    await store.owned("worker-a");
    await store.receive("worker-a");
    await store.listActs({ instanceId: "a", taskId: "1", limit: 1, after: 1 });
    await store.measure(moment);
    await store.keepSetting("a", "b", "c");
    await store.saveSchedule(scheduleRecord("a"));
    await store.listSchedules({ limit: 1 });
    await store.listSchedules({ dueBefore: moment, limit: 1 });
    await store.removeSchedule("a");
    searchTasks();
    searchInstances();
    await store.removeEnded({ endedBefore: moment, limit: 1 });
    await store.removeEnded({ endedBefore: moment, workflow: "x", statuses: ["failed"], limit: 1 });
    await store.retire("worker-a");
  }

  function searchTasks(): void {
    const filters: TaskFilter[] = [
      {},
      { workflow: "orders" },
      { tenant: "acme", path: "approve" },
      { dueFrom: 0, dueBefore: 1 },
      { isAssigned: true },
      { assignee: "ada" },
      { endedBy: "ada" },
      { businessKey: "x" },
      { instanceId: "a" },
    ];
    const after = { at: 0, instanceId: "a", taskId: "1" };
    for (const filter of filters) {
      for (const audience of [undefined, audienceNames("ada", ["sales"])]) {
        for (const [status, order] of [
          ["open", "created"],
          ["open", "due"],
          ["completed", "ended"],
          ["completed", "created"],
        ] as const) {
          const query = { ...filter, audience, userId: "ada", status, order };
          void store.listTasks({ ...query, limit: 1 });
          void store.listTasks({ ...query, limit: 1, after });
        }
        void store.countTasks({ ...filter, audience }, 10);
      }
    }
  }

  function searchInstances(): void {
    const filters: InstanceFilter[] = [
      {},
      { workflow: "orders", version: "1.0.0" },
      { statuses: ["running", "waiting"] },
      { statuses: ["failed"] },
      { statuses: ["completed", "running"] },
      { tenant: "acme" },
      { user: "ada" },
      { businessKey: "x" },
      { parentId: "x" },
      { tags: ["x", "y"] },
      { startedFrom: 0, startedBefore: 1 },
    ];
    for (const filter of filters) {
      for (const newestFirst of [true, false]) {
        void store.listInstances({ ...filter, newestFirst, limit: 1 });
        const after = { startedAt: 0, instanceId: "a" };
        void store.listInstances({ ...filter, newestFirst, limit: 1, after });
      }
      void store.countInstances(filter);
    }
  }

  const statements = () =>
    [...database.prepared].filter((sql) => /^\s*(SELECT|UPDATE|DELETE|WITH).*tandem_/s.test(sql));

  test("find rows by an index or by their key", () => {
    expect(statements().length).toBeGreaterThan(100);
    const bad = statements().filter((sql) =>
      database.planOf(sql).some((step) => /^SCAN /.test(step) && !isGood(step)),
    );
    expect(bad).toEqual([]);
  });

  test("read pages of tasks and instances in their order, without sorting", () => {
    const pages = statements().filter((sql) => /LIMIT \?\s*$/.test(sql) && !narrow.test(sql));
    expect(pages.length).toBeGreaterThan(50);
    const bad = pages.filter((sql) =>
      database.planOf(sql).some((step) => step.includes("TEMP B-TREE")),
    );
    expect(bad).toEqual([]);
  });

  /** A scan of an index in its order ends when the page is full; other scans must be small. */
  function isGood(step: string): boolean {
    return step.includes(" INDEX ") || wholes.test(step) || step === "SCAN CONSTANT ROW";
  }
});
