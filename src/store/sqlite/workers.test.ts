import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteStore } from "./sqlite-store.ts";

let folder: string;
let path: string;
let store: SqliteStore;
/** Another connection, for what other processes would write. */
let database: DatabaseSync;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-"));
  path = join(folder, "workers.db");
  store = new SqliteStore(path);
  database = new DatabaseSync(path);
});

afterEach(() => {
  store.close();
  database.close();
  rmSync(folder, { recursive: true });
});

/** Which of the known workers are gone, as the store sees it. */
async function goneWorkers(): Promise<string[]> {
  const known = await store.beat({ id: "me", beat: 1 });
  return known.filter(({ isGone }) => isGone).map(({ id }) => id);
}

/** A worker of another process. */
function addWorker(id: string, host: string, processId: number, threadId = 0): void {
  database
    .prepare("INSERT INTO tandem_workers VALUES (?, 1, ?, ?, ?)")
    .run(id, host, processId, threadId);
}

/** The number of a process that has ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

describe("a worker is gone", () => {
  test("when its process has ended", async () => {
    addWorker("ended", hostname(), endedProcess());
    expect(await goneWorkers()).toEqual(["ended"]);
  });

  test("when its process had the number that this one has, before a restart", async () => {
    addWorker("before", hostname(), process.pid, await threadIdHere());
    expect(await goneWorkers()).toEqual(["before"]);
  });

  test("when its store was closed", async () => {
    const other = new SqliteStore(path);
    await other.beat({ id: "other", beat: 1 });
    expect(await goneWorkers()).toEqual([]);
    other.close();
    expect(await goneWorkers()).toEqual(["other"]);
  });
});

describe("a worker may live", () => {
  test("when its process lives, whoever it belongs to", async () => {
    addWorker("parent", hostname(), process.ppid);
    addWorker("first process", hostname(), 1);
    expect(await goneWorkers()).toEqual([]);
  });

  test("beside others in this process", async () => {
    const other = new SqliteStore(path);
    await other.beat({ id: "a", beat: 1 });
    await other.beat({ id: "b", beat: 1 });
    await store.beat({ id: "c", beat: 1 });
    expect(await goneWorkers()).toEqual([]);
    expect((await other.beat({ id: "a", beat: 2 })).map(({ isGone }) => isGone)).not.toContain(
      true,
    );
    other.close();
  });

  test("in another thread of this process, which has other stores", async () => {
    addWorker("thread", hostname(), process.pid, (await threadIdHere()) + 1);
    expect(await goneWorkers()).toEqual([]);
  });

  test("on another host, where this one knows no process", async () => {
    addWorker("elsewhere", `not-${hostname()}`, endedProcess());
    addWorker("same number", `not-${hostname()}`, process.pid);
    expect(await goneWorkers()).toEqual([]);
  });
});

async function threadIdHere(): Promise<number> {
  await store.beat({ id: "here", beat: 1 });
  const row = database.prepare("SELECT thread_id FROM tandem_workers WHERE id = 'here'").get();
  return Number(row?.thread_id);
}
