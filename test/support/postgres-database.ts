import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Client } from "pg";
import { inject } from "vitest";

/** A database of its own on the server of the run. */
export interface TestDatabase {
  readonly url: string;
  /** As whoever may do everything. */
  query(text: string): Promise<readonly Record<string, unknown>[]>;
  /** Removes all rows of the store's tables: much faster than another database. */
  empty(): Promise<void>;
  /** Closes all connections to it, and removes it. */
  drop(): Promise<void>;
}

export async function createDatabase(): Promise<TestDatabase> {
  const server = await serverUrl();
  const name = `tandem_test_${randomUUID().replaceAll("-", "")}`;
  await runOn(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  const address = new URL(server);
  address.pathname = `/${name}`;
  const url = address.href;
  return {
    url,
    query: (text) => runOn(url, text),
    async empty() {
      const tables = await runOn(
        url,
        `SELECT string_agg(oid::regclass::text, ', ') AS names FROM pg_class
        WHERE relkind = 'r' AND relname LIKE 'tandem!_%' ESCAPE '!'
          AND relname <> 'tandem_migrations'`,
      );
      const names = tables[0]?.names;
      if (typeof names === "string") await runOn(url, `TRUNCATE ${names}`);
    },
    async drop() {
      await runOn(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

let asked: Promise<string> | undefined;

function serverUrl(): Promise<string> {
  asked ??= askForServer();
  return asked;
}

/** The server of `TANDEM_TEST_POSTGRES_URL`, or the one that the run starts when it is asked. */
async function askForServer(): Promise<string> {
  const given = process.env.TANDEM_TEST_POSTGRES_URL;
  if (given) return given;
  const socket = connect(inject("postgresDoor"), "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "close");
  const { url, error }: { url?: string; error?: string } = JSON.parse(text);
  if (url === undefined) throw new Error(error);
  return url;
}

async function runOn(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
