import { defineConfig } from "tsup";

// The processes of a campaign, compiled: a loader would take a second of CPU for each of the hundreds that it starts.
export default defineConfig({
  entry: ["src/*-process.ts", "src/shifted-clock.ts"],
  format: "esm",
  target: "node20",
  splitting: true,
  clean: true,
});
