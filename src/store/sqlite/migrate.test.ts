import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteConnection } from "./connection.ts";
import { migrate } from "./migrate.ts";

const migrations = ["CREATE TABLE tandem_a (x);", "CREATE TABLE tandem_b (x);"];

describe("migrate", () => {
  let database: DatabaseSync;
  let connection: SqliteConnection;

  beforeEach(() => {
    database = new DatabaseSync(":memory:");
    connection = new SqliteConnection(database);
  });

  afterEach(() => database.close());

  const tables = () =>
    database
      .prepare("SELECT name FROM sqlite_schema ORDER BY name")
      .all()
      .map(({ name }) => name);

  test("runs all migrations of a new database, in their order", () => {
    migrate(connection, [...migrations, "ALTER TABLE tandem_b ADD COLUMN y;"]);
    expect(tables()).toEqual(["tandem_a", "tandem_b", "tandem_migrations"]);
    const done = database.prepare("SELECT number FROM tandem_migrations").all();
    expect(done.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test("runs each migration once", () => {
    migrate(connection, migrations);
    migrate(connection, migrations);
    migrate(connection, [...migrations, "CREATE TABLE tandem_c (x);"]);
    migrate(connection, [...migrations, "CREATE TABLE tandem_c (x);"]);
    expect(tables()).toEqual(["tandem_a", "tandem_b", "tandem_c", "tandem_migrations"]);
  });

  test("changes nothing if one of several migrations fails", () => {
    migrate(connection, migrations.slice(0, 1));
    expect(() => migrate(connection, [...migrations, "CREATE TABLE tandem_a (x);"])).toThrow(
      "table tandem_a already exists",
    );
    expect(tables()).toEqual(["tandem_a", "tandem_migrations"]);
    migrate(connection, migrations);
    expect(tables()).toEqual(["tandem_a", "tandem_b", "tandem_migrations"]);
  });

  test("takes no lock when there is nothing to do", () => {
    migrate(connection, migrations);
    database.exec("PRAGMA query_only = 1");
    migrate(connection, migrations);
    expect(() => migrate(connection, [...migrations, "CREATE TABLE tandem_c (x);"])).toThrow();
  });

  test("refuses a database that a newer version has changed, and leaves it as it is", () => {
    migrate(connection, [...migrations, "CREATE TABLE tandem_c (x);"]);
    const before = tables();
    expect(() => migrate(connection, migrations)).toThrow(
      expect.objectContaining({
        code: "STORE_TOO_NEW",
        message:
          "The store on the application's database has the tables of a newer version of this " +
          "package: migration 3, and this version knows 2. Upgrade the package here too, or " +
          "restore the backup from before the upgrade.",
      }),
    );
    expect(tables()).toEqual(before);
  });

  test("leaves tables of the application alone", () => {
    database.exec("CREATE TABLE orders (x); INSERT INTO orders VALUES (1)");
    migrate(connection, migrations);
    expect(database.prepare("SELECT x FROM orders").all()).toHaveLength(1);
  });
});
