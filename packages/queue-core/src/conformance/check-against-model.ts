import { deepStrictEqual } from "node:assert";
import type { Clock } from "@chimera/dlq";
import { LocalBackend } from "../local/local-backend.ts";
import type { QueueBackend } from "../protocol.ts";
import type { ConformanceFixture, FixtureBackendOptions } from "./conformance-case.ts";
import { HistoryPlayer } from "./history-player.ts";
import { advanceMs, histories, type FastCheckModule, type History } from "./history.ts";

export interface ModelCheckOptions {
  /** Histories to play, >= 1. @defaultValue 1_000 */
  readonly runs?: number;
  /** Most calls of a history, 1 to 100. @defaultValue 40 */
  readonly maxSteps?: number;
  /** Plays the same histories again; a failure prints its own. @defaultValue a random one */
  readonly seed?: number;
  /** The backend that is right by definition. @defaultValue a `LocalBackend` */
  readonly createOracle?: (clock: Clock, options: FixtureBackendOptions) => QueueBackend;
  /** Whether histories pause, cancel, browse and the like. @defaultValue true; both backends must offer `admin` */
  readonly withAdmin?: boolean;
}

/** A clock that a history moves; nobody waits on it. */
class HistoryClock implements Clock {
  #ms = 1_700_000_000_000;

  now(): number {
    return this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  schedule(): { cancel(): void } {
    return { cancel: () => undefined };
  }

  advance(durationMs: number): void {
    this.#ms += durationMs;
  }
}

/**
 * Plays seeded random histories of calls on a backend and on an oracle, and demands that every reply is equal, receipts
 * and moments aside. A difference is shrunk to the shortest history that shows it.
 *
 * fast-check is passed in: whoever checks a backend has it among his own tools, and nobody else gets it installed.
 *
 * @param fixture - needs `advanceClock`. A history takes well under two seconds of real time on it.
 * @throws Error with the history, both replies and fast-check's seed.
 */
export async function checkAgainstModel(
  fc: FastCheckModule,
  fixture: ConformanceFixture,
  options: ModelCheckOptions = {},
): Promise<void> {
  const { runs = 1_000, maxSteps = 40, seed, withAdmin = true } = options;
  const createOracle =
    options.createOracle ?? ((clock, limits) => new LocalBackend("oracle", { ...limits, clock }));
  await fc.assert(
    fc.asyncProperty(histories(fc, maxSteps, withAdmin), async (history) =>
      playBoth(history, fixture, createOracle),
    ),
    { numRuns: runs, includeErrorInReport: true, ...(seed !== undefined && { seed }) },
  );
}

async function playBoth(
  { maxDepth, steps }: History,
  fixture: ConformanceFixture,
  createOracle: NonNullable<ModelCheckOptions["createOracle"]>,
): Promise<void> {
  if (fixture.advanceClock === undefined) throw new TypeError("Expected the fixture to have `advanceClock`");
  const limits = maxDepth === undefined ? {} : { maxDepth };
  const clock = new HistoryClock();
  const oracle = createOracle(clock, limits);
  const backend = await fixture.createBackend(limits);
  try {
    const expected = new HistoryPlayer(oracle);
    const actual = new HistoryPlayer(backend);
    for (const [index, step] of [...steps, { verb: "metrics" } as const].entries()) {
      if (step.verb === "advance") {
        clock.advance(advanceMs(step.by));
        await fixture.advanceClock(advanceMs(step.by));
      }
      const reply = await actual.play(step);
      deepStrictEqual(
        reply,
        await expected.play(step),
        `step ${index + 1}, ${step.verb}, was answered otherwise`,
      );
    }
  } catch (error) {
    throw withDifference(error);
  } finally {
    await Promise.all([oracle.close(), backend.close()]);
  }
}

/** An assertion's own message hides the difference when it was given one: say both. */
function withDifference(error: unknown): unknown {
  const { message, actual, expected } = error as { message?: string; actual?: unknown; expected?: unknown };
  if (actual === undefined && expected === undefined) return error;
  return new Error(`${message}\nexpected ${JSON.stringify(expected)}\ngot      ${JSON.stringify(actual)}`, {
    cause: error,
  });
}
