import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["tandem-source"] },
  ssr: { resolve: { conditions: ["tandem-source"] } },
  test: {
    globalSetup: ["test/support/postgres-server.ts"],
    // A few tests are long work, and share the machine with others that are.
    testTimeout: 30_000,
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    typecheck: {
      enabled: true,
      checker: "tsc",
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "test/types/tsconfig.json",
    },
  },
});
