/** Calls whose durations are remembered; a call brings 128 samples at most. */
const KEPT_LATENCY_CALLS = 1_024;
/** Failures that a job remembers. */
const KEPT_ERRORS = 5;

/**
 * Ends deliveries, run by run: jobs settled alike whose receipts carry the same token stand together in ARGV.
 *
 * Sets `stale`, the indexes (from 1, over all runs) of receipts that were not current.
 * A run is a letter (`d` done, `x` dead, `l` release, `r` retry), the token, the number of items, and the items: an id, and
 * for a retry also its delay, `1` or `0` for counts, and the error as JSON text or nothing.
 */
export const SETTLE_RUNS: string = `
local stale, index = {}, 0
local processed, deadLettered, retried, failed, woken = 0, 0, 0, 0, 0

-- Whether a receipt with this token is the job's current one.
local function current(text, token)
  return text and (text == token or string.sub(text, 1, #token + 1) == token .. ' ')
end
local function forget(ids, token)
  local texts = redis.call('HMGET', k_state, unpack(ids))
  local gone = {}
  for i = 1, #ids do
    local text = texts[i]
    if text == token then
      gone[#gone + 1] = ids[i]
    elseif current(text, token) then
      freeDedup(ids[i], readState(text))
      gone[#gone + 1] = ids[i]
    else
      stale[#stale + 1] = index + i
    end
  end
  if #gone == 0 then return 0 end
  local removed = redis.call('HDEL', k_state, unpack(gone))
  redis.call('HDEL', k_jobs, unpack(gone))
  if removed < #gone then
    -- The same receipt twice in one run: the second is stale.
    local seen = {}
    for i = 1, #ids do
      if seen[ids[i]] then stale[#stale + 1] = index + i end
      seen[ids[i]] = true
    end
    gone = {}
    for id in pairs(seen) do gone[#gone + 1] = id end
  end
  leave(token, gone)
  return removed
end
local function release(id, token)
  local text = redis.call('HGET', k_state, id)
  if not current(text, token) then return false end
  local state = readState(text)
  state.deliveries = state.deliveries - 1
  toHead(id, state)
  woken = woken + 1
  return true
end
local function remember(errors, text)
  local lines = { }
  for line in string.gmatch(errors, '\\n([^\\n]*)') do lines[#lines + 1] = line end
  lines[#lines + 1] = fmt(now) .. ':' .. text
  return '\\n' .. table.concat(lines, '\\n', math.max(1, #lines - ${KEPT_ERRORS - 1}))
end
local function retry(id, token, delay, counts, failure)
  local text = redis.call('HGET', k_state, id)
  if not current(text, token) then return false end
  local state = readState(text)
  retried = retried + 1
  if counts == '1' then
    failed = failed + 1
    state.failures = state.failures + 1
    if failure ~= '' then state.errors = remember(state.errors, failure) end
  end
  if delay == '0' then toTail(id, state) else toDelayed(id, state, now + tonumber(delay)) end
  woken = woken + 1
  return true
end

local at = RUNS
while at <= #ARGV do
  local kind, token, size = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  if kind == 'd' or kind == 'x' then
    local ids = {}
    for i = 1, size do ids[i] = ARGV[at + i - 1] end
    local count = forget(ids, token)
    if kind == 'd' then processed = processed + count else deadLettered = deadLettered + count end
    at = at + size
  else
    local left, width = {}, kind == 'l' and 1 or 4
    for i = 1, size do
      local id, taken = ARGV[at], false
      if kind == 'l' then taken = release(id, token) else taken = retry(id, token, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]) end
      if taken then left[#left + 1] = id else stale[#stale + 1] = index + i end
      at = at + width
    end
    if #left > 0 then leave(token, left) end
  end
  index = index + size
end

if DURATIONS ~= '' and processed > 0 then
  redis.call('LPUSH', k_latency, fmt(now) .. ' ' .. DURATIONS)
  redis.call('LTRIM', k_latency, 0, ${KEPT_LATENCY_CALLS - 1})
end
if processed > 0 then redis.call('HINCRBY', k_meta, 'processed', processed) end
if deadLettered > 0 then redis.call('HINCRBY', k_meta, 'deadLettered', deadLettered) end
if retried > 0 then redis.call('HINCRBY', k_meta, 'retried', retried) end
if failed > 0 then redis.call('HINCRBY', k_meta, 'failed', failed) end
`;
