import { defineConfig, type Options } from "tsup";

const shared: Options = {
  platform: "node",
  target: "node20",
  treeshake: true,
  sourcemap: true,
  removeNodeProtocol: false,
};

export default defineConfig([
  {
    ...shared,
    entry: {
      index: "src/index.ts",
      conformance: "src/conformance/index.ts",
      testing: "src/testing/index.ts",
    },
    format: ["esm", "cjs"],
    // Several entries share one copy of each class: without it `instanceof` is false inside one package.
    splitting: true,
    // Both builds run at the same time: this one leaves the other's file alone.
    clean: ["!cli.js"],
    dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  },
  {
    ...shared,
    entry: { cli: "src/cli/main.ts" },
    format: ["esm"],
    // Who installs the library for its store does not install a table and a progress bar.
    noExternal: ["commander", "cli-table3", "cli-progress", "picocolors"],
    // What is bundled is CommonJS and asks for Node's own modules with `require`.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    sourcemap: false,
  },
]);
