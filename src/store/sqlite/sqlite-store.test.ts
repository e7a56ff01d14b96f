import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  actRecord,
  changeOf,
  commitOf,
  executionRecord,
  instanceRecord,
  messageOf,
  moment,
  scheduleRecord,
  signalRecord,
  taskRecord,
} from "../../testing/contract/records.ts";
import type { Change } from "../store.ts";
import { SqliteStore } from "./sqlite-store.ts";

let folder: string;
let path: string;
const opened: { close(): void }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-"));
  path = join(folder, "store.db");
});

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(folder, { recursive: true });
});

function openStore(target: string | DatabaseSync = path): SqliteStore {
  const store = new SqliteStore(target);
  opened.push(store);
  return store;
}

function openDatabase(options = {}): DatabaseSync {
  const database = new DatabaseSync(path, options);
  opened.push(database);
  return database;
}

const keep = (store: SqliteStore, ...changes: Change[]) => store.commit(commitOf(changes));

const hasCode = (code: string) => expect.objectContaining({ code });

describe("SqliteStore", () => {
  test("says of a file that it is shared, and of memory that it is not", () => {
    expect(openStore().isShared).toBe(true);
    expect(openStore(":memory:").isShared).toBe(false);
  });

  test("gives data that nobody can change", async () => {
    const store = openStore();
    const data = { list: [{ a: 1 }], "": { __proto__: null } };
    const error = { code: "x", message: "", errors: [{ code: "y", message: "" }] };
    const instance = instanceRecord("order", { initialData: data, error, tags: ["a"] });
    await keep(
      store,
      changeOf("order", 0, {
        instance,
        executions: [
          executionRecord(1, {
            result: data,
            writes: [["a", data]],
            reduced: [["a", data]],
            map: { items: [data], closed: false },
            arrivals: [1, 2],
            taken: [],
            error,
          }),
        ],
        tasks: [
          taskRecord("1.1", {
            ...{ candidateUsers: ["ada"], shown: data },
            proposal: { by: "bob", at: 0, data },
          }),
        ],
        signals: [signalRecord("s", { data })],
        acts: [actRecord({ details: data })],
        sent: [messageOf("m", { command: data })],
      }),
    );
    const [stored] = await store.load(["order"]);
    const [execution] = stored!.rows.executions;
    const { result, writes, reduced, map, arrivals, taken } = execution!;
    const [task] = await store.listTasks({ limit: 1 });
    const [signal] = stored!.rows.signals;
    const { messages } = await store.receive("worker-b");
    await store.saveSchedule(scheduleRecord("daily", { initialData: data, tags: ["a"] }));
    const [schedule] = await store.listSchedules({ limit: 1 });
    const [act] = await store.listActs({ instanceId: "order", limit: 1 });
    const { initialData, error: kept, tags } = stored!.rows.instance;
    const all = [
      ...[initialData, kept, tags, schedule!.initialData, schedule!.tags, act!.act.details],
      ...[task!.task.shown, task!.task.proposal],
      ...[result, writes, reduced, map, arrivals, taken, execution!.error],
      ...[task!.task.candidateUsers, signal!.data, messages[0]!.command],
    ];
    expect(all.filter((value) => !isFrozen(value))).toEqual([]);
  });

  test("runs on a database of the application, beside its tables", async () => {
    const database = openDatabase();
    database.exec("CREATE TABLE orders (id)");
    const store = openStore(database);
    await keep(store, changeOf("order", 0));
    store.close();
    expect(() => store.load(["order"])).toThrow(hasCode("STORE_CLOSED"));
    database.exec("INSERT INTO orders VALUES (1)");
    expect(openStore(database).versions(["order"])).toEqual([1]);
  });

  test("refuses a database of a newer version, and closes it", async () => {
    openStore().close();
    const database = openDatabase();
    database.exec("INSERT INTO tandem_migrations VALUES (1000)");
    expect(() => new SqliteStore(path)).toThrow(hasCode("STORE_TOO_NEW"));
    database.exec("DELETE FROM tandem_migrations WHERE number = 1000");
    await keep(openStore(), changeOf("order", 0));
  });

  test("refuses everything once it is closed", () => {
    const store = openStore();
    store.close();
    store.close();
    const calls: (() => unknown)[] = [
      () => keep(store, changeOf("order", 0)),
      () => store.load([]),
      () => store.versions([]),
      () => store.findByIdempotencyKey("key"),
      () => store.listTasks({ limit: 1 }),
      () => store.countTasks({}, 1),
      () => store.listInstances({ newestFirst: true, limit: 1 }),
      () => store.countInstances({}),
      () => store.listActs({ instanceId: "order", limit: 1 }),
      () => store.measure(moment),
      () => store.listSchedules({ limit: 1 }),
      () => store.saveSchedule(scheduleRecord("daily")),
      () => store.removeSchedule("daily"),
      () => store.removeEnded({ endedBefore: moment, limit: 1 }),
      () => store.listTimers({ workerId: "a", limit: 1 }),
      () => store.beat({ id: "a", beat: 1 }),
      () => store.claim({ workerId: "a", gone: [], limit: 1 }),
      () => store.retire("a"),
      () => store.receive("a"),
      () => store.keepSetting("a", "b"),
    ];
    for (const call of calls) expect(call).toThrow(hasCode("STORE_CLOSED"));
  });

  test("shows executions to people by the ids of their instances", async () => {
    const store = openStore();
    const executions = [
      executionRecord(1, { path: "prepare", startedAt: 0, endedAt: 1500, result: 7 }),
      executionRecord(2, { path: "ship", startedAt: undefined }),
    ];
    await keep(store, changeOf("a", 0, { executions: [executionRecord(1)] }));
    await keep(store, changeOf("b", 0, { executions }), changeOf("c", 0, { executions }));
    const rows = openDatabase()
      .prepare("SELECT * FROM tandem_instance_executions WHERE instance_id = 'b' ORDER BY number")
      .all();
    expect(rows).toMatchObject([
      {
        number: 1,
        path: "prepare",
        started_at: "1970-01-01 00:00:00.000",
        ended_at: "1970-01-01 00:00:01.500",
        result: "7",
      },
      { number: 2, path: "ship", started_at: null, ended_at: null, result: null },
    ]);
  });
});

