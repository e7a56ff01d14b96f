import { Client, Pool, types } from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDatabase, type TestDatabase } from "../../../test/support/postgres-database.ts";
import { PostgresServer } from "../../../test/support/postgres-server.ts";
import {
  answerOf,
  beatOnce,
  changeOf,
  commitOf,
  executionRecord,
  messageOf,
  moment,
} from "../../testing/contract/records.ts";
import type { News } from "../store.ts";
import { PostgresStore } from "./postgres-store.ts";

// Servers that start, databases that are made.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const unavailable = { name: "StoreUnavailableError", code: "STORE_UNAVAILABLE" };

describe("PostgresStore", () => {
  let database: TestDatabase;
  let store: PostgresStore;

  beforeEach(async () => {
    database = await createDatabase();
    store = new PostgresStore({ connectionString: database.url });
    await store.migrate();
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  /** Ends the connections of the database, or those of which something is true. */
  async function cutConnections(which = "true"): Promise<void> {
    await database.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${which}`,
    );
  }

  test("goes on with other connections when those that it had are cut", async () => {
    await store.commit(commitOf([changeOf("order", 0)]));
    await cutConnections();
    // Its own end of a cut connection may not have noticed yet: that call fails, the next does not.
    const commit = commitOf([changeOf("order", 1)]);
    const refused = await store.commit(commit).catch((error) => {
      expect(error).toMatchObject({ ...unavailable, cause: expect.any(Error) });
      return store.commit(commit);
    });
    expect(refused).toEqual([]);
    expect(await store.versions(["order"])).toEqual([2]);
  });

  test("fails calls whose connection is cut while they run", async () => {
    await store.commit(commitOf([changeOf("order", 0)]));
    const other = new Client({ connectionString: database.url });
    await other.connect();
    await other.query("BEGIN; SELECT FROM tandem_instances WHERE id = 'order' FOR UPDATE");
    const commit = expect(store.commit(commitOf([changeOf("order", 1)])));
    const isRefused = commit.rejects.toMatchObject(unavailable);
    await isWaiting();
    await cutConnections("wait_event_type = 'Lock'");
    await isRefused;
    await other.end();
    expect(await store.versions(["order"])).toEqual([1]);
  });

  /** Settles when a call of the store waits for a lock. */
  async function isWaiting(): Promise<void> {
    for (;;) {
      const waiting = await database.query(
        `SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (waiting.length > 0) return;
    }
  }

  test("repeats a commit that was given up because of a deadlock", async () => {
    await store.commit(commitOf([changeOf("a", 0), changeOf("b", 0)]));
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      // So the server gives the store's commit up, and not this transaction.
      await other.query("SET deadlock_timeout = '60s'");
      await other.query("BEGIN; SELECT FROM tandem_instances WHERE id = 'b' FOR UPDATE");
      const commit = store.commit(commitOf([changeOf("a", 1), changeOf("b", 1)]));
      await isWaiting();
      await other.query("SELECT FROM tandem_instances WHERE id = 'a' FOR UPDATE");
      await other.query("COMMIT");
      expect(await commit).toEqual([]);
      expect(await store.versions(["a", "b"])).toEqual([2, 2]);
      const [counts] = await database.query(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
      );
      expect(Number(counts?.deadlocks)).toBeGreaterThan(0);
    } finally {
      await other.end();
    }
  });

  test.each(["serializable", "repeatable read"])(
    "keeps its promises where transactions are %s unless told",
    async (level) => {
      const name = new URL(database.url).pathname.slice(1);
      await database.query(`ALTER DATABASE ${name} SET default_transaction_isolation = '${level}'`);
      const stores = [1, 2].map(() => new PostgresStore({ connectionString: database.url }));
      const ids = ["a", "b", "c", "d", "e"];
      const commits = stores.flatMap((each) => [1, 2, 3].map(() => each));
      for (let version = 0; version < 5; version++) {
        const refused = await Promise.all(
          commits.map((each) => each.commit(commitOf(ids.map((id) => changeOf(id, version))))),
        );
        const kept = commits.length * ids.length - refused.flat().length;
        expect(kept).toBe(ids.length);
      }
      expect(await store.versions(ids)).toEqual(ids.map(() => 5));
      for (const each of stores) await each.close();
    },
  );

  test("uses the application's own pool, and leaves it open", async () => {
    const pool = new Pool({ connectionString: database.url, max: 1 });
    const guest = new PostgresStore({ pool });
    const heard: News[] = [];
    await guest.listen("worker-a", (news) => heard.push(news));
    await guest.commit(commitOf([changeOf("order", 0, { executions: [executionRecord(1)] })]));
    expect((await guest.load(["order"]))[0]?.rows.executions).toEqual([executionRecord(1)]);
    await store.retire("worker-b");
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ type: "orphans" }]);
    await guest.close();
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test("does not depend on how an application reads types", async () => {
    const numbers = [types.builtins.INT8, types.builtins.INT4, types.builtins.JSON];
    const before = numbers.map((oid) => types.getTypeParser(oid));
    for (const oid of numbers) types.setTypeParser(oid, () => "read otherwise");
    const guest = new PostgresStore({ connectionString: database.url });
    try {
      const executions = [executionRecord(1, { result: { a: 1 } })];
      await guest.commit(commitOf([changeOf("order", 0, { executions })]));
      const [stored] = await guest.load(["order"]);
      expect(stored?.version).toBe(1);
      expect(stored?.rows.executions).toEqual(executions);
    } finally {
      await guest.close();
      for (const [index, oid] of numbers.entries()) {
        types.setTypeParser(oid, before[index] as (text: string) => unknown);
      }
    }
  });

  test("keeps of several answers to one message the first that is not refused", async () => {
    await beatOnce(store, "worker-a");
    await store.commit(commitOf([], { sent: ["1", "2"].map((id) => messageOf(id)) }));
    const changes = [
      changeOf("stale", 3, { answers: [answerOf("1", { outcome: "stale" })] }),
      changeOf("not-theirs", 0, { answers: [answerOf("1", { by: "worker-c" })] }),
      changeOf("first", 0, { answers: [answerOf("1", { outcome: "first" })] }),
      changeOf("second", 0, { answers: [answerOf("1", { outcome: "second" })] }),
      changeOf("beside", 0),
    ];
    const answers = ["first", "second"].map((outcome) => answerOf("2", { outcome }));
    const refused = await store.commit(
      commitOf(changes, { answers: [...answers, answerOf("1", { outcome: "late" })] }),
    );
    expect([...refused].sort()).toEqual(["not-theirs", "second", "stale"]);
    const replies = (await store.receive("worker-a")).answers;
    expect(replies.map(({ messageId, outcome }) => [messageId, outcome]).sort()).toEqual([
      ["1", "first"],
      ["2", "first"],
    ]);
  });

  test("keeps executions right when an instance changes hands", async () => {
    const other = new PostgresStore({ connectionString: database.url });
    const kept = new Map<number, string>();
    let version = 0;
    const write = async (on: PostgresStore, path: string, ...ids: readonly number[]) => {
      const executions = ids.map((id) => executionRecord(id, { path }));
      const change = changeOf("order", version, { owner: path, executions });
      expect(await on.commit(commitOf([change]))).toEqual([]);
      version++;
      for (const id of ids) kept.set(id, path);
    };
    await write(store, "a", 1, 2);
    await write(store, "a", 2, 3);
    await write(other, "b", 3, 4);
    const stale = changeOf("order", 2, { owner: "a", executions: [executionRecord(4)] });
    expect(await store.commit(commitOf([stale]))).toEqual(["order"]);
    await write(store, "a", 4, 5);
    await write(other, "b", 1, 6);
    await write(store, "a", 5, 6, 7);
    await write(store, "a", 7, 8);
    const [stored] = await store.load(["order"]);
    const loaded = stored?.rows.executions.map(({ id, path }) => [id, path]);
    expect(loaded).toEqual([...kept].sort(([a], [b]) => a - b));
    await other.close();
  });

  test("clears what is rarely set when a plain record replaces it", async () => {
    const full = {
      error: { code: "x", message: "y" },
      map: { items: [1], closed: true },
      reduced: [["a", 1]] as const,
      ...{ vote: "veto" as const, roundOpen: true, compensates: 3 },
    };
    const records = [executionRecord(1, full), executionRecord(2), executionRecord(3, full)];
    await store.commit(commitOf([changeOf("order", 0, { executions: records })]));
    expect((await store.load(["order"]))[0]?.rows.executions).toEqual(records);
    const next = [executionRecord(1), executionRecord(2, full), executionRecord(3, full)];
    await store.commit(commitOf([changeOf("order", 1, { executions: next })]));
    expect((await store.load(["order"]))[0]?.rows.executions).toEqual(next);
  });

  test("keeps other commits as they are when one cannot be written", async () => {
    const executions = [executionRecord(1, { result: 1n })];
    const broken = store.commit(commitOf([changeOf("broken", 0, { executions })]));
    await expect(broken).rejects.toThrow(TypeError);
    await store.commit(commitOf([changeOf("order", 0, { executions: [executionRecord(1)] })]));
    expect(await store.versions(["broken", "order"])).toEqual([0, 1]);
    expect((await store.load(["order"]))[0]?.rows.executions).toEqual([executionRecord(1)]);
  });

  test("refuses calls after it was closed", async () => {
    await store.close();
    const closed = { code: "STORE_CLOSED" };
    await expect(store.commit(commitOf([changeOf("order", 0)]))).rejects.toMatchObject(closed);
    await expect(store.load(["order"])).rejects.toMatchObject(closed);
    await expect(store.listen("worker-a", () => {})).rejects.toMatchObject(closed);
    await store.close();
  });

  test("says that it cannot be reached when no server is there", async () => {
    const lost = new PostgresStore({ connectionString: "postgres://postgres@127.0.0.1:1/none" });
    await expect(lost.migrate()).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining("ECONNREFUSED"),
      cause: expect.any(Error),
    });
    await expect(lost.listen("worker-a", () => {})).rejects.toMatchObject(unavailable);
    await lost.close();
  });

  test("says so when somebody has removed its tables", async () => {
    await database.query("DROP TABLE tandem_executions CASCADE");
    await expect(store.load(["order"])).rejects.toMatchObject({ code: "STORE_INVALID" });
  });

  // ---------------------------------------------------------------------------------------- news

  /** Settles when it holds: what is waited for comes over a connection. */
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }

  test("listens again after a cut, and tells that something may have been missed", async () => {
    const heard: News[] = [];
    await store.listen("worker-a", (news) => heard.push(news));
    await cutConnections();
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ type: "mail" }, { type: "orphans" }]);
    const other = new PostgresStore({ connectionString: database.url });
    await other.commit(commitOf([changeOf("order", 0, { isAnnounced: true })]));
    await until(() => heard.length > 2);
    expect(heard[2]).toEqual({ type: "instance", instanceId: "order", at: moment, taskIds: [] });
    await other.close();
  });

  test("does not tell a worker of what it sends to itself", async () => {
    const heard: News[] = [];
    await store.listen("worker-a", (news) => heard.push(news));
    const own = messageOf("1", { to: "worker-a" });
    await store.commit(commitOf([changeOf("order", 0, { sent: [own], isAnnounced: true })]));
    const other = new PostgresStore({ connectionString: database.url });
    await other.retire("worker-b");
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ type: "orphans" }]);
    await other.close();
  });

  test("tells a worker at once of an answer that its own store has kept", async () => {
    const heard: News[] = [];
    await store.listen("worker-a", (news) => heard.push(news));
    await store.commit(commitOf([], { answers: [answerOf("1")] }));
    expect(heard).toEqual([{ type: "mail" }]);
  });

  test("tells workers on one store of each other without the server", async () => {
    const heard: Record<string, News[]> = { a: [], b: [] };
    await store.listen("a", (news) => heard.a?.push(news));
    await store.listen("b", (news) => heard.b?.push(news));
    await store.commit(
      commitOf([changeOf("order", 0, { isAnnounced: true })], {
        sent: [messageOf("1", { to: "b" })],
      }),
    );
    const announced = { type: "instance", instanceId: "order", at: moment, taskIds: [] };
    expect(heard).toEqual({ a: [announced], b: [{ type: "mail" }, announced] });
  });

  test("sends no notification for a commit that has nothing to tell", async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const payloads: (string | undefined)[] = [];
    client.on("notification", ({ payload }) => payloads.push(payload));
    await client.query("LISTEN tandem_news");
    await store.commit(commitOf([changeOf("order", 0)]));
    await store.commit(commitOf([changeOf("order", 1, { isAnnounced: true })]));
    await until(() => payloads.length > 0);
    expect(payloads.map((payload) => JSON.parse(payload ?? ""))).toEqual([
      { source: expect.any(String), instances: [["order", moment, []]] },
    ]);
    await client.end();
  });

  test("puts what many commits have to tell into few notifications", async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    let notifications = 0;
    const ids = new Set<string>();
    client.on("notification", ({ payload }) => {
      notifications++;
      for (const id of JSON.parse(payload ?? "").instances) ids.add(id);
    });
    await client.query("LISTEN tandem_news");
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        store.commit(commitOf([changeOf(`order-${index}`, 0, { isAnnounced: true })])),
      ),
    );
    await until(() => ids.size === 100);
    expect(notifications).toBeLessThan(60);
    await client.end();
  });

  test("ends its listening connection with the last listener", async () => {
    const countListeners = async () => {
      const rows = await database.query(
        `SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
      );
      return rows.length;
    };
    const stops = [
      await store.listen("worker-a", () => {}),
      await store.listen("worker-b", () => {}),
    ];
    expect(await countListeners()).toBe(1);
    stops[0]?.();
    expect(await countListeners()).toBe(1);
    stops[1]?.();
    while ((await countListeners()) > 0);
    const heard: News[] = [];
    await store.listen("worker-a", (news) => heard.push(news));
    expect(await countListeners()).toBe(1);
  });
});

describe("PostgresStore on a server that is killed", () => {
  test("fails while it is away, and goes on when it is back with all that was kept", async () => {
    // What a process has written survives when it is killed, also where the disk is not waited for.
    const server = await PostgresServer.start({ fsync: "off" });
    const store = new PostgresStore({ connectionString: server.url });
    try {
      const heard: News[] = [];
      await store.listen("worker-a", (news) => heard.push(news));
      for (let round = 0; round < 2; round++) {
        await store.commit(commitOf([changeOf("order", round)]));
        await server.kill();
        await expect(store.versions(["order"])).rejects.toMatchObject(unavailable);
        const lost = commitOf([changeOf("order", round + 1)]);
        await expect(store.commit(lost)).rejects.toMatchObject(unavailable);
        heard.length = 0;
        await server.startAgain();
        expect(await store.versions(["order"])).toEqual([round + 1]);
        while (heard.length < 2) await new Promise((resolve) => setImmediate(resolve));
        expect(heard).toEqual([{ type: "mail" }, { type: "orphans" }]);
      }
      await server.stop();
      await expect(store.load(["order"])).rejects.toMatchObject(unavailable);
    } finally {
      await store.close();
      await server.remove();
    }
  });
});
