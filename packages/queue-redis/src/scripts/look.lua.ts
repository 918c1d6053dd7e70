import { CUT_OFF } from "./cancel.lua.ts";
import { ENTRIES, LEASES, NOTE_TIME, PRELUDE, STATE } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";
import { BURIED, CLEAR_HEADS } from "./tombs.lua.ts";

/** Entries of a ready list that one search looks at; 0.2 ms of the server's time with records of 200 bytes. */
const SEARCHED_ENTRIES = 500;
/** Leases whose jobs one search looks at. */
const SEARCHED_LEASES = 4;

/**
 * Jobs as an administrator sees them: one by id, or a page of a place.
 *
 * ARGV: partitions; `id`, `ready`, `delayed` or `in-flight`; then the id, or the position of the page and its size.
 * Returns ids, records (empty text for one that is gone), states (`plain` for a job in flight that travels whole, empty text for
 * such a one that is ready), due times or `-`, and the position of the next page or -1. By id it finds jobs with an entry in
 * `jobs`; the others are for `SEARCH`.
 * Cost: O(page + position for a ready page). Bound: 250.
 */
export const LOOK: Script = defineScript(
  "look",
  ["meta", "jobs", "state", "high", "normal", "low", "delayed", "leases", "batches"],
  PRELUDE,
  ENTRIES,
  LEASES,
  `
local ids, records, states, dues = {}, {}, {}, {}
local from, size = tonumber(ARGV[3]), tonumber(ARGV[4])
local start, next = from or 0, nil
local function addKept(id)
  local at = #ids + 1
  ids[at], records[at] = id, redis.call('HGET', k_jobs, id) or ''
  states[at] = redis.call('HGET', k_state, id) or ''
  local order = string.match(states[at], '^d(%d+%a) ')
  local due = order and redis.call('ZSCORE', k_delayed, order .. id)
  dues[at] = due and fmt(tonumber(due)) or '-'
end
local function add(entry, stateOfWhole)
  if isMarked(string.byte(entry)) then return addKept(string.sub(entry, 2)) end
  local at = #ids + 1
  if entry == '-' then
    ids[at], records[at] = '', ''
  else
    ids[at], records[at] = idOf(entry), recordOf(entry)
  end
  states[at], dues[at] = stateOfWhole, '-'
end
if ARGV[2] == 'id' then
  addKept(ARGV[3])
elseif ARGV[2] == 'ready' then
  for _, list in ipairs({ k_high, k_normal, k_low }) do
    local length = redis.call('LLEN', list)
    if #ids < size and from < length then
      for _, entry in ipairs(redis.call('LRANGE', list, from, from + size - #ids - 1)) do add(entry, '') end
      from = length
    end
    from = math.max(0, from - length)
  end
elseif ARGV[2] == 'delayed' then
  for _, member in ipairs(redis.call('ZRANGE', k_delayed, from, from + size - 1)) do addKept(string.sub(member, 18)) end
else
  -- A position is a thousand times the rank of the lease and the place in its batch.
  local rank, place, looked = math.floor(from / 1000), from % 1000, 0
  while #ids < size and looked < 1000 do
    local member = redis.call('ZRANGE', k_leases, rank, rank)[1]
    if not member then break end
    local batch, only = string.match(member, '^(.*)~(%d+)$')
    only = tonumber(only)
    batch = batch or member
    local entries, flags = entriesOf(batch), flagsOf(flagsText(batch))
    local last = only or #entries
    if only then place = math.max(place, only - 1) end
    while place < last and #ids < size do
      place = place + 1
      looked = looked + 1
      local own = not only and singles > 0 and redis.call('ZSCORE', k_leases, single(batch, place))
      if inFlight(flags[place]) and not own then add(entries[place], 'plain') end
    end
    if place >= last then rank, place = rank + 1, 0 end
  end
  next = redis.call('ZCARD', k_leases) > rank and rank * 1000 + place or -1
end
next = next or (#ids == size and start + size or -1)
return { ids, records, states, dues, next }
`,
);

/**
 * Looks through a slice of a ready list, from its tail, or of the leases, from the first to end, for jobs that travel whole.
 *
 * Nobody is held up by a long search, and nobody that stays where he is is missed: what joins or leaves meanwhile does so
 * beyond the slice, or was seen. A cancelled entry stays as a dash for that reason.
 *
 * ARGV: partitions; `h`, `n` or `l` for a list, or `f` for what is in flight; position (`0` at first); `1` to cancel what is found; ids.
 * Returns the position of the next slice or `-`, the ids found, and their records.
 * Cost: O(slice + position in a list). Bound: 500 entries of a list, 4 leases, 250 ids.
 */
export const SEARCH: Script = defineScript(
  "search",
  ["meta", "state", "high", "normal", "low", "leases", "batches", "tombs"],
  PRELUDE,
  STATE,
  ENTRIES,
  LEASES,
  CUT_OFF,
  BURIED,
  `
local wanted, ids, records, cancels = {}, {}, {}, ARGV[4] == '1'
for i = 5, #ARGV do wanted[ARGV[i]] = true end
-- Whether this is one of those that are looked for.
local function found(entry)
  if entry == '-' or isMarked(string.byte(entry)) then return false end
  local id = idOf(entry)
  if not wanted[id] then return false end
  ids[#ids + 1] = id
  records[#records + 1] = recordOf(entry)
  return true
end
local next = '-'
local function searchList(list)
  local from = tonumber(ARGV[3])
  local length = redis.call('LLEN', list)
  if from >= length then return end
  local first = math.max(0, length - from - ${SEARCHED_ENTRIES})
  for i, entry in ipairs(redis.call('LRANGE', list, first, length - from - 1)) do
    if found(entry) and cancels then
      redis.call('LSET', list, first + i - 1, '-')
      tombs = tombs + 1
    end
  end
  if first > 0 then next = fmt(length - first) end
end
local function searchLease(member)
  local batch, only = string.match(member, '^(.*)~(%d+)$')
  batch, only = batch or member, tonumber(only)
  local entries, flags = entriesOf(batch), flagsOf(flagsText(batch))
  for place = only or 1, only or #entries do
    if inFlight(flags[place]) and found(entries[place]) and cancels then cutOff(batch, place) end
  end
end
-- A position is the end of a lease and how many that end with it were seen.
local function searchLeases()
  local ends, seen = string.match(ARGV[3], '^(%d+):?(%d*)$')
  seen = tonumber(seen) or 0
  local leases = redis.call('ZRANGEBYSCORE', k_leases, ends, '+inf', 'WITHSCORES', 'LIMIT', seen, ${SEARCHED_LEASES})
  for i = 1, #leases, 2 do
    searchLease(leases[i])
    if leases[i + 1] == ends then seen = seen + 1 else ends, seen = leases[i + 1], 1 end
  end
  -- What was cut off may have ended a lease, so the same slice is looked at again.
  if cancels and #ids > 0 then next = ARGV[3] elseif #leases == ${2 * SEARCHED_LEASES} then next = ends .. ':' .. seen end
end
if ARGV[2] == 'f' then searchLeases() else searchList(readyList[ARGV[2]]) end
if cancels and #ids > 0 then
  redis.call('HINCRBY', k_meta, 'cancelled', #ids)
`,
  CLEAR_HEADS,
  NOTE_TIME,
  `
end
return { next, ids, records }
`,
);
