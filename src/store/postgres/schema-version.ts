import { Client } from "pg";
import { migrations } from "./migrations.generated.ts";
import { toStoreError } from "./postgres-error.ts";

/**
 * How many migrations a database has had, how many this version knows, and what time the server has
 * (milliseconds since the epoch). Changes nothing.
 */
export async function readSchemaVersion(connectionString: string): Promise<{
  readonly found: number;
  readonly known: number;
  readonly serverAt: number;
}> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
    const clock = "(extract(epoch FROM clock_timestamp()) * 1000)::float8";
    const look = `SELECT to_regclass('tandem_migrations') IS NOT NULL AS is_there, ${clock} AS at`;
    const { is_there: isThere, at } = (await client.query(look)).rows[0] ?? {};
    const newest = "SELECT max(number) AS number FROM tandem_migrations";
    const row = isThere === true ? (await client.query(newest)).rows[0] : undefined;
    return { found: Number(row?.number ?? 0), known: migrations.length, serverAt: Number(at) };
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await client.end().catch(() => {});
  }
}
