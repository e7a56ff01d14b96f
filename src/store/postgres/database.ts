import type { Pool, PoolClient, QueryArrayConfig } from "pg";
import { StoreClosedError } from "../../errors.ts";
import { isConflict, toStoreError } from "./postgres-error.ts";

/** A row, as the text that the server sends for each column. */
export type TextRow = readonly (string | null)[];

/** How often a transaction is repeated that another one got in the way of. */
const attempts = 20;

/** Values are read by the store itself: an application may have set other ways for its own. */
export const asText: NonNullable<QueryArrayConfig["types"]> = {
  getTypeParser: (() => (text: string) => text) as never,
};

/**
 * What reads begin with: they see one moment, and look rows up in indexes even where there are no
 * statistics yet that speak for it. All is one message with the statements after it, and so one
 * transaction.
 */
const readPrelude: readonly string[] = [
  "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
  "SET LOCAL jit TO off",
  "SET LOCAL enable_seqscan TO off",
  "SET LOCAL enable_bitmapscan TO off",
  "SET LOCAL enable_hashjoin TO off",
  "SET LOCAL enable_mergejoin TO off",
];

/** A pool of connections, and how the store uses it. Errors are those of this package. */
export class Database {
  readonly pool: Pool;
  readonly #isOwn: boolean;
  #isClosed = false;

  /** @param own whether the pool ends with the store. */
  constructor(pool: Pool, own: boolean) {
    this.pool = pool;
    this.#isOwn = own;
    // The pool drops a connection that fails while nobody uses it; nobody else needs to know.
    pool.on("error", ignore);
  }

  /** One statement, and one transaction; repeated if another transaction got in its way. */
  async query(text: string, values: readonly unknown[], name?: string): Promise<TextRow[]> {
    const config = { text, values: [...values], rowMode: "array" as const, types: asText };
    const named = name === undefined ? config : { ...config, name };
    return this.#run(async () => (await this.pool.query<(string | null)[]>(named)).rows);
  }

  /** The rows of each statement, all of one moment. They are planned anew each time. */
  async read(...statements: readonly string[]): Promise<TextRow[][]> {
    const text = [...readPrelude, ...statements].join("; ");
    return this.#run(async () => {
      const answer: unknown = await this.pool.query({ text, rowMode: "array", types: asText });
      const results = answer as readonly { rows: TextRow[] }[];
      return results.slice(readPrelude.length).map(({ rows }) => rows);
    });
  }

  /** Statements without an answer, all in one transaction. */
  async execute(...statements: readonly string[]): Promise<void> {
    await this.#run(() => this.pool.query(statements.join("; ")));
  }

  /** All of the work or none of it, on one connection. */
  async transaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    return this.#run(async () => {
      const client = await this.pool.connect();
      let failure: Error | undefined;
      // A connection that breaks also fails what runs on it.
      client.on("error", ignore);
      try {
        await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
        const result = await work(client);
        await client.query("COMMIT");
        return result;
      } catch (error) {
        // The connection is not used again, and what it had begun is undone.
        failure = error instanceof Error ? error : undefined;
        throw error;
      } finally {
        client.off("error", ignore);
        client.release(failure);
      }
    });
  }

  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      if (this.#isClosed) throw new StoreClosedError("The store was closed.");
      try {
        return await work();
      } catch (error) {
        if (!isConflict(error) || attempt >= attempts) throw toStoreError(error);
      }
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isOwn) await this.pool.end();
    else this.pool.off("error", ignore);
  }
}

function ignore(): void {}
