import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    conformance: "src/conformance/index.ts",
    testing: "src/testing/index.ts",
  },
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20",
  // Several entries share one copy of each class: without it `instanceof` is false inside one package.
  splitting: true,
  treeshake: true,
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
});
