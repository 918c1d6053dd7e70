export { ManualClock } from "@chimera/dlq/testing";
export { sampleDelivery, sampleJob } from "./builders.ts";
export { FlakyBackend } from "./flaky-backend.ts";
export type { Fault, FlakyBackendOptions, FlakyVerb } from "./flaky-backend.ts";
export { ForwardingBackend } from "./forwarding-backend.ts";
