import { describe, test } from "vitest";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { storeContract } from "../../src/testing/store-contract.ts";

const reason = "It lives in the memory of one process.";

describe("MemoryStore", () => {
  const cases = storeContract(
    async () => {
      const store = new MemoryStore();
      return { store, reopen: async () => store, dispose: async () => {} };
    },
    { persistence: reason, sharing: reason },
  );

  for (const { name, skipped, run } of cases) {
    test(name, async (context) => {
      if (skipped !== undefined) context.skip(skipped);
      await run();
    });
  }
});
