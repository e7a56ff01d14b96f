/** What is made from the SQL files of the stores is up to date. */
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import {
  migrationModule,
  migrationModulePath,
  readMigrations,
  storesWithMigrations,
} from "../scripts/migration-module.ts";
import { sqliteSchema } from "../scripts/sqlite-schema.ts";

const root = resolve(import.meta.dirname, "..");
const sqlite = resolve(root, "src/store/sqlite");

describe.each(storesWithMigrations().map((folder) => [basename(folder), folder]))(
  "the migrations of %s",
  (_name, folder) => {
    test("are what the package carries (if not: npm run build:sql)", () => {
      const module = readFileSync(migrationModulePath(folder), "utf8");
      expect(module).toBe(migrationModule(readMigrations(folder)));
    });

    test("use names that begin with tandem_", () => {
      for (const sql of readMigrations(folder)) {
        const made = [...sql.matchAll(/^CREATE (?:UNIQUE )?(?:TABLE|INDEX|VIEW|FUNCTION) (\w+)/gm)];
        expect(made.length).toBeGreaterThan(0);
        expect(made.filter(([, name]) => !name?.startsWith("tandem_"))).toEqual([]);
      }
    });
  },
);

describe("the module of migrations", () => {
  test("holds SQL with any characters", () => {
    const sql = `SELECT '\`', '\\', '$a', '${"$"}{b}', '$${"$"}{c}';\n`;
    const text = migrationModule([sql, "SELECT 2;\n"]).replace(": readonly string[]", "");
    const load = new Function(text.replace("export const", "const").concat("return migrations;"));
    expect(load()).toEqual([sql, "SELECT 2;\n"]);
  });
});

describe("src/store/sqlite/schema.sql", () => {
  test("is what the migrations lead to (if not: npm run build:sql)", () => {
    const schema = readFileSync(resolve(sqlite, "schema.sql"), "utf8");
    expect(schema).toBe(sqliteSchema(readMigrations(sqlite)));
  });
});

describe("docs/database.md", () => {
  const page = readFileSync(resolve(root, "docs/database.md"), "utf8").replaceAll("\r\n", "\n");
  const database = new DatabaseSync(":memory:");
  for (const sql of readMigrations(sqlite)) database.exec(sql);

  test("names every table and column", () => {
    const columns = database
      .prepare(
        `SELECT t.name AS tableName, c.name AS columnName
         FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'`,
      )
      .all();
    expect(columns.length).toBeGreaterThan(50);
    const sections = page.split(/^(?=#+ )/m);
    const missing = columns.filter(({ tableName, columnName }) => {
      const section = sections.find((text) => text.split("\n")[0]?.includes(String(tableName)));
      const isKey = tableName === "tandem_executions" && columnName === "id";
      return !isKey && !section?.includes(`\`${columnName}\``) && !isOfHost(String(columnName));
    });
    expect(missing).toEqual([]);
  });

  test("shows queries that run", () => {
    const blocks = [...page.matchAll(/```sql\n(.*?)```/gs)].map((match) => match[1] ?? "");
    expect(blocks.length).toBeGreaterThan(2);
    for (const sql of blocks) database.exec(sql);
  });
});

/** Columns of SQLite alone, which stand in its section. */
function isOfHost(name: string): boolean {
  return ["host", "process_id", "thread_id"].includes(name);
}
