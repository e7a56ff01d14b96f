import { DatabaseSync } from "node:sqlite";

/** The schema that migrations lead to, as text that can be compared and read. */
export function sqliteSchema(migrations: readonly string[]): string {
  const database = new DatabaseSync(":memory:");
  try {
    for (const sql of migrations) database.exec(sql);
    const rows = database
      .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC")
      .all();
    return rows.map(({ sql }) => `${sql};\n`).join("\n");
  } finally {
    database.close();
  }
}
