import { defineConfig } from "vitest/config";

const ssr = { resolve: { conditions: ["@chimera/source", "module", "node", "development|production"] } };

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
          include: ["test/integration/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
