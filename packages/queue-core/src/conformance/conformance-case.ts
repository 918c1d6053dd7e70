import type { QueueBackend } from "../protocol.ts";
import { CaseSession } from "./case-session.ts";

/** What a case asks of a fresh queue. */
export interface FixtureBackendOptions {
  readonly maxDepth?: number;
}

/**
 * What a backend's suite gives to the kit. Only `createBackend` is required; a case that needs a hook which is not
 * there is reported as skipped, with the reason.
 */
export interface ConformanceFixture {
  /** A backend on a queue that is empty and that nobody else uses. */
  createBackend(options?: FixtureBackendOptions): Promise<QueueBackend>;
  /** Another consumer of the same queue. A backend that has its queue to itself answers the backend itself. */
  createPeer?(backend: QueueBackend): Promise<QueueBackend>;
  /** Moves the backend's clock forward and resolves once every call from now on sees the new time. */
  advanceClock?(durationMs: number): Promise<void>;
  /**
   * Whether the clock moves by `advanceClock` alone. Then the exact millisecond is checked; otherwise what is
   * promised in real time is.
   */
  readonly clockStandsStill?: boolean;
  /** Cuts every connection that the backend has, as a network fault would, and resolves when they are cut. */
  killConnection?(backend: QueueBackend): Promise<void>;
  /**
   * Kills what holds the queue with no warning (a server, or the process with the journal) and starts it again on
   * the same data. Answers the backend to go on with, the same one or another.
   */
  restartServer?(backend: QueueBackend): Promise<QueueBackend>;
}

/** A hook or facet that a case cannot do without. */
export type ConformanceNeed =
  | "createPeer"
  | "advanceClock"
  | "killConnection"
  | "restartServer"
  /** `backend.admin` */
  | "admin"
  /** `backend.settleAndDequeue` */
  | "settleAndDequeue"
  /** A clock that moves by `advanceClock` alone. */
  | "a clock that stands still"
  /** A clock that runs by itself. */
  | "a clock that runs";

/** Why a case was not run. */
export interface SkippedCase {
  readonly skipped: string;
}

/** One claim about a backend, under the number of the protocol's rule that it belongs to. */
export interface ConformanceCase {
  /** 1 to 19. */
  readonly rule: number;
  readonly name: string;
  readonly needs: readonly ConformanceNeed[];
  /**
   * Makes a queue, tries the claim and closes whatever it opened.
   *
   * @returns nothing when the claim holds, or why it could not be tried.
   * @throws AssertionError when it does not hold.
   */
  readonly run: (fixture: ConformanceFixture) => Promise<SkippedCase | undefined>;
}

/** A claim before it is a case. */
export interface CaseDefinition {
  readonly rule: number;
  readonly name: string;
  readonly needs?: readonly ConformanceNeed[];
  readonly options?: FixtureBackendOptions;
  readonly check: (session: CaseSession) => Promise<void>;
}

/** A case from its claim: makes the queue before and closes everything after. */
export function defineCase({ rule, name, needs = [], options, check }: CaseDefinition): ConformanceCase {
  return {
    rule,
    name,
    needs,
    run: async (fixture) => {
      const lacking = needs.find((need) => !isOffered(need, fixture));
      if (lacking !== undefined) return { skipped: `the fixture lacks ${lacking}` };
      const session = new CaseSession(fixture, await fixture.createBackend(options));
      try {
        const facet = needs.find((need) => isFacet(need) && session.backend[need] === undefined);
        if (facet !== undefined) return { skipped: `the backend lacks ${facet}` };
        await check(session);
        return undefined;
      } finally {
        await session.close();
      }
    },
  };
}

function isOffered(need: ConformanceNeed, fixture: ConformanceFixture): boolean {
  if (isFacet(need)) return true;
  if (need === "a clock that stands still") return fixture.clockStandsStill === true;
  if (need === "a clock that runs") return fixture.clockStandsStill !== true;
  return fixture[need] !== undefined;
}

function isFacet(need: ConformanceNeed): need is "admin" | "settleAndDequeue" {
  return need === "admin" || need === "settleAndDequeue";
}
