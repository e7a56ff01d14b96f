import { StoreTooNewError } from "../../errors.ts";
import type { SqliteConnection } from "./connection.ts";

/**
 * Brings the tables up to this version. Of several processes that start at once, one does it while
 * the others wait.
 *
 * @throws StoreTooNewError if a newer version has been there.
 */
export function migrate(connection: SqliteConnection, migrations: readonly string[]): void {
  const { database, name } = connection;
  // Who finds nothing to do takes no lock.
  if (connection.read(() => countMigrations(connection)) === migrations.length) return;
  connection.write(() => {
    database.exec(
      "CREATE TABLE IF NOT EXISTS tandem_migrations (number INTEGER PRIMARY KEY) STRICT",
    );
    const done = countMigrations(connection);
    if (done > migrations.length) {
      throw new StoreTooNewError(
        `The store on ${name} has the tables of a newer version of this package: migration ` +
          `${done}, and this version knows ${migrations.length}. Upgrade the package here too, ` +
          "or restore the backup from before the upgrade.",
      );
    }
    const record = database.prepare("INSERT INTO tandem_migrations (number) VALUES (?)");
    for (const [index, sql] of migrations.entries()) {
      if (index < done) continue;
      database.exec(sql);
      record.run(index + 1);
    }
  });
}

function countMigrations({ database }: SqliteConnection): number {
  const table = database
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'tandem_migrations'")
    .get();
  if (table === undefined) return 0;
  const row = database.prepare("SELECT max(number) AS number FROM tandem_migrations").get();
  return Number(row?.number ?? 0);
}
