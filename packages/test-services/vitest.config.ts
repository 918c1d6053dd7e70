import { defineConfig } from "vitest/config";

const ssr = { resolve: { conditions: ["@chimera/source", "module", "node", "development|production"] } };

// These tests are about servers of their own, whatever the environment names.
const env = { CHIMERA_TEST_REDIS_URL: "", CHIMERA_TEST_POSTGRES_URL: "", CHIMERA_TEST_CLICKHOUSE_URL: "" };

export default defineConfig({
  test: {
    projects: [
      {
        ssr,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/property/**/*.test.ts"],
          pool: "threads",
          isolate: false,
        },
      },
      {
        ssr,
        test: {
          name: "integration",
          env,
          include: ["test/integration/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
