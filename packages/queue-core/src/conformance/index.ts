export { conformanceCases } from "./cases.ts";
export type {
  ConformanceCase,
  ConformanceFixture,
  ConformanceNeed,
  FixtureBackendOptions,
  SkippedCase,
} from "./conformance-case.ts";
export { runConformance } from "./run-conformance.ts";
export type { CaseReport, ConformanceReport, RunConformanceOptions } from "./run-conformance.ts";
export { checkAgainstModel } from "./check-against-model.ts";
export type { ModelCheckOptions } from "./check-against-model.ts";
export type { FastCheckModule } from "./history.ts";
