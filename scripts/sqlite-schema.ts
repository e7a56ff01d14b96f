import { DatabaseSync } from "node:sqlite";
import { SqliteConnection } from "../src/store/sqlite/connection.ts";
import { migrate } from "../src/store/sqlite/migrate.ts";

/** The schema that migrations of `SqliteStore` lead to, as text that can be compared and read. */
export function sqliteSchema(migrations: readonly string[]): string {
  const database = new DatabaseSync(":memory:");
  try {
    migrate(new SqliteConnection(database), migrations);
    const rows = database
      .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC")
      .all();
    return rows.map(({ sql }) => `${sql};\n`).join("\n");
  } finally {
    database.close();
  }
}
