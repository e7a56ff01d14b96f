import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["tandem-source"] },
  ssr: { resolve: { conditions: ["tandem-source"] } },
  test: {
    globalSetup: ["test/support/postgres-server.ts"],
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    typecheck: {
      enabled: true,
      checker: "tsc",
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "test/types/tsconfig.json",
    },
  },
});
