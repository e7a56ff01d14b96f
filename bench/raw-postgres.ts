/** The raw limits of Postgres: `pg` with nothing between, `fsync=on` and one statement a commit. */
import { Pool } from "pg";
import { bareFigures, commitFigures, type WriteRows } from "./bare-loop.ts";
import type { Afterwards } from "./figure.ts";
import { startPostgres } from "./stores.ts";

async function openRows(afterwards: Afterwards): Promise<WriteRows> {
  const connectionString = await startPostgres(afterwards);
  const pool = new Pool({ connectionString, max: 32 });
  afterwards(() => pool.end());
  await pool.query(
    `CREATE TABLE steps (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       workflow integer, step integer, writes text)`,
  );
  return async (rows) => {
    const [first] = rows;
    if (rows.length === 1 && first !== undefined) {
      await pool.query({
        name: "one",
        text: "INSERT INTO steps (workflow, step, writes) VALUES ($1, $2, $3)",
        values: [first.workflow, first.step, first.writes],
      });
      return;
    }
    await pool.query({
      name: "many",
      text: `INSERT INTO steps (workflow, step, writes)
             SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[])`,
      values: [
        rows.map(({ workflow }) => workflow),
        rows.map(({ step }) => step),
        rows.map(({ writes }) => writes),
      ],
    });
  };
}

commitFigures("postgres", [1, 32], openRows);
bareFigures("postgres", [50, 500], openRows);
