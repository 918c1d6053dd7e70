import type { DeadLetter } from "@chimera/dlq";
import { sampleLetter } from "@chimera/dlq/testing";

/** As the service's dead letters name its queue. */
const QUAKES = "queue:chimera-demo-quakes";

/** A letter of the service's queue. */
export function letter(id: string, overrides: Partial<DeadLetter> = {}): DeadLetter {
  return sampleLetter({ id, source: QUAKES, target: QUAKES, reason: "unrecoverable", ...overrides });
}
