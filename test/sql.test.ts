/** What is made from the SQL files of the stores is up to date. */
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import {
  migrationModule,
  migrationModulePath,
  readMigrations,
  storesWithMigrations,
} from "../scripts/migration-module.ts";
import { sqliteSchema } from "../scripts/sqlite-schema.ts";

const sqlite = resolve(import.meta.dirname, "../src/store/sqlite");

describe.each(storesWithMigrations().map((folder) => [basename(folder), folder]))(
  "the migrations of %s",
  (_name, folder) => {
    test("are what the package carries (if not: npm run build:sql)", () => {
      const module = readFileSync(migrationModulePath(folder), "utf8");
      expect(module).toBe(migrationModule(readMigrations(folder)));
    });

    test("use names that begin with tandem_", () => {
      for (const sql of readMigrations(folder)) {
        const made = [...sql.matchAll(/^CREATE (?:UNIQUE )?(?:TABLE|INDEX|VIEW) (\w+)/gm)];
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
