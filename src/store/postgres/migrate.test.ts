import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { postgresSchema } from "../../../scripts/postgres-schema.ts";
import { createDatabase, type TestDatabase } from "../../../test/support/postgres-database.ts";
import { migrations } from "./migrations.generated.ts";
import { PostgresStore } from "./postgres-store.ts";

const numbers = migrations.map((_, index) => index + 1);

// The first test that asks for the server makes it start.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe("migrating", () => {
  let database: TestDatabase;
  const stores: PostgresStore[] = [];

  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await database.drop();
  });

  function open(schema?: string): PostgresStore {
    const connectionString = database.url;
    const store = new PostgresStore(
      schema === undefined ? { connectionString } : { connectionString, schema },
    );
    stores.push(store);
    return store;
  }

  async function migrated(table = "tandem_migrations"): Promise<number[]> {
    const rows = await database.query(`SELECT number FROM ${table} ORDER BY number`);
    return rows.map(({ number }) => Number(number));
  }

  test("leads to the schema that is committed", async () => {
    await open().migrate();
    const committed = readFileSync(join(import.meta.dirname, "schema.sql"), "utf8");
    expect(await postgresSchema(database.url)).toBe(committed.replaceAll("\r\n", "\n"));
  });

  test("happens before the first call, whichever it is", async () => {
    expect(await open().keepSetting("key", "value")).toBe("value");
    expect(await migrated()).toEqual(numbers);
  });

  test("happens once when several stores start at the same moment", async () => {
    const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`);
    const kept = await Promise.all(keys.map((key) => open().keepSetting(key, key)));
    expect(kept).toEqual(keys);
    expect(await migrated()).toEqual(numbers);
  });

  test("happens once for all calls that a store gets at its start", async () => {
    const store = open();
    const kept = await Promise.all(["a", "b", "c"].map((key) => store.keepSetting(key, key)));
    expect(kept).toEqual(["a", "b", "c"]);
    expect(await migrated()).toEqual(numbers);
  });

  test("does what is missing", async () => {
    await database.query(migrations[0] ?? "");
    await database.query("INSERT INTO tandem_migrations (number) VALUES (1)");
    await open().migrate();
    expect(await migrated()).toEqual(numbers);
  });

  test("can be repeated when its connection was cut", async () => {
    const other = new Client({ connectionString: database.url });
    await other.connect();
    await other.query("SELECT pg_advisory_lock(7308613709)");
    const store = open();
    const isRefused = expect(store.migrate()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    const waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while ((await database.query(waiting)).length === 0);
    await database.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    await isRefused;
    await other.end();
    await store.migrate();
    expect(await migrated()).toEqual(numbers);
  });

  test("makes all tables or none", async () => {
    // Something stands in the way of the last statement.
    await database.query(
      "CREATE FUNCTION tandem_remove_ended(text[], bigint) RETURNS text[] LANGUAGE sql RETURN $1",
    );
    const store = open();
    await expect(store.migrate()).rejects.toMatchObject({ code: "INTERNAL" });
    const found = await database.query("SELECT to_regclass('tandem_instances') AS name");
    expect(found).toEqual([{ name: null }]);
    await database.query("DROP FUNCTION tandem_remove_ended");
    await store.migrate();
    expect(await migrated()).toEqual(numbers);
  });

  test("makes tables in a schema of their own", async () => {
    const [one, two] = [open("one"), open("two_2")];
    expect(await one.keepSetting("key", "of one")).toBe("of one");
    expect(await two.keepSetting("key", "of two")).toBe("of two");
    expect(await open("one").keepSetting("key", "late")).toBe("of one");
    expect(await migrated("one.tandem_migrations")).toEqual(numbers);
    const found = await database.query("SELECT to_regclass('public.tandem_migrations') AS name");
    expect(found).toEqual([{ name: null }]);
  });

  test.each(["", "Upper", "1st", 'a"b', "a,b", "a b", "a;b", "x".repeat(64)])(
    "refuses %j as the name of a schema",
    (schema) => {
      expect(() => open(schema)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    },
  );

  test("refuses a database that a newer version has changed, and leaves it alone", async () => {
    await open().migrate();
    await database.query("INSERT INTO tandem_migrations (number) VALUES (1000)");
    const store = open();
    const refusal = { code: "STORE_TOO_NEW", message: expect.stringContaining("migration 1000") };
    await expect(store.migrate()).rejects.toMatchObject(refusal);
    await expect(store.load(["order"])).rejects.toMatchObject(refusal);
    await database.query("DELETE FROM tandem_migrations WHERE number = 1000");
    expect(await store.load(["order"])).toEqual([]);
  });

  test("needs no right to make tables where they are", async () => {
    await open().migrate();
    const role = `tandem_role_${Date.now()}`;
    const names = "ALL TABLES IN SCHEMA public";
    await database.query(`
      CREATE ROLE ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ${names} TO ${role};
    `);
    const url = new URL(database.url);
    url.searchParams.set("options", `-c role=${role}`);
    const store = new PostgresStore({ connectionString: url.href });
    try {
      expect(await store.keepSetting("key", "value")).toBe("value");
    } finally {
      await store.close();
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role};`);
    }
  });

  test("describes each table and the columns that do not explain themselves", async () => {
    await open().migrate();
    const undescribed = await database.query(`
      SELECT relname FROM pg_class
      WHERE relkind IN ('r', 'v') AND relname LIKE 'tandem%' AND obj_description(oid) IS NULL
    `);
    expect(undescribed).toEqual([]);
  });
});
