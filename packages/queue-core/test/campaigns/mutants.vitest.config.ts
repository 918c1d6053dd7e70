import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The suites that hold the mutated files: quick ones, since every mutant meets them. */
const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions: ["@chimera/source", "module", "node", "development|production"] } },
  test: {
    include: [
      // Of @chimera/dlq.
      "test/unit/foundation/backoff.test.ts",
      "test/unit/local/**/*.test.ts",
      "test/unit/worker/**/*.test.ts",
      "test/unit/conformance/local-backend.test.ts",
      "test/campaigns/mutant-histories.test.ts",
    ],
    pool: "threads",
    isolate: false,
    testTimeout: 20_000,
  },
});

export default config;
