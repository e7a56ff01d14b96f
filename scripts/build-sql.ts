/** Writes the modules that carry the stores' SQL, and the schemas that their migrations lead to. */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Client } from "pg";
import { PostgresServer } from "../test/support/postgres-server.ts";
import {
  migrationModule,
  migrationModulePath,
  readMigrations,
  storesWithMigrations,
} from "./migration-module.ts";
import { postgresSchema } from "./postgres-schema.ts";
import { sqliteSchema } from "./sqlite-schema.ts";

for (const folder of storesWithMigrations()) {
  const migrations = readMigrations(folder);
  writeFileSync(migrationModulePath(folder), migrationModule(migrations));
  if (basename(folder) === "sqlite") {
    writeFileSync(join(folder, "schema.sql"), sqliteSchema(migrations));
  }
  if (basename(folder) === "postgres") {
    writeFileSync(join(folder, "schema.sql"), await schemaOnServer(migrations));
  }
}

async function schemaOnServer(migrations: readonly string[]): Promise<string> {
  const server = await PostgresServer.start();
  try {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    for (const sql of migrations) await client.query(sql);
    await client.end();
    return await postgresSchema(server.url);
  } finally {
    await server.remove();
  }
}
