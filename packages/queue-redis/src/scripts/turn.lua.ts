import { HAND_OUT, SLEEP } from "./hand-out.lua.ts";
import { HEAD_SINCE, TO_HEAD } from "./heads.lua.ts";
import { plainTurn } from "./plain-turn.lua.ts";
import {
  ENTRIES,
  FREEING_WRITE,
  LEASES,
  NOTES,
  NOTE_TIME,
  OPENING,
  PLACES,
  STATE,
  WAKE_UP,
} from "./prelude.lua.ts";
import { REFRESH } from "./refresh.lua.ts";
import { defineScript, type Script } from "./script.ts";
import { IN_FLIGHT_STATE, PLACES_OF_RUN, SETTLE_RUNS } from "./settle.lua.ts";
import { BURIED } from "./tombs.lua.ts";

const FETCH = `
local MAX, LEASE, NONCE, WAIT, ALONE_REFUSED = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1'
`;
const FETCH_REPLY = `
local header = fmt(now) .. ' ' .. fmt(base) .. ' ' .. batch .. ' ' .. (more and '1' or '0') .. ' ' .. (META[9] and '1' or '0') .. ' ' .. nextDue .. ' ' .. #reclaimed
`;

/**
 * Hands out ready jobs under leases, after promoting and reclaiming what is due.
 *
 * ARGV: partitions; most jobs; lease in ms; nonce; milliseconds for which the caller will wait when there is nothing (0: it
 * will not); `1` to leave a suspect where it is, since it has to be handed out alone.
 * Returns the header (now, first fence, batch, `1` when a bound was hit, `1` while paused, ms to the next due moment or `-`, leases
 * reclaimed), entries (`ENTRIES` in prelude.lua.ts), and the records and states of the marked ones.
 * Cost: O(max + due log n). Bound: 250 handed out, promoted, reclaimed and swept each, 500 taken off the lists.
 */
export const DEQUEUE: Script = defineScript(
  "dequeue",
  [
    "meta",
    "jobs",
    "state",
    "high",
    "normal",
    "low",
    "delayed",
    "leases",
    "batches",
    "tombs",
    "dedup",
    "dedupDue",
    "wake",
  ],
  OPENING,
  FETCH,
  plainTurn({ settles: false, fetches: true }, `{ header, entries, {}, {} }`),
  NOTES,
  STATE,
  ENTRIES,
  PLACES,
  HEAD_SINCE,
  TO_HEAD,
  LEASES,
  IN_FLIGHT_STATE,
  FREEING_WRITE,
  BURIED,
  REFRESH,
  HAND_OUT,
  SLEEP,
  FETCH_REPLY,
  NOTE_TIME,
  `return { header, entries, records, states }`,
);

/**
 * Ends deliveries.
 *
 * ARGV: partitions; durations in ms with a space between (or nothing); then the runs (settle.lua.ts).
 * Returns the indexes of stale receipts, from 1.
 * Cost: O(settlements log n). Bound: 250.
 */
export const SETTLE: Script = defineScript(
  "settle",
  [
    "meta",
    "jobs",
    "state",
    "high",
    "normal",
    "low",
    "delayed",
    "leases",
    "batches",
    "tombs",
    "dedup",
    "latency",
    "wake",
  ],
  OPENING,
  `local DURATIONS, RUNS = ARGV[2], 3`,
  plainTurn({ settles: true, fetches: false }, `{}`),
  NOTES,
  STATE,
  ENTRIES,
  PLACES,
  HEAD_SINCE,
  TO_HEAD,
  LEASES,
  IN_FLIGHT_STATE,
  WAKE_UP,
  FREEING_WRITE,
  PLACES_OF_RUN,
  SETTLE_RUNS,
  `wakeUp(woken)`,
  NOTE_TIME,
  `return stale`,
);

/**
 * `settle` and then `dequeue` in one call.
 *
 * ARGV: as dequeue's, then durations and runs as settle's.
 * Returns the indexes of stale receipts, then what dequeue returns.
 * Cost and bound: those of both.
 */
export const SETTLE_AND_DEQUEUE: Script = defineScript(
  "settle-and-dequeue",
  [
    "meta",
    "jobs",
    "state",
    "high",
    "normal",
    "low",
    "delayed",
    "leases",
    "batches",
    "tombs",
    "dedup",
    "dedupDue",
    "latency",
    "wake",
  ],
  OPENING,
  FETCH,
  `local DURATIONS, RUNS = ARGV[7], 8`,
  plainTurn({ settles: true, fetches: true }, `{ {}, header, entries, {}, {} }`),
  NOTES,
  STATE,
  ENTRIES,
  PLACES,
  HEAD_SINCE,
  TO_HEAD,
  LEASES,
  IN_FLIGHT_STATE,
  WAKE_UP,
  FREEING_WRITE,
  PLACES_OF_RUN,
  SETTLE_RUNS,
  BURIED,
  REFRESH,
  HAND_OUT,
  SLEEP,
  FETCH_REPLY,
  `wakeUp(woken - #entries)`,
  NOTE_TIME,
  `return { stale, header, entries, records, states }`,
);