describe("a commit that fails", () => {
  /** A change of a record that SQLite refuses. */
  const impossible = (id: string, version: number) =>
    changeOf(id, version, { executions: [executionRecord(4_194_304)] });

  test("keeps nothing, and the next one is kept", async () => {
    const store = openStore();
    await keep(store, changeOf("a", 0));
    const sent = [messageOf("m")];
    expect(() =>
      store.commit(commitOf([changeOf("a", 1), changeOf("b", 0), impossible("c", 0)], { sent })),
    ).toThrow(
      expect.objectContaining({
        code: "INTERNAL",
        message: "An instance has execution 4194304; SqliteStore keeps 4194303 of each.",
      }),
    );
    expect(store.versions(["a", "b", "c"])).toEqual([1, 0, 0]);
    expect((await store.receive("worker-b")).messages).toEqual([]);
    expect(keep(store, changeOf("a", 1), changeOf("b", 0))).toEqual([]);
  });

  test("leaves nothing in the store's memory: new instances get numbers anew", async () => {
    const store = openStore();
    const other = openStore();
    const owner = "me";
    expect(() => keep(store, changeOf("a", 0, { owner }), impossible("b", 0))).toThrow();
    await keep(other, changeOf("c", 0), changeOf("a", 0, { owner: "another" }));
    expect(keep(store, changeOf("a", 1, { owner, executions: [executionRecord(1)] }))).toEqual([]);
    const [a, c] = await store.load(["a", "c"]);
    expect([a?.owner, a?.rows.executions.length, c?.rows.executions.length]).toEqual([owner, 1, 0]);
  });

  test("leaves nothing in the store's memory: owners are as others left them", async () => {
    const store = openStore();
    const other = openStore();
    const owner = "me";
    await keep(store, changeOf("a", 0, { owner: "another" }));
    expect(() => keep(store, changeOf("a", 1, { owner }), impossible("b", 0))).toThrow();
    await keep(other, changeOf("a", 1, { owner: "another" }));
    await keep(store, changeOf("a", 2, { owner }));
    expect((await store.load(["a"]))[0]?.owner).toBe(owner);
  });

  test("because the disk is full says so, and the store can be used when there is room", () => {
    const database = openDatabase();
    const store = openStore(database);
    const pages = database.prepare("PRAGMA page_count").get()?.page_count;
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const large = Array.from({ length: 100 }, (_, index) =>
      executionRecord(index + 1, { result: "x".repeat(1000) }),
    );
    const change = changeOf("order", 0, { executions: large });
    expect(() => keep(store, change)).toThrow(hasCode("STORE_UNAVAILABLE"));
    expect(store.versions(["order"])).toEqual([0]);
    database.exec("PRAGMA max_page_count = 100000");
    expect(keep(store, change)).toEqual([]);
  });
});

test("a store notices that others have changed an instance that its worker owned", async () => {
  const [store, other] = [openStore(), openStore()];
  const owner = "me";
  await keep(store, changeOf("a", 0, { owner }), changeOf("b", 0, { owner }));
  await keep(other, changeOf("a", 1, { owner: "another" }));
  expect(keep(store, changeOf("a", 1, { owner }), changeOf("b", 1, { owner }))).toEqual(["a"]);
  expect(keep(store, changeOf("a", 2, { owner }), changeOf("b", 2, { owner }))).toEqual([]);
  expect((await store.load(["a", "b"])).map((stored) => [stored.version, stored.owner])).toEqual([
    [3, owner],
    [3, owner],
  ]);
});

function isFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value !== undefined;
  return Object.isFrozen(value) && Object.values(value).every(isFrozen);
}
