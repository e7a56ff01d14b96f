import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Pool } from "pg";
import type { Store } from "tandem-workflows";
import { PostgresStore } from "../../src/store/postgres/index.ts";
import { SqliteStore } from "../../src/store/sqlite/index.ts";
import { createDatabase } from "./postgres-database.ts";

/** A transaction that the application has begun on a database of its own. */
export interface ApplicationTransaction {
  /** What the engine is given. */
  readonly handle: unknown;
  /** Adds an order to the application's own table. */
  addOrder(name: string): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** An application with a table of its own beside the store's. */
export interface Application {
  /** A store on the application's database, as one of its processes has it. */
  store(): Store;
  /** A transaction in the first process. */
  begin(): Promise<ApplicationTransaction>;
  /** The orders that were kept. */
  orders(): Promise<string[]>;
  close(): Promise<void>;
}

const createOrders = "CREATE TABLE orders (name text NOT NULL)";

export async function postgresApplication(): Promise<Application> {
  const database = await createDatabase();
  await database.query(createOrders);
  const pool = new Pool({ connectionString: database.url, max: 20 });
  return {
    store: () => new PostgresStore({ pool }),
    async begin() {
      const client = await pool.connect();
      await client.query("BEGIN");
      const end = async (how: string) => {
        await client.query(how);
        client.release();
      };
      return {
        handle: client,
        addOrder: async (name) => {
          await client.query("INSERT INTO orders VALUES ($1)", [name]);
        },
        commit: () => end("COMMIT"),
        rollback: () => end("ROLLBACK"),
      };
    },
    orders: async () => {
      const { rows } = await pool.query("SELECT name FROM orders ORDER BY name");
      return rows.map(({ name }) => name);
    },
    async close() {
      await pool.end();
      await database.drop();
    },
  };
}

/** The first store is on the handle of the application, others are as in other processes. */
export async function sqliteApplication(): Promise<Application> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-application-"));
  const file = join(folder, "application.db");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(createOrders);
  let isFirst = true;
  return {
    store() {
      const store = new SqliteStore(isFirst ? database : file);
      isFirst = false;
      return store;
    },
    async begin() {
      // One handle has one transaction at a time.
      while (database.isTransaction) await new Promise((resolve) => setImmediate(resolve));
      database.exec("BEGIN IMMEDIATE");
      return {
        handle: database,
        addOrder: async (name) => {
          database.prepare("INSERT INTO orders VALUES (?)").run(name);
        },
        commit: async () => database.exec("COMMIT"),
        rollback: async () => database.exec("ROLLBACK"),
      };
    },
    orders: async () => {
      const rows = database.prepare("SELECT name FROM orders ORDER BY name").all();
      return rows.map(({ name }) => name as string);
    },
    async close() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
