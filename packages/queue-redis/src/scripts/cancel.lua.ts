import { ENTRIES, LEASES, NOTE_TIME, PRELUDE, STATE } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";
import { BURIED, CLEAR_HEADS } from "./tombs.lua.ts";

const FORGET_JOB = `
local function forgetJob(id)
  local text = redis.call('HGET', k_state, id)
  redis.call('HDEL', k_state, id)
  redis.call('HDEL', k_jobs, id)
  if text then freeDedup(id, readState(text)) end
end
`;

/** Takes a job out of its batch: its receipt is stale from then on. */
export const CUT_OFF: string = `
local function cutOff(batch, place)
  local flags = flagsOf(flagsText(batch))
  flags[place] = DASH
  flying = flying - 1
  if singles > 0 then singles = singles - redis.call('ZREM', k_leases, single(batch, place)) end
  keepFlags(batch, string.char(unpack(flags)))
end
`;

/**
 * Removes jobs that have an entry in `jobs`, wherever they are. A ready one leaves its entry in the list, counted in `tombs`.
 *
 * ARGV: partitions, ids. Returns 1 or 0 for each id. Cost: O(ids log n). Bound: 250 ids, 250 entries cleared off each head.
 */
export const CANCEL: Script = defineScript(
  "cancel",
  ["meta", "jobs", "state", "high", "normal", "low", "delayed", "leases", "batches", "tombs", "dedup"],
  PRELUDE,
  STATE,
  ENTRIES,
  LEASES,
  FORGET_JOB,
  CUT_OFF,
  BURIED,
  `
local answers, cancelled = {}, 0
local function cancel(id)
  local text = redis.call('HGET', k_state, id)
  if not text then return 0 end
  local state = readState(text)
  forgetJob(id)
  if state.place == '-' then
    bury(id, state.priority)
  elseif string.byte(state.place) == 100 then
    if redis.call('ZREM', k_delayed, string.sub(state.place, 2) .. id) == 0 then bury(id, state.priority) end
  else
    local batch, place = string.match(state.place, '^(.*)~(%d+)$')
    cutOff(batch, tonumber(place))
  end
  return 1
end
for i = 2, #ARGV do
  answers[i - 1] = cancel(ARGV[i])
  cancelled = cancelled + answers[i - 1]
end
if cancelled > 0 then redis.call('HINCRBY', k_meta, 'cancelled', cancelled) end
`,
  CLEAR_HEADS,
  NOTE_TIME,
  `return answers`,
);

/**
 * Cancels ready and delayed jobs, at most 250 a call.
 *
 * ARGV: partitions. Returns how many, and 1 when there may be more. Cost: O(250 log n).
 */
export const CLEAR: Script = defineScript(
  "clear",
  ["meta", "jobs", "state", "high", "normal", "low", "delayed", "tombs", "dedup"],
  PRELUDE,
  STATE,
  ENTRIES,
  FORGET_JOB,
  BURIED,
  `
local cleared, passes = 0, 0
for priority, list in pairs(readyList) do
  local entries = passes < 250 and redis.call('LPOP', list, 250 - passes)
  for _, entry in ipairs(entries or {}) do
    passes = passes + 1
    uncount(entry, priority)
    if tombs == 0 or not isBuried(priority, entry) then
      if isMarked(string.byte(entry)) then forgetJob(string.sub(entry, 2)) end
      cleared = cleared + 1
    end
  end
end
local delayed = passes < 250 and redis.call('ZRANGE', k_delayed, 0, 249 - passes) or {}
for _, member in ipairs(delayed) do
  passes = passes + 1
  forgetJob(string.sub(member, 18))
  redis.call('ZREM', k_delayed, member)
  cleared = cleared + 1
end
if passes > 0 then redis.call('HINCRBY', k_meta, 'cancelled', cleared) end
`,
  NOTE_TIME,
  `return { cleared, passes >= 250 and 1 or 0 }`,
);
