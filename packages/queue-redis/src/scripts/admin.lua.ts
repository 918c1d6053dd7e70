import { LAYOUT_VERSION, LEASES, NOTE_TIME, ORDER, PLACES, PRELUDE, STATE, WAKE_UP } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

const FORGET_JOB = `
local function forgetJob(id, state)
  redis.call('HDEL', k_state, id)
  redis.call('HDEL', k_jobs, id)
  if state then freeDedup(id, state) end
end
`;

/** Whether a job without a state is in flight, else it is ready: plain jobs leave their list in the order of their records. */
const HANDED_OUT = `
local HANDED = redis.call('HMGET', k_meta, 'handed-h', 'handed-n', 'handed-l')
local handedOf = { h = HANDED[1], n = HANDED[2], l = HANDED[3] }
local function handedOut(record)
  local last = handedOf[letterOf(record)]
  return last and orderOf(record) <= last
end
`;

/**
 * Opens a partition: notes the layout and the number of partitions where nobody did before.
 *
 * ARGV: partitions; `1` to note it also in place of another number while there are no jobs. Returns the number of partitions that holds. Cost: O(1). Refuses a newer layout only.
 */
export const OPEN: Script = defineScript(
  "open",
  ["meta", "jobs"],
  `
local META = redis.call('HMGET', k_meta, 'layout', 'partitions')
if META[1] and tonumber(META[1]) > ${LAYOUT_VERSION} then return redis.error_reply('CHIMERA_LAYOUT_NEWER ' .. META[1]) end
if META[1] and META[2] == ARGV[1] then return META[2] end
if META[2] and (ARGV[2] ~= '1' or redis.call('HLEN', k_jobs) > 0) then return META[2] end
redis.call('HSET', k_meta, 'layout', ${LAYOUT_VERSION}, 'partitions', ARGV[1])
return ARGV[1]
`,
);

/**
 * How many jobs a partition has, whatever the number of partitions it was made with.
 *
 * ARGV: none. Returns that number (or `-`) and the jobs. Cost: O(1).
 */
export const CENSUS: Script = defineScript(
  "census",
  ["meta", "jobs"],
  `return { redis.call('HGET', k_meta, 'partitions') or '-', redis.call('HLEN', k_jobs) }`,
);

/**
 * Removes jobs from wherever they are. A ready one leaves its entry in the list, counted in `tombs`.
 *
 * ARGV: partitions, ids. Returns 1 or 0 for each id. Cost: O(ids log n). Bound: 250 ids, 250 entries cleared off each head.
 */
export const CANCEL: Script = defineScript(
  "cancel",
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
    "ghosts",
    "tombs",
    "dedup",
  ],
  PRELUDE,
  STATE,
  ORDER,
  LEASES,
  HANDED_OUT,
  FORGET_JOB,
  `
local answers, cancelled = {}, 0
local function bury(priority, id)
  redis.call('HINCRBY', k_tombs, priority .. id, 1)
  tombs = tombs + 1
end
-- Its batch is not known: whoever asks for the delivery meets this first.
local function haunt(id)
  local text = redis.call('HGET', k_ghosts, id)
  local left = text and tonumber(string.sub(text, 18)) or 0
  redis.call('HSET', k_ghosts, id, string.format('%016.0f %d', tonumber(META[8]), left + 1))
  ghosts = ghosts + 1
end
local function cancel(id)
  local text = redis.call('HGET', k_state, id)
  if not text then
    local record = redis.call('HGET', k_jobs, id)
    if not record then return 0 end
    forgetJob(id)
    if handedOut(record) then haunt(id) else bury(letterOf(record), id) end
    return 1
  end
  local state = readState(text)
  forgetJob(id, state)
  if state.place == '-' then
    bury(state.priority, id)
  elseif string.byte(state.place) == 100 then
    redis.call('ZREM', k_delayed, string.sub(state.place, 2) .. id)
  else
    local batch, place = string.match(state.place, '^(.*)~(%d+)$')
    local flags = flagsOf(flagsText(batch))
    flags[tonumber(place)] = DASH
    if singles > 0 then singles = singles - redis.call('ZREM', k_leases, state.place) end
    keepFlags(batch, string.char(unpack(flags)))
  end
  return 1
end
for i = 2, #ARGV do
  answers[i - 1] = cancel(ARGV[i])
  cancelled = cancelled + answers[i - 1]
end
for priority, list in pairs(readyList) do
  for _ = 1, tombs > 0 and 250 or 0 do
    local entry = redis.call('LINDEX', list, 0)
    local field = entry and priority .. string.match(entry, '^[*!]?(.*)$')
    local left = field and redis.call('HGET', k_tombs, field)
    if not left then break end
    redis.call('LPOP', list)
    if left == '1' then redis.call('HDEL', k_tombs, field) else redis.call('HINCRBY', k_tombs, field, -1) end
    tombs = tombs - 1
  end
end
if cancelled > 0 then redis.call('HINCRBY', k_meta, 'cancelled', cancelled) end
`,
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
  FORGET_JOB,
  `
local cleared, passes = 0, 0
for priority, list in pairs(readyList) do
  local entries = passes < 250 and redis.call('LPOP', list, 250 - passes)
  for _, entry in ipairs(entries or {}) do
    passes = passes + 1
    local id = string.match(entry, '^[*!]?(.*)$')
    local left = tombs > 0 and redis.call('HGET', k_tombs, priority .. id)
    if left then
      if left == '1' then redis.call('HDEL', k_tombs, priority .. id) else redis.call('HINCRBY', k_tombs, priority .. id, -1) end
      tombs = tombs - 1
    else
      local text = redis.call('HGET', k_state, id)
      forgetJob(id, text and readState(text))
      cleared = cleared + 1
    end
  end
end
local delayed = passes < 250 and redis.call('ZRANGE', k_delayed, 0, 249 - passes) or {}
for _, member in ipairs(delayed) do
  passes = passes + 1
  local id = string.sub(member, 17)
  local text = redis.call('HGET', k_state, id)
  forgetJob(id, text and readState(text))
  redis.call('ZREM', k_delayed, member)
  cleared = cleared + 1
end
if passes > 0 then redis.call('HINCRBY', k_meta, 'cancelled', cleared) end
`,
  NOTE_TIME,
  `return { cleared, passes >= 250 and 1 or 0 }`,
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
  ORDER,
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
if ARGV[2] == '1' then
  redis.call('HSET', k_meta, 'paused', '1')
