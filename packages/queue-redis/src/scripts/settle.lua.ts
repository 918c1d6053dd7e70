/** Calls whose durations are remembered; a call brings 128 samples at most. */
const KEPT_LATENCY_CALLS = 1_024;
/** Calls beyond that before the oldest are cut off, so that not every call has to. */
const LATENCY_SLACK = 64;
/** Failures that a job remembers. */
const KEPT_ERRORS = 5;

/** Keeps how long the handlers of a call's jobs took. @param count - the variable that says how many are done */
export function noteDurations(count: string): string {
  return `
if DURATIONS ~= '' and ${count} > 0 then
  local calls = redis.call('LPUSH', k_latency, string.format('%.0f', now) .. ' ' .. DURATIONS)
  if calls > ${KEPT_LATENCY_CALLS + LATENCY_SLACK} then redis.call('LTRIM', k_latency, 0, ${KEPT_LATENCY_CALLS - 1}) end
end
`;
}

/** Reads the places of a run: the first alone where the others follow it one by one, else all, with commas between. */
export const PLACES_OF_RUN: string = `
local function placesOfRun(text, size)
  local places = {}
  local first = tonumber(text)
  if first then
    for i = 1, size do places[i] = first + i - 1 end
  else
    for place in string.gmatch(text, '%d+') do places[#places + 1] = tonumber(place) end
  end
  return places
end
`;

/** The state of a job in flight: its own, or what goes without saying of one that travels whole. */
export const IN_FLIGHT_STATE: string = `
local function stateInFlight(id, flag)
  local text = hasState(flag) and redis.call('HGET', k_state, id)
  return text and readState(text)
    or { place = '', deliveries = 1, failures = 0, reclaims = 0, since = 0, expires = 0, priority = priorityOf(flag), dedup = '', errors = '' }
end
`;

/**
 * Ends deliveries, run by run: jobs settled alike that are of one batch stand together in ARGV.
 *
 * Sets `stale`, the indexes (from 1, over all runs) of receipts that were not current.
 * A run is a letter (`d` done, `x` dead, `l` release, `r` retry), in upper case when the jobs travel whole; the batch, the number of
 * jobs, their places in the batch, and then of each job: its id unless it travels whole, and for a retry its delay, `1` or `0` for
 * counts, and the error as JSON text or nothing.
 */
export const SETTLE_RUNS: string = `
local stale, index = {}, 0
local processed, deadLettered, retried, failed, woken = 0, 0, 0, 0, 0

local function forget(ids)
  for i, text in ipairs(redis.call('HMGET', k_state, unpack(ids))) do
    local dedup = text and string.match(text, '^[^\\n]*\\n([^\\n]*)')
    if dedup and dedup ~= '' then freeDedup(ids[i], { dedup = dedup }) end
  end
  redis.call('HDEL', k_state, unpack(ids))
  redis.call('HDEL', k_jobs, unpack(ids))
end
local function release(id, flag)
  local state = stateInFlight(id, flag)
  state.deliveries = state.deliveries - 1
  toHead(id, state)
  woken = woken + 1
end
local function remember(errors, text)
  local lines = { }
  for line in string.gmatch(errors, '\\n([^\\n]*)') do lines[#lines + 1] = line end
  lines[#lines + 1] = fmt(now) .. ':' .. text
  return '\\n' .. table.concat(lines, '\\n', math.max(1, #lines - ${KEPT_ERRORS - 1}))
end
local function retry(id, flag, delay, counts, failure)
  local state = stateInFlight(id, flag)
  retried = retried + 1
  if counts == '1' then
    failed = failed + 1
    state.failures = state.failures + 1
    if failure ~= '' then state.errors = remember(state.errors, failure) end
  end
  if delay == '0' then toTail(id, state) else toDelayed(id, state, now + tonumber(delay)) end
  woken = woken + 1
end
local function endSingles(batch, places)
  if singles == 0 or #places == 0 then return end
  local members = {}
  for i = 1, #places do members[i] = single(batch, places[i]) end
  singles = singles - redis.call('ZREM', k_leases, unpack(members))
end
-- A run of any kind, job by job. Answers how many were current and are gone for good.
local function settleEach(kind, whole, batch, size, places, text, at)
  local flags, left, gone, kept = flagsOf(text), {}, {}, {}
  local entries = whole and (kind == 'l' or kind == 'r') and entriesOf(batch)
  local width = (whole and 0 or 1) + (kind == 'r' and 3 or 0)
  for i = 1, size do
    local place = places[i]
    local flag = flags[place]
    if inFlight(flag) then
      flags[place] = DASH
      left[#left + 1] = place
      local id = not whole and ARGV[at]
      if entries then
        id = idOf(entries[place])
        kept[#kept + 1] = id
        kept[#kept + 1] = recordOf(entries[place])
      end
      if kind == 'l' then
        release(id, flag)
      elseif kind == 'r' then
        retry(id, flag, ARGV[at + width - 3], ARGV[at + width - 2], ARGV[at + width - 1])
      elseif id then
        gone[#gone + 1] = id
      end
    else
      stale[#stale + 1] = index + i
    end
    at = at + width
  end
  if #kept > 0 then redis.call('HSET', k_jobs, unpack(kept)) end
  if #gone > 0 then forget(gone) end
  if #left > 0 then
    flying = flying - #left
    endSingles(batch, left)
    keepFlags(batch, string.char(unpack(flags)))
  end
  return #left
end
-- The flags without those of a run of jobs that follow one another; nil when one of them is not current.
local function withoutRun(flags, first, size)
  local last = first + size - 1
  if last > #flags or string.find(flags, '-', first, true) and string.find(string.sub(flags, first, last), '-', 1, true) then return nil end
  return string.sub(flags, 1, first - 1) .. string.rep('-', size) .. string.sub(flags, last + 1)
end

local at = RUNS
while at <= #ARGV do
  local letter, batch, size = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local kind = string.lower(letter)
  local whole = kind ~= letter
  local flags, first, count = flagsText(batch), tonumber(ARGV[at + 3]), 0
  local simple = whole and first and singles == 0 and (kind == 'd' or kind == 'x')
  local left = simple and withoutRun(flags, first, size)
  if left then
    -- Nearly every run: the batch is all there is of these jobs.
    flying = flying - size
    keepFlags(batch, left)
    count = size
  else
    count = settleEach(kind, whole, batch, size, placesOfRun(ARGV[at + 3], size), flags, at + 4)
  end
  if kind == 'd' then processed = processed + count elseif kind == 'x' then deadLettered = deadLettered + count end
  index = index + size
  at = at + 4 + size * ((whole and 0 or 1) + (kind == 'r' and 3 or 0))
end

${noteDurations("processed").trim()}
if processed > 0 then note('processed', fmt((tonumber(META[13]) or 0) + processed)) end
if deadLettered > 0 then redis.call('HINCRBY', k_meta, 'deadLettered', deadLettered) end
if retried > 0 then redis.call('HINCRBY', k_meta, 'retried', retried) end
if failed > 0 then redis.call('HINCRBY', k_meta, 'failed', failed) end
`;
