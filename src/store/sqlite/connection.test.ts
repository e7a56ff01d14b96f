import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteConnection } from "./connection.ts";

let folder: string;
let path: string;
const opened: { close(): void }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-"));
  path = join(folder, "connection.db");
});

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(folder, { recursive: true });
});

function connect(target: string | DatabaseSync): SqliteConnection {
  const connection = new SqliteConnection(target);
  opened.push(connection);
  return connection;
}

/** A database as an application opens it. */
function applicationDatabase(options = {}): DatabaseSync {
  const database = new DatabaseSync(path, options);
  opened.push({ close: () => database.isOpen && database.close() });
  return database;
}

/** A connection on a file with a table of one column. */
function connectWithTable(target: string | DatabaseSync = path): SqliteConnection {
  const connection = connect(target);
  connection.write(() => connection.database.exec("CREATE TABLE t (x)"));
  return connection;
}

const count = (connection: SqliteConnection) =>
  connection.read(() => connection.database.prepare("SELECT count(*) AS n FROM t").get()?.n);

const insert = (connection: SqliteConnection, value: string | number = 1) =>
  connection.write(() => connection.database.prepare("INSERT INTO t VALUES (?)").run(value));

const failure = (code: string, message: string | RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe("a file", () => {
  test("is written ahead, and synchronised with the disk at every commit", () => {
    const { database } = connect(path);
    expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" });
    expect(database.prepare("PRAGMA synchronous").get()).toMatchObject({ synchronous: 2 });
    expect(database.prepare("PRAGMA busy_timeout").get()).toMatchObject({ timeout: 5000 });
  });

  test("is shared, and a database in memory is not", () => {
    expect(connect(path).isShared).toBe(true);
    expect(connect(applicationDatabase()).isShared).toBe(true);
    expect(connect(":memory:").isShared).toBe(false);
  });

  test("that is no database is refused", () => {
    writeFileSync(path, "Dear diary, ".repeat(1000));
    expect(() => connect(path)).toThrow(failure("STORE_INVALID", /this is no SQLite database/));
  });

  test("that is damaged is refused", () => {
    const connection = connectWithTable();
    for (let index = 0; index < 100; index++) insert(connection, "x".repeat(1000));
    connection.close();
    const bytes = new Uint8Array(200_000).fill(0x55);
    bytes.set(new TextEncoder().encode("SQLite format 3\0"));
    writeFileSync(path, bytes);
    expect(() => connect(path)).toThrow(failure("STORE_INVALID", /SQLite said: /));
  });

  test("in a folder that does not exist, or that is a folder, cannot be opened", () => {
    const message = /cannot be opened: its folder must exist/;
    expect(() => connect(join(folder, "missing", "a.db"))).toThrow(
      failure("STORE_UNAVAILABLE", message),
    );
    expect(() => connect(folder)).toThrow(failure("STORE_UNAVAILABLE", message));
  });

  test("that may only be read says so", () => {
    connectWithTable().close();
    const connection = connect(applicationDatabase({ readOnly: true }));
    expect(count(connection)).toBe(0);
    expect(() => insert(connection)).toThrow(failure("STORE_READ_ONLY", /may read and not write/));
  });
});

describe("a transaction", () => {
  test("is undone when its work throws, and the error stays as it is", () => {
    const connection = connectWithTable();
    const error = new RangeError("no");
    const work = () => {
      connection.database.exec("INSERT INTO t VALUES (1)");
      throw error;
    };
    expect(() => connection.write(work)).toThrow(error);
    expect(count(connection)).toBe(0);
    insert(connection);
    expect(count(connection)).toBe(1);
  });

  test("that has no room is undone, and the next that fits is kept", () => {
    const database = applicationDatabase();
    const connection = connectWithTable(database);
    database.exec("PRAGMA max_page_count = 10");
    const work = () => {
      insert(connection);
      return connection.write(() => {
        for (let index = 0; index < 100; index++) {
          database.prepare("INSERT INTO t VALUES (?)").run("x".repeat(1000));
        }
      });
    };
    expect(work).toThrow(
      failure("STORE_UNAVAILABLE", /^The store on the application's database has no room/),
    );
    expect(count(connection)).toBe(1);
    insert(connection);
    expect(count(connection)).toBe(2);
  });

  test("that has to wait too long for another connection says so, and can be tried again", () => {
    const other = connectWithTable();
    const connection = connect(applicationDatabase());
    const work = () => other.write(() => insert(connection));
    expect(work).toThrow(failure("STORE_UNAVAILABLE", /is locked by another process/));
    expect(count(connection)).toBe(0);
    insert(connection);
    expect(count(other)).toBe(1);
  });

  test("keeps what SQLite said as the cause", () => {
    const connection = connect(path);
    expect(() => count(connection)).toThrow(
      expect.objectContaining({
        code: "INTERNAL",
        cause: expect.objectContaining({ code: "ERR_SQLITE_ERROR", message: "no such table: t" }),
      }),
    );
  });

  test("reads what was there when it began", () => {
    const writer = connectWithTable();
    const reader = connect(path);
    const [first, second] = reader.read(() => {
      const query = reader.database.prepare("SELECT count(*) AS n FROM t");
      const before = query.get()?.n;
      insert(writer);
      return [before, query.get()?.n];
    });
    expect([first, second, count(reader)]).toEqual([0, 0, 1]);
  });
});

describe("a database of the application", () => {
  test("keeps its settings, and stays open when the store is closed", () => {
    const database = applicationDatabase();
    const connection = connectWithTable(database);
    expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "delete" });
    connection.close();
    expect(() => insert(connection)).toThrow(failure("STORE_CLOSED", /was closed\.$/));
    expect(database.prepare("SELECT count(*) AS n FROM t").get()).toMatchObject({ n: 0 });
  });

  test("that has a transaction open is read as the transaction sees it, and not written", () => {
    const database = applicationDatabase();
    const connection = connectWithTable(database);
    database.exec("BEGIN; INSERT INTO t VALUES (1)");
    expect(count(connection)).toBe(1);
    expect(() => insert(connection)).toThrow(
      failure("STORE_UNAVAILABLE", /^The application has a transaction open/),
    );
    expect(() => connection.read(() => database.exec("SELECT * FROM missing"))).toThrow();
    expect(database.isTransaction).toBe(true);
    database.exec("COMMIT");
    insert(connection);
    expect(count(connection)).toBe(2);
  });

  test("that the application has closed is closed for the store", () => {
    const database = applicationDatabase();
    const connection = connectWithTable(database);
    database.close();
    expect(() => count(connection)).toThrow(failure("STORE_CLOSED", /was closed/));
    connection.close();
  });
});

test("a connection may be closed twice", () => {
  const connection = connect(path);
  connection.close();
  connection.close();
  expect(() => connection.read(() => 1)).toThrow(failure("STORE_CLOSED", /was closed/));
});
