/** Stores whose commits reach a disk, with a database of their own that goes with the figure. */
import { join } from "node:path";
import {
  type AnyDefinition,
  LocalExecutionEngine,
  type Store,
  WorkflowRegistry,
} from "tandem-workflows";
import { PostgresServer } from "../test/support/postgres-server.ts";
import { temporaryFolder } from "./disk.ts";
import type { Afterwards } from "./figure.ts";

/** Databases; each call of `open` gives another store on the same one. */
export interface Database {
  open(): Promise<Store>;
}

export type CreateDatabase = (afterwards: Afterwards) => Promise<Database>;

export async function createSqlite(afterwards: Afterwards): Promise<Database> {
  const file = join(temporaryFolder(afterwards), "bench.db");
  return { open: () => openSqlite(file) };
}

export async function createPostgres(afterwards: Afterwards): Promise<Database> {
  const connectionString = await startPostgres(afterwards);
  return { open: () => openPostgres(connectionString) };
}

/** A server with its usual settings: `fsync` and `synchronous_commit` are on. */
export async function startPostgres(afterwards: Afterwards): Promise<string> {
  const server = await PostgresServer.start();
  afterwards(() => server.remove());
  return server.url;
}

/** Loaded only where they are needed: the figures in memory have no driver in their process. */
export async function openSqlite(file: string): Promise<Store> {
  const { SqliteStore } = await import("tandem-workflows/sqlite");
  return new SqliteStore(file);
}

export async function openPostgres(connectionString: string): Promise<Store> {
  const { PostgresStore } = await import("tandem-workflows/postgres");
  return new PostgresStore({ connectionString });
}

/** An engine that knows one workflow. */
export function engineOn(store: Store, definition: AnyDefinition): LocalExecutionEngine {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(definition);
  return new LocalExecutionEngine(registry, { store });
}

/** Runs an instance from its start to its end. */
export async function runToEnd(engine: LocalExecutionEngine, workflow: string): Promise<void> {
  const { status } = await engine.startWorkflow(workflow);
  if (status !== "completed") throw new Error(`"${workflow}" is ${status}, not completed.`);
}
