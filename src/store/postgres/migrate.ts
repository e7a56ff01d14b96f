import { StoreInvalidError, StoreTooNewError } from "../../errors.ts";
import type { Database, TextRow } from "./database.ts";

/** Held while tables are made or changed; its number means nothing else. */
const migrationLock = 7_308_613_709;

/**
 * Brings the tables up to this version. Of several processes that start at once, one does it while
 * the others wait.
 *
 * @param schema is made if it does not exist; connections look there first.
 * @throws StoreTooNewError if a newer version has been there.
 */
export async function migrate(
  database: Database,
  migrations: readonly string[],
  schema: string | undefined,
): Promise<void> {
  // Who finds nothing to do takes no lock, and needs no rights but those to use the tables.
  const done = await database.query(newest, []).then(numberOf, (error) => {
    if (error instanceof StoreInvalidError) return 0;
    throw error;
  });
  refuseNewer(done, migrations.length);
  if (done === migrations.length) return;
  await database.transaction(async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    if (schema !== undefined) {
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
    }
    const table = await client.query("SELECT to_regclass('tandem_migrations') AS name");
    const isNew = table.rows[0]?.name === null;
    const found = isNew
      ? 0
      : numberOf((await client.query({ text: newest, rowMode: "array" })).rows);
    refuseNewer(found, migrations.length);
    for (const [index, sql] of migrations.entries()) {
      if (index < found) continue;
      await client.query(sql);
      await client.query("INSERT INTO tandem_migrations (number) VALUES ($1)", [index + 1]);
    }
  });
}

const newest = "SELECT max(number) FROM tandem_migrations";

function numberOf([row]: readonly TextRow[]): number {
  return Number(row?.[0] ?? 0);
}

function refuseNewer(done: number, known: number): void {
  if (done <= known) return;
  throw new StoreTooNewError(
    `The database has the tables of a newer version of this package: migration ${done}, and this ` +
      `version knows ${known}. Upgrade the package here too, or restore a backup.`,
  );
}
