import { existsSync } from "node:fs";
import { CommandFailedError, StoreUnavailableError } from "../errors.ts";
import type { Store } from "../store/store.ts";

export const usualDatabase = "tandem.db";

function isPostgres(database: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(database);
}

/** The address without its password. */
export function showDatabase(database: string): string {
  if (!isPostgres(database) || !URL.canParse(database)) return database;
  const url = new URL(database);
  if (url.password !== "") url.password = "***";
  return url.href;
}

/** Whether there is something to open; whether a server answers is seen then. */
export function databaseExists(database: string): boolean {
  return isPostgres(database) || database === ":memory:" || existsSync(database);
}

/** @throws StoreUnavailableError */
export function refuseMissing(database: string): void {
  if (databaseExists(database)) return;
  throw new StoreUnavailableError(
    `There is no database ${database} here. \`tandem dev\`, \`tandem start\` and ` +
      "`tandem migrate` make one; --database names another, and --url a running server.",
  );
}

/** Opens a database and brings its tables up to this version. */
export async function openStore(database: string): Promise<Store> {
  if (!isPostgres(database)) {
    const { SqliteStore } = await import("../store/sqlite/index.ts");
    return new SqliteStore(database);
  }
  const { PostgresStore } = await importPostgres();
  const store = new PostgresStore({ connectionString: database });
  try {
    await store.migrate();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** How many migrations a database has had, and how many this version of the package knows. */
export async function readSchemaVersion(database: string) {
  if (!isPostgres(database)) {
    const { readSchemaVersion: read } = await import("../store/sqlite/schema-version.ts");
    return read(database);
  }
  await importPostgres();
  const { readSchemaVersion: read } = await import("../store/postgres/schema-version.ts");
  return read(database);
}

async function importPostgres() {
  try {
    return await import("../store/postgres/index.ts");
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), "code");
    if (code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new CommandFailedError(
      "The package pg is needed for PostgreSQL and is not installed: `npm install pg`.",
      { cause: error },
    );
  }
}
