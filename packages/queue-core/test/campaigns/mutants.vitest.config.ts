import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The suites of one area, as `mutants.ts` names them. */
const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions: ["@chimera/source", "module", "node", "development|production"] } },
  test: {
    include: process.env["MUTANT_SUITES"]?.split(" ") ?? [],
    pool: "threads",
    isolate: false,
    testTimeout: 20_000,
  },
});

export default config;
