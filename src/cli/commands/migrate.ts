import {
  databaseExists,
  openStore,
  readSchemaVersion,
  showDatabase,
  usualDatabase,
} from "../database.ts";
import { exitCodes } from "../failure.ts";
import type { CommonOptions } from "../options.ts";
import { print, printJson } from "../terminal.ts";

export interface MigrateOptions extends CommonOptions {
  readonly check?: true;
}

export async function migrate(options: MigrateOptions): Promise<void> {
  const { database = usualDatabase, check = false } = options;
  // A database that does not exist yet has no tables, as an empty one.
  const before = await readSchemaVersion(databaseExists(database) ? database : ":memory:");
  if (!check) {
    // A newer schema is refused here.
    const store = await openStore(database);
    await store.close();
  }
  const { found, known } = before;
  const isCurrent = found === known;
  if (check && !isCurrent) process.exitCode = exitCodes.failed;
  const where = showDatabase(database);
  if (options.json === true) {
    printJson({ database: where, before: found, version: check ? found : known, known });
  } else if (isCurrent) {
    print(`${where} is up to date (schema version ${known}).`);
  } else if (check) {
    print(`${where} has schema version ${found}; this package needs ${known}.`);
  } else {
    print(`${where} was brought from schema version ${found} to ${known}.`);
  }
}
