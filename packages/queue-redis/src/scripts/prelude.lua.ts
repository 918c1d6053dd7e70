/** Written to `meta.layout`; a script that meets a larger number changes nothing. */
export const LAYOUT_VERSION = 1;

/**
 * Opens every script: refuses a newer layout or another number of partitions, and reads the server's clock.
 *
 * A step back of the clock by at most 5 s is hidden: time stands still until it has caught up. A larger one is
 * taken over and counted in `meta.clockSteps`. `meta.offset` is for tests and nothing here writes it: milliseconds to add, or `=` and a moment at which time stands.
 *
 * KEYS: meta. ARGV[1]: partitions. Sets `now` (ms), `us`, `META` and `fmt`; Lua's own `tostring` would turn
 * 16 digits into an exponent.
 */
export const PRELUDE: string = `
local fmt = function(number) return string.format('%.0f', number) end
local META = redis.call('HMGET', k_meta, 'layout', 'partitions', 'time', 'offset', 'sleepers', 'tombs', 'seq', 'fence', 'paused', 'singles')
if META[1] and tonumber(META[1]) > ${LAYOUT_VERSION} then return redis.error_reply('CHIMERA_LAYOUT_NEWER ' .. META[1]) end
if META[2] and META[2] ~= ARGV[1] then return redis.error_reply('CHIMERA_PARTITIONS_DIFFER ' .. META[2]) end
local clock = redis.call('TIME')
local us = clock[1] * 1000000 + clock[2]
if META[4] then
  local still = string.match(META[4], '^=(%d+)$')
  us = still and still * 1000 or us + META[4] * 1000
end
local newest = tonumber(META[3]) or 0
local stepped = newest - us > 5000000
if us < newest and not stepped then us = newest end
local now = math.floor(us / 1000)
local tombs = tonumber(META[6]) or 0
local seq = tonumber(META[7]) or 0
local singles = tonumber(META[10]) or 0
`;

/** Notes the time of this call, once its first write has been made. */
export const NOTE_TIME: string = `
if stepped then redis.call('HINCRBY', k_meta, 'clockSteps', 1) end
redis.call('HSET', k_meta, 'time', us, 'seq', seq, 'singles', singles)
`;

/**
 * Lets the rest of a script write on a server at \`maxmemory\`: Redis refuses a script's first write there if it
 * may use memory, but none after a write that frees.
 */
export const FREEING_WRITE: string = `
redis.call('HDEL', k_meta, '-')
`;

/**
 * What has happened to a job, as text in `state`. A job in flight for the first time, with nothing else to say,
 * is only its token. Otherwise: where it is (a token, \`-\` for ready, \`d\` and a sequence number for delayed),
 * deliveries, failures, reclaims, ready since, expiry (0: never), priority; then a line with the dedup key that
 * dies with the job, as JSON text; then a line for each remembered error. A token in a state or a receipt ends with the letter of the priority.
 */
export const STATE: string = `
local function readState(text)
  local place, deliveries, failures, reclaims, since, expires, priority, dedup, errors =
    string.match(text, '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%a)\\n([^\\n]*)(.*)$')
  if not place then
    return { place = text, deliveries = 1, failures = 0, reclaims = 0, since = 0, expires = 0,
      priority = string.sub(text, -1), dedup = '', errors = '' }
  end
  return { place = place, deliveries = tonumber(deliveries), failures = tonumber(failures), reclaims = tonumber(reclaims),
    since = tonumber(since), expires = tonumber(expires), priority = priority, dedup = dedup, errors = errors }
end
local function stateText(state)
  return state.place .. ' ' .. state.deliveries .. ' ' .. state.failures .. ' ' .. state.reclaims .. ' ' ..
    fmt(state.since) .. ' ' .. fmt(state.expires) .. ' ' .. state.priority .. '\\n' .. state.dedup .. state.errors
end
local readyList = { h = k_high, n = k_normal, l = k_low }
local function freeDedup(id, state)
  if state.dedup ~= '' and redis.call('HGET', k_dedup, state.dedup) == id then redis.call('HDEL', k_dedup, state.dedup) end
end
`;

/** Moves jobs that have a state to where they wait next. A mark before the id in a ready list says: look at the state. */
export const PLACES: string = `
local function mark(id, state) return (state.reclaims >= 2 and '!' or '*') .. id end
local function toTail(id, state)
  state.place = '-'
  state.since = now
  redis.call('HSET', k_state, id, stateText(state))
  redis.call('RPUSH', readyList[state.priority], mark(id, state))
end
local function toDelayed(id, state, due)
  seq = seq + 1
  local order = string.format('%016.0f', seq)
  state.place = 'd' .. order
  redis.call('HSET', k_state, id, stateText(state))
  redis.call('ZADD', k_delayed, due, order .. id)
end
-- Since when the entry at the head of a list is ready; now when the list is empty.
local function headSince(list)
  local entry = redis.call('LINDEX', list, 0)
  if not entry then return now end
  local first = string.byte(entry)
  if first == 42 or first == 33 then
    local text = redis.call('HGET', k_state, string.sub(entry, 2))
    return text and readState(text).since or now
  end
  local record = redis.call('HGET', k_jobs, entry)
  return record and tonumber(string.sub(record, 1, 13)) or now
end
-- At the head a job counts as ready since the oldest, so that the head tells the age of its list.
local function toHead(id, state)
  local list = readyList[state.priority]
  state.place = '-'
  state.since = math.min(now, headSince(list))
  redis.call('HSET', k_state, id, stateText(state))
  redis.call('LPUSH', list, mark(id, state))
end
`;

/**
 * Wakes consumers that wait: one for each job, eight at most, who then fetch more than one.
 *
 * A wake-up is a hint and costs nothing while nobody waits. Over several partitions it is a message, since a
 * blocking pop over several slots is refused.
 */
export const WAKE_UP: string = `
local function wakeUp(count)
  if count <= 0 or (tonumber(META[5]) or 0) <= now then return end
  if ARGV[1] ~= '1' then
    redis.call('PUBLISH', k_wake, '1')
    return
  end
  local hints = {}
  for hint = 1, math.min(count, 8) do hints[hint] = '1' end
  redis.call('RPUSH', k_wake, unpack(hints))
  redis.call('LTRIM', k_wake, 0, 15)
end
`;

/**
 * Jobs that one call hands out share a lease: one entry of a ZSET and one of a HASH however many they are, which takes a third of the
 * work off the server against a lease a job. A job that is extended apart from its call gets a lease of its own,
 * counted in `singles`. A job is in flight under a token as long as its state says so.
 *
 * Needs `k_leases`, `k_batches` and `k_state`.
 */
export const LEASES: string = `
local function under(text, batch) return text and string.sub(text, 1, #batch) == batch end
-- Takes jobs out of flight that were handed out under one token and are so no more.
local function leave(token, ids)
  local batch = string.sub(token, 1, -2)
  if singles > 0 then
    local own = {}
    for i = 1, #ids do own[i] = batch .. '~' .. ids[i] end
    singles = singles - redis.call('ZREM', k_leases, unpack(own))
  end
  if redis.call('HINCRBY', k_batches, batch .. 'n', -#ids) <= 0 then
    redis.call('HDEL', k_batches, batch, batch .. 'n')
    redis.call('ZREM', k_leases, batch)
  end
end
local function idsOf(batch)
  local ids = {}
  for id in string.gmatch(redis.call('HGET', k_batches, batch) or '', '%S+') do ids[#ids + 1] = id end
  return ids
end
`;
