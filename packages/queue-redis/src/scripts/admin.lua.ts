import {
  ENTRIES,
  FREEING_WRITE,
  LAYOUT_VERSION,
  NOTE_TIME,
  PLACES,
  PRELUDE,
  STATE,
  WAKE_UP,
} from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

/** What {@link JOBS} needs. */
export const JOB_KEYS = ["meta", "high", "normal", "low", "delayed"] as const;

/** How many jobs a partition has, with what its `meta` counts. */
export const JOBS = `
local function jobsHere(tombs, flying)
  return redis.call('LLEN', k_high) + redis.call('LLEN', k_normal) + redis.call('LLEN', k_low) - (tonumber(tombs) or 0)
    + redis.call('ZCARD', k_delayed) + (tonumber(flying) or 0)
end
`;

/**
 * Opens a partition: notes the layout and the number of partitions where nobody did before.
 *
 * ARGV: partitions. Returns the number of partitions that holds, less than 0 while it is being changed. Cost: O(1). Refuses a newer layout only.
 */
export const OPEN: Script = defineScript(
  "open",
  JOB_KEYS,
  `
local META = redis.call('HMGET', k_meta, 'layout', 'partitions')
if META[1] and tonumber(META[1]) > ${LAYOUT_VERSION} then return redis.error_reply('CHIMERA_LAYOUT_NEWER ' .. META[1]) end
local number = META[2] or ARGV[1]
if not (META[1] and META[2]) then redis.call('HSET', k_meta, 'layout', ${LAYOUT_VERSION}, 'partitions', number) end
return string.byte(number) == 48 and '-' .. number or number
`,
);

/**
 * How many jobs a partition has, whatever the number of partitions it was made with; refused where every write is.
 *
 * ARGV: none. Returns that number (or `-`) and the jobs. Cost: O(1).
 */
export const CENSUS: Script = defineScript(
  "census",
  JOB_KEYS,
  JOBS,
  FREEING_WRITE,
  `
local META = redis.call('HMGET', k_meta, 'partitions', 'tombs', 'flying')
return { META[1] or '-', jobsHere(META[2], META[3]) }
`,
);

/**
 * Makes a delayed job ready.
 *
 * ARGV: partitions, id. Returns 1 when it was delayed, else 0. Cost: O(log n).
 */
export const RUN_NOW: Script = defineScript(
  "run-now",
  ["meta", "jobs", "state", "high", "normal", "low", "delayed", "dedup", "wake"],
  PRELUDE,
  STATE,
  ENTRIES,
  PLACES,
  WAKE_UP,
  `
local text = redis.call('HGET', k_state, ARGV[2])
local state = text and readState(text)
if not state or redis.call('ZREM', k_delayed, string.sub(state.place, 2) .. ARGV[2]) == 0 then return 0 end
toTail(ARGV[2], state)
wakeUp(1)
`,
  NOTE_TIME,
  `return 1`,
);

/**
 * Stops or allows hand-outs.
 *
 * ARGV: partitions, `1` or `0`. Returns 1. Cost: O(1).
 */
export const PAUSE: Script = defineScript(
  "pause",
  ["meta", "wake"],
  PRELUDE,
  WAKE_UP,
  `
-- First, also for a pause: a server at its maxmemory lets what comes after it pass.
redis.call('HDEL', k_meta, 'paused')
if ARGV[2] == '1' then
  redis.call('HSET', k_meta, 'paused', '1')
else
  wakeUp(8)
end
`,
  NOTE_TIME,
  `return 1`,
);
