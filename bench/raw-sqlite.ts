/** The raw limits of SQLite: `node:sqlite` with nothing between, WAL, a disk sync at each commit. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { bareFigures, commitFigures, type WriteRows } from "./bare-loop.ts";
import { temporaryFolder } from "./disk.ts";
import { type Afterwards, figure, percentile, timesOf } from "./figure.ts";
import { TASK_COUNT, TASK_GROUPS, TASK_PAGE } from "./waiting.ts";

function openDatabase(afterwards: Afterwards, table: string): DatabaseSync {
  const database = new DatabaseSync(join(temporaryFolder(afterwards), "raw.db"));
  afterwards(() => database.close());
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  database.exec(table);
  return database;
}

async function openRows(afterwards: Afterwards): Promise<WriteRows> {
  const database = openDatabase(
    afterwards,
    "CREATE TABLE steps (id INTEGER PRIMARY KEY, workflow INTEGER, step INTEGER, writes TEXT)",
  );
  const insert = database.prepare("INSERT INTO steps (workflow, step, writes) VALUES (?, ?, ?)");
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  return (rows) => {
    const [first] = rows;
    if (rows.length === 1 && first !== undefined) {
      insert.run(first.workflow, first.step, first.writes);
      return;
    }
    begin.run();
    for (const { workflow, step, writes } of rows) insert.run(workflow, step, writes);
    commit.run();
  };
}

commitFigures("sqlite", [1], openRows);
bareFigures("sqlite", [50, 500], openRows);

figure("sqlite.bare.page", { unit: "ms" }, async (afterwards) => {
  const database = openDatabase(
    afterwards,
    `CREATE TABLE tasks (audience TEXT, created_at INTEGER, id INTEGER, title TEXT,
       PRIMARY KEY (audience, created_at, id)) WITHOUT ROWID`,
  );
  database.exec("BEGIN");
  const insert = database.prepare("INSERT INTO tasks VALUES (?, ?, ?, ?)");
  for (let id = 0; id < TASK_COUNT; id += 1) {
    insert.run(`group_${id % TASK_GROUPS}`, id >> 5, id, "Decide");
  }
  database.exec("COMMIT");
  const select = database.prepare(
    `SELECT * FROM tasks WHERE audience = ? AND (created_at, id) > (?, ?)
     ORDER BY created_at, id LIMIT ?`,
  );
  let last: Record<string, unknown> | undefined;
  const nextPage = async () => {
    const [createdAt, id] = [Number(last?.created_at ?? -1), Number(last?.id ?? -1)];
    const page = select.all("group_1", createdAt, id, TASK_PAGE);
    last = page.length === TASK_PAGE ? page.at(-1) : undefined;
  };
  return async () => percentile(await timesOf(200, nextPage), 0.5);
});
