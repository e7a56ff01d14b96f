/** The numbered SQL files of a store, and the module that carries them into the package. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const stores = resolve(import.meta.dirname, "../src/store");

/** Folders of stores that have migrations. */
export function storesWithMigrations(): string[] {
  return readdirSync(stores)
    .map((name) => join(stores, name))
    .filter((folder) => existsSync(join(folder, "sql")));
}

/** The SQL of a store's migrations: the first has number 1. */
export function readMigrations(folder: string): string[] {
  const names = readdirSync(join(folder, "sql")).sort();
  return names.map((name, index) => {
    const expected = `${String(index + 1).padStart(4, "0")}.sql`;
    if (name !== expected) {
      throw new Error(`${folder}/sql has ${name} where ${expected} is expected.`);
    }
    return readFileSync(join(folder, "sql", name), "utf8");
  });
}

export function migrationModulePath(folder: string): string {
  return join(folder, "migrations.generated.ts");
}

export function migrationModule(migrations: readonly string[]): string {
  const literals = migrations.map((sql) => `  \`${sql.replace(/[\\`]|\$(?=\{)/g, "\\$&")}\`,\n`);
  return [
    "// Made from sql/*.sql by `npm run build:sql`.\n\n",
    "/** The SQL of each migration: the first has number 1. */\n",
    `export const migrations: readonly string[] = [\n${literals.join("")}];\n`,
  ].join("");
}
