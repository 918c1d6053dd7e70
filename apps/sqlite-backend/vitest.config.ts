import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@chimera/source", "module", "node", "development|production"] } },
  test: { include: ["test/**/*.test.ts"], pool: "forks", testTimeout: 30_000 },
});
