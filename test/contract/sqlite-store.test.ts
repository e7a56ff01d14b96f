import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { SqliteStore } from "../../src/store/sqlite/index.ts";
import { storeContract } from "../../src/testing/store-contract.ts";

const listening = "SQLite tells nobody what another process has written.";

describe("SqliteStore on a file", () => {
  const cases = storeContract(
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "tandem-"));
      const open = () => new SqliteStore(join(folder, "contract.db"));
      return {
        store: open(),
        reopen: async () => open(),
        dispose: () => rm(folder, { recursive: true }),
      };
    },
    { listening },
  );

  for (const { name, skipped, run } of cases) {
    test(name, async (context) => {
      if (skipped !== undefined) context.skip(skipped);
      await run();
    });
  }
});

describe("SqliteStore in memory", () => {
  const reason = "The database is gone with the store.";
  const cases = storeContract(
    async () => {
      const store = new SqliteStore(":memory:");
      return { store, reopen: async () => store, dispose: async () => {} };
    },
    { listening, persistence: reason, sharing: reason },
  );

  for (const { name, skipped, run } of cases) {
    test(name, async (context) => {
      if (skipped !== undefined) context.skip(skipped);
      await run();
    });
  }
});
