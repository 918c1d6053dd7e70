import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
/** Beside what is under review, so that nothing of it gets into a package. */
const scratch = fileURLToPath(new URL("../node_modules/.cache/api", import.meta.url));

/** One way into a published package, and the file under review that says what it offers. */
export interface PublicEntry {
  /** The folder under `packages/`. */
  readonly folder: string;
  /** The name of the entry's file in `dist`, without its ending. */
  readonly entry: string;
}

/** The entries of a package with declarations, as its `exports` say. */
export function publicEntriesOf(folder: string): PublicEntry[] {
  const manifest = JSON.parse(readFileSync(`${repository}packages/${folder}/package.json`, "utf8")) as {
    readonly publishConfig: { readonly exports: Readonly<Record<string, unknown>> };
  };
  return Object.keys(manifest.publishConfig.exports)
    .filter((path) => path !== "./package.json")
    .map((path) => ({ folder, entry: path === "." ? "index" : path.slice(2) }));
}

/**
 * Compares what an entry's declarations offer with the report in the package's `api` folder, without regard to comments.
 *
 * Needs the package's `dist`.
 *
 * @returns whether they agree; with `update`, the report is written and the answer says whether it had been right.
 */
export function apiReportHolds(
  { folder, entry }: PublicEntry,
  { update }: { readonly update: boolean },
): boolean {
  const projectFolder = `${repository}packages/${folder}`;
  const reportFolder = `${projectFolder}/api`;
  const reportTempFolder = `${scratch}/${folder}`;
  for (const needed of [reportFolder, reportTempFolder]) mkdirSync(needed, { recursive: true });
  const declarations = `${projectFolder}/dist/${entry}.d.ts`;
  const compilerOptions = {
    target: "es2022",
    // The extractor cannot follow a global that only `@types/node` declares, such as AbortSignal; `dom` has them too.
    lib: ["es2023", "esnext.disposable", "dom"],
    module: "nodenext",
    moduleResolution: "nodenext",
    types: ["node"],
    strict: true,
    skipLibCheck: true,
  };
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: `${projectFolder}/package.json`,
    configObjectFullPath: undefined,
    configObject: {
      projectFolder,
      mainEntryPointFilePath: declarations,
      newlineKind: "lf",
      compiler: { overrideTsconfig: { compilerOptions, files: [declarations] } },
      apiReport: {
        enabled: true,
        reportFileName: `${entry}.api.md`,
        reportFolder,
        reportTempFolder,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
  });
  const result = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  return !result.apiReportChanged;
}
