import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteStore } from "../../src/store/sqlite/index.ts";
import {
  changeOf,
  commitOf,
  executionRecord,
  taskRecord,
} from "../../src/testing/contract/records.ts";

const root = resolve(import.meta.dirname, "../..");
const urlOf = (path: string) => JSON.stringify(pathToFileURL(resolve(root, path)).href);

/** What a process does with the file, once it is told to. */
const program = (body: string) => `
  import { readSync } from "node:fs";
  import { SqliteStore } from ${urlOf("src/store/sqlite/index.ts")};
  import * as records from ${urlOf("src/testing/contract/records.ts")};
  const [path, name] = process.argv.slice(1);
  process.stdout.write("ready\\n");
  readSync(0, new Uint8Array(1));
  ${body}
`;

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-"));
  path = join(folder, "processes.db");
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function start(body: string, name: string): Promise<ChildProcess> {
  const args = ["--input-type=module", "-e", program(body), path, name];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

/** Starts processes that wait for each other, lets them go, and gives their exit codes. */
async function runTogether(count: number, body: string): Promise<unknown[]> {
  const names = Array.from({ length: count }, (_, index) => `worker-${index}`);
  const started = await Promise.all(names.map((name) => start(body, name)));
  const ends = started.map((child) => once(child, "exit"));
  for (const child of started) child.stdin?.end("x");
  return (await Promise.all(ends)).map(([code]) => code);
}

// Starting a process takes seconds on a machine that is busy.
describe("processes that open the same file", { timeout: 60_000 }, () => {
  test("at once make its tables once", async () => {
    const codes = await runTogether(
      4,
      `const store = new SqliteStore(path);
       store.beat({ id: name, beat: 1 });
       store.close();`,
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    const store = new SqliteStore(path);
    const known = await store.beat({ id: "worker-0", beat: 2 });
    expect(known.map(({ id }) => id)).toEqual(["worker-0", "worker-1", "worker-2", "worker-3"]);
    store.close();
  });

  test("each keep all they wrote, and of the changes of one version one", async () => {
    const store = new SqliteStore(path);
    await store.commit(commitOf([changeOf("shared", 0)]));
    const codes = await runTogether(
      3,
      `const store = new SqliteStore(path);
       for (let index = 0; index < 50; index++) {
         const [version] = store.versions(["shared"]);
         const change = records.changeOf("shared", version, {
           executions: [records.executionRecord(version, { path: name })],
         });
         store.commit(records.commitOf([change, records.changeOf(name + "/" + index, 0)]));
       }`,
    );
    expect(codes).toEqual([0, 0, 0]);
    const [shared] = await store.load(["shared"]);
    expect(shared?.rows.executions).toHaveLength((shared?.version ?? 0) - 1);
    for (const name of ["worker-0", "worker-1", "worker-2"]) {
      const ids = Array.from({ length: 50 }, (_, index) => `${name}/${index}`);
      expect(store.load(ids)).toHaveLength(50);
    }
    store.close();
  });

  test("leave nothing half done when they are killed", async () => {
    const store = new SqliteStore(path);
    const child = await start(
      `const store = new SqliteStore(path);
       for (let version = 0; ; version++) {
         store.commit(records.commitOf([
           records.changeOf("order", version, {
             executions: Array.from({ length: 100 }, (_, index) =>
               records.executionRecord(index + 1, { path: "mark " + (version + 1) })),
             tasks: [records.taskRecord("1.1", { title: "mark " + (version + 1) })],
           }),
         ]));
         if (version === 20) process.stdout.write("at work\\n");
       }`,
      "killed",
    );
    child.stdin?.end("x");
    if (child.stdout !== null) await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const [order] = await store.load(["order"]);
    const mark = `mark ${order?.version}`;
    expect(order?.version).toBeGreaterThan(20);
    expect(new Set(order?.rows.executions.map((each) => each.path))).toEqual(new Set([mark]));
    expect([...(order?.rows.tasks ?? [])].map(({ title }) => title)).toEqual([mark]);
    const change = changeOf("order", order?.version ?? 0, {
      executions: [executionRecord(1)],
      tasks: [taskRecord("1.1")],
    });
    expect(store.commit(commitOf([change]))).toEqual([]);
    store.close();
  });
});
