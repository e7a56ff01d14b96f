import { type ClientBase, escapeLiteral } from "pg";
import {
  InvalidArgumentError,
  NoTransactionError,
  TransactionConflictError,
} from "../../errors.ts";
import type { Change, StoredInstance, StoreTransaction } from "../store.ts";
import type { CommitStatements } from "./commit-statement.ts";
import { asText, type TextRow } from "./database.ts";
import type { NewsService } from "./news.ts";
import { isConflict, toStoreError } from "./postgres-error.ts";
import * as queries from "./queries.ts";

/** What the application's transactions need of the store. */
export interface TransactionHost {
  readonly statements: CommitStatements;
  readonly news: NewsService;
  /** The schema of the tables, if the connection does not say it. */
  readonly schema: string | undefined;
  /** Makes the tables, on a connection of the store. */
  ready(): Promise<void>;
  /** What tells its tables from all others, as it is now. */
  sight(): Promise<string>;
}

/** Tells tables from all others; one text whatever the settings of a connection are. */
export const sightQuery =
  "SELECT concat_ws(' ', current_database(), to_regclass('tandem_instances')::oid, " +
  "extract(epoch FROM pg_postmaster_start_time()))";

/** Clients that see the tables of the store which they are used with. */
const checked = new WeakMap<object, TransactionHost>();

/** The application's transaction on a client of its own. */
export class PostgresTransaction implements StoreTransaction {
  readonly exclusive = undefined;
  readonly #client: ClientBase;
  readonly #host: TransactionHost;

  constructor(client: ClientBase, host: TransactionHost) {
    this.#client = client;
    this.#host = host;
  }

  async load(instanceId: string): Promise<StoredInstance | undefined> {
    const lock = `SELECT FROM tandem_instances WHERE id = ${escapeLiteral(instanceId)} FOR UPDATE`;
    return this.#run(async () => {
      const read = async (...statements: readonly string[]) => {
        const [, ...rows] = await this.#read(lock, ...statements);
        return rows;
      };
      const [stored] = await queries.load({ read }, [instanceId]);
      return stored;
    });
  }

  async findByIdempotencyKey(key: string): Promise<string | undefined> {
    const read = (...statements: readonly string[]) => this.#read(...statements);
    return this.#run(() => queries.findByIdempotencyKey({ read }, key));
  }

  async keep(change: Change): Promise<boolean> {
    const { statements, news } = this.#host;
    const commit = { changes: [change], sent: [], answers: [], handedOn: [], dismissed: [] };
    return this.#run(async () => {
      const statement = statements.write(commit);
      if (statement === undefined) return true;
      const { text, values, instanceIds } = statement;
      // Without a name: the connection, and what stands between, are the application's.
      const config = { text, values: [...values], rowMode: "array" as const, types: asText };
      const { rows } = await this.#client.query<(string | null)[]>(config);
      const isKept = queries.refusedOf(rows[0]?.[0], instanceIds).length === 0;
      if (isKept) this.whenOver(() => news.announce(commit, []));
      return isKept;
    });
  }

  whenOver(listener: () => void): void {
    const client = this.#client;
    const look = () => {
      // Whoever uses the client after the transaction may have begun the next one at once.
      if (client.getTransactionStatus() === "I") stop();
    };
    const stop = () => {
      client.off("drain", look);
      client.off("end", stop);
      listener();
    };
    client.on("drain", look);
    client.on("end", stop);
  }

  /** The rows of each statement, in the application's transaction. */
  async #read(...statements: readonly string[]): Promise<TextRow[][]> {
    const text = statements.join("; ");
    const answer: unknown = await this.#client.query({ text, rowMode: "array", types: asText });
    const results = Array.isArray(answer) ? answer : [answer];
    return (results as readonly { rows: TextRow[] }[]).map(({ rows }) => rows);
  }

  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#checkStatus();
    await this.#host.ready();
    try {
      return await this.#inSchema(async () => {
        await this.#checkTables();
        return work();
      });
    } catch (error) {
      if (!isConflict(error)) throw toStoreError(error);
      throw new TransactionConflictError(
        "Another transaction was in the way of the application's own; roll it back, and repeat " +
          `all of it. PostgreSQL said: ${error instanceof Error ? error.message : error}.`,
        { cause: error },
      );
    }
  }

  /** @throws NoTransactionError */
  #checkStatus(): void {
    const status = this.#client.getTransactionStatus();
    if (status === "T") return;
    throw new NoTransactionError(
      status === "E"
        ? "The transaction on the client has failed, and can only be rolled back."
        : 'No transaction is open on the client: `await client.query("BEGIN")` first, and send ' +
            "COMMIT only when the call has resolved.",
    );
  }

  /** With the store's tables in sight. */
  async #inSchema<Result>(work: () => Promise<Result>): Promise<Result> {
    const { schema } = this.#host;
    if (schema === undefined) return work();
    const [[row] = []] = await this.#read("SELECT current_setting('search_path')");
    const path = row?.[0] ?? "";
    if (path === schema) return work();
    const use = (value: string) =>
      this.#read(`SELECT set_config('search_path', ${escapeLiteral(value)}, true)`);
    await use(schema);
    try {
      return await work();
    } finally {
      // A transaction that has failed takes it back itself.
      if (this.#client.getTransactionStatus() === "T") await use(path);
    }
  }

  /** @throws InvalidArgumentError if the client is connected to something else than the store. */
  async #checkTables(): Promise<void> {
    if (checked.get(this.#client) === this.#host) return;
    const expected = await this.#host.sight();
    const [[row] = []] = await this.#read(sightQuery);
    if (row?.[0] !== expected) {
      throw new InvalidArgumentError(
        "The client is connected to another database than the store, or does not see the store's " +
          "tables: use a client of the same database, with the schema of the tables in its " +
          "search_path.",
      );
    }
    checked.set(this.#client, this.#host);
  }
}

/** @throws InvalidArgumentError unless it is a client of `pg`. */
export function checkClient(transaction: unknown): ClientBase {
  const client = transaction as Partial<ClientBase & { totalCount: number }> | null;
  const isClient =
    typeof client === "object" &&
    client !== null &&
    typeof client.query === "function" &&
    typeof client.getTransactionStatus === "function";
  if (isClient) return client as ClientBase;
  const isPool = typeof client?.query === "function" && typeof client.totalCount === "number";
  throw new InvalidArgumentError(
    isPool
      ? "inTransaction got a pool, which takes another connection for each query: take a client " +
          "with `pool.connect()`, begin a transaction on it, and give that client."
      : "inTransaction needs a client of `pg` (with `getTransactionStatus`, which older versions " +
          "of it do not have) on which a transaction has begun.",
  );
}
