/** Writes the modules that carry the stores' SQL, and the schema that SQLite's migrations lead to. */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  migrationModule,
  migrationModulePath,
  readMigrations,
  storesWithMigrations,
} from "./migration-module.ts";
import { sqliteSchema } from "./sqlite-schema.ts";

for (const folder of storesWithMigrations()) {
  const migrations = readMigrations(folder);
  writeFileSync(migrationModulePath(folder), migrationModule(migrations));
  if (basename(folder) === "sqlite") {
    writeFileSync(join(folder, "schema.sql"), sqliteSchema(migrations));
  }
}