else
  redis.call('HDEL', k_meta, 'paused')
  wakeUp(8)
end
`,
  NOTE_TIME,
  `return 1`,
);

/**
 * Jobs as an administrator sees them: one by id, or a page of a place.
 *
 * ARGV: partitions; `id`, `ready`, `delayed` or `in-flight`; then the id, or the position of the page and its size.
 * Returns ids, records, states (or `plain` for a job in flight for the first time, or empty text), due times or `-`, and the position of the next page or -1. Cost: O(page + position for a ready page). Bound: 250.
 */
export const LOOK: Script = defineScript(
  "look",
  ["meta", "jobs", "state", "high", "normal", "low", "delayed", "leases", "batches", "ghosts"],
  PRELUDE,
  ORDER,
  LEASES,
  HANDED_OUT,
  `
local ids, dues = {}, {}
local from, size = tonumber(ARGV[3]), tonumber(ARGV[4])
local start, next = from or 0, nil
if ARGV[2] == 'id' then
  ids[1] = ARGV[3]
elseif ARGV[2] == 'ready' then
  for _, list in ipairs({ k_high, k_normal, k_low }) do
    local length = redis.call('LLEN', list)
    if #ids < size and from < length then
      for _, entry in ipairs(redis.call('LRANGE', list, from, from + size - #ids - 1)) do
        ids[#ids + 1] = string.match(entry, '^[*!]?(.*)$')
      end
      from = length
    end
    from = math.max(0, from - length)
  end
elseif ARGV[2] == 'delayed' then
  for i, member in ipairs(redis.call('ZRANGE', k_delayed, from, from + size - 1)) do ids[i] = string.sub(member, 17) end
else
  -- A position is a thousand times the rank of the lease and the place in its batch.
  local rank, place, looked = math.floor(from / 1000), from % 1000, 0
  while #ids < size and looked < 1000 do
    local member = redis.call('ZRANGE', k_leases, rank, rank)[1]
    if not member then break end
    local batch, only = string.match(member, '^(.*)~(%d+)$')
    only = tonumber(only)
    batch = batch or member
    local all, flags = idsOf(batch), flagsOf(flagsText(batch))
    local last = only or #all
    if only then place = math.max(place, only - 1) end
    while place < last and #ids < size do
      place = place + 1
      looked = looked + 1
      local own = not only and singles > 0 and redis.call('ZSCORE', k_leases, single(batch, place))
      if inFlight(flags[place]) and not own and not isGhost(batch, all[place]) then ids[#ids + 1] = all[place] end
    end
    if place >= last then rank, place = rank + 1, 0 end
  end
  next = redis.call('ZCARD', k_leases) > rank and rank * 1000 + place or -1
end
next = next or (#ids == size and start + size or -1)
if #ids == 0 then return { {}, {}, {}, {}, next } end
local records = redis.call('HMGET', k_jobs, unpack(ids))
local states = redis.call('HMGET', k_state, unpack(ids))
for i = 1, #ids do
  records[i] = records[i] or ''
  if not states[i] then states[i] = ARGV[2] ~= 'ready' and records[i] ~= '' and handedOut(records[i]) and 'plain' or '' end
  local order = string.match(states[i], '^d(%d+) ')
  local due = order and redis.call('ZSCORE', k_delayed, order .. ids[i])
  dues[i] = due and fmt(tonumber(due)) or '-'
end
return { ids, records, states, dues, next }
`,
);
