import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Consumer, packAll, type Tarballs } from "../../src/consumer.ts";
import { expectations } from "../../src/expectations.ts";

let directory: string;
let tarballs: Tarballs;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "chimera-packed-"));
  tarballs = await packAll(
    expectations.map(({ folder }) => folder),
    directory,
  );
});

afterAll(async () => rm(directory, { recursive: true, force: true }));

describe.each(expectations)("@chimera/$folder, installed alone with npm,", (expectation) => {
  const { folder, ours, others, entries, exported, typePeers } = expectation;
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.install([folder, ...ours].map((name) => tarballs.get(name) ?? ""));
  });

  afterAll(async () => consumer.remove());

  test("brings exactly what it says", async () => {
    const named = [folder, ...ours].map((name) => `@chimera/${name}`);
    await expect(consumer.installedPackages()).resolves.toEqual([...named, ...others].toSorted());
  });

  test("exports the same names as ESM and as CommonJS", async () => {
    for (const entry of entries) {
      const keys = "console.log(Object.keys(loaded).filter((key) => key !== 'default').sort().join())";
      await consumer.write("load.mjs", `import * as loaded from "${entry}"; ${keys}`);
      await consumer.write("load.cjs", `const loaded = require("${entry}"); ${keys}`);
      const [esm, cjs] = await Promise.all([consumer.node("load.mjs"), consumer.node("load.cjs")]);
      expect(esm).toBe(cjs);
    }
  });

  test(`offers ${exported}`, async () => {
    await consumer.write(
      "offers.mjs",
      `import { ${exported} } from "${entries[0]}"; console.log(typeof ${exported})`,
    );
    await expect(consumer.node("offers.mjs")).resolves.toBe("function");
  });

  test.each([
    { module: "nodenext", moduleResolution: "nodenext" },
    { module: "node16", moduleResolution: "node16" },
    { module: "esnext", moduleResolution: "bundler" },
  ])("has declarations that hold under $moduleResolution, libraries checked", async (options) => {
    const imports = entries.map((entry, index) => `import * as entry${index} from "${entry}";`);
    const uses = entries.map((_, index) => `entry${index}`);
    const source = `${imports.join("\n")}\nexport const loaded: readonly object[] = [${uses.join(", ")}];\n`;
    await consumer.write("consumer.mts", source);
    await consumer.write("consumer.cts", source);
    await expect(consumer.typeErrors("consumer.mts", options, typePeers)).resolves.toBe("");
    await expect(consumer.typeErrors("consumer.cts", options, typePeers)).resolves.toBe("");
  });
});
