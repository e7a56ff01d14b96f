import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { PostgresStore } from "../../src/store/postgres/index.ts";
import { storeContract } from "../../src/testing/store-contract.ts";
import { createDatabase, type TestDatabase } from "../support/postgres-database.ts";

// The first test that asks for the server makes it start.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe("PostgresStore", () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  const cases = storeContract(async () => {
    const open = () => new PostgresStore({ connectionString: database.url });
    return { store: open(), reopen: async () => open(), dispose: () => database.empty() };
  });

  for (const { name, skipped, run } of cases) {
    test(name, async (context) => {
      if (skipped !== undefined) context.skip(skipped);
      await run();
    });
  }
});
