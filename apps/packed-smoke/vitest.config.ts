import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "readme", include: ["test/readme/**/*.test.ts"], testTimeout: 300_000 } },
      { test: { name: "api", include: ["test/api/**/*.test.ts"], testTimeout: 120_000 } },
      {
        test: {
          name: "packed",
          include: ["test/packed/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
