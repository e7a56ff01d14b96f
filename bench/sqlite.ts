/** The engine on `SqliteStore`. */
import { join } from "node:path";
import { temporaryFolder } from "./disk.ts";
import { durableFigures } from "./durable.ts";
import { type Afterwards, figure, percentile, type Round, timesOf } from "./figure.ts";
import { startProcess } from "./side-process.ts";
import { createSqlite, engineOn, openSqlite } from "./stores.ts";
import { decision, TASK_COUNT, TASK_PAGE } from "./waiting.ts";

const DURATION_OF_PAGES_MS = 500;

/** Filling a file takes seconds, and nothing needs to warm up in a process that starts anew. */
const FEW_ROUNDS = { rounds: 3, warmups: 0 } as const;

durableFigures("sqlite", createSqlite);

/** The memory of a process that has started so many instances, which wait. */
function memoryOf(count: number, afterwards: Afterwards): Round {
  const folder = temporaryFolder(afterwards);
  let files = 0;
  return async () => {
    const file = join(folder, `${++files}.db`);
    const side = startProcess("waiting-process.ts", [file, String(count)], afterwards);
    const megabytes = await side.ask();
    await side.end();
    return megabytes;
  };
}

/** A file in which so many instances wait, written by a process that has ended. */
async function fileWith(count: number, afterwards: Afterwards): Promise<string> {
  const file = join(temporaryFolder(afterwards), "bench.db");
  const side = startProcess("waiting-process.ts", [file, String(count)], afterwards);
  await side.ask();
  await side.end();
  return file;
}

/** From the start of a process to its first page of the inbox. */
async function startUpOn(count: number, afterwards: Afterwards): Promise<Round> {
  const file = await fileWith(count, afterwards);
  return async () => {
    const start = performance.now();
    const side = startProcess("waiting-process.ts", [file, "0"], afterwards);
    await side.ask();
    const elapsedMs = performance.now() - start;
    await side.end();
    return elapsedMs;
  };
}

figure("sqlite.empty.memory", { unit: "MB", ...FEW_ROUNDS }, (afterwards) =>
  memoryOf(0, afterwards),
);

figure(
  "sqlite.waiting.memory",
  { unit: "MB", limit: "sqlite.empty.memory", ...FEW_ROUNDS },
  (afterwards) => memoryOf(TASK_COUNT, afterwards),
);

figure("sqlite.empty.start-up", { unit: "ms" }, (afterwards) => startUpOn(0, afterwards));

figure("sqlite.waiting.start-up", { unit: "ms", limit: "sqlite.empty.start-up" }, (afterwards) =>
  startUpOn(TASK_COUNT, afterwards),
);

figure("sqlite.waiting.page", { unit: "ms", limit: "sqlite.bare.page" }, async (afterwards) => {
  const file = await fileWith(TASK_COUNT, afterwards);
  const engine = engineOn(await openSqlite(file), decision());
  afterwards(() => engine.close());
  let cursor: string | undefined;
  const nextPage = async () => {
    const query = { userId: "ada", groups: ["group_1"], limit: TASK_PAGE };
    ({ next: cursor } = await engine.tasks.list(
      cursor === undefined ? query : { ...query, cursor },
    ));
  };
  return async () => percentile(await timesOf(DURATION_OF_PAGES_MS, nextPage), 0.5);
});
