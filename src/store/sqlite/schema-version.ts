import { DatabaseSync } from "node:sqlite";
import { migrations } from "./migrations.generated.ts";
import { toStoreError } from "./sqlite-error.ts";

/** How many migrations a database file has had, and how many this version knows; reads only. */
export function readSchemaVersion(path: string): {
  readonly found: number;
  readonly known: number;
} {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const table = database
      .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'tandem_migrations'")
      .get();
    const row = table && database.prepare("SELECT max(number) AS n FROM tandem_migrations").get();
    return { found: Number(row?.n ?? 0), known: migrations.length };
  } catch (error) {
    throw toStoreError(error, `"${path}"`);
  } finally {
    database?.close();
  }
}
