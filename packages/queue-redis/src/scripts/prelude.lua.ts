/** Written to `meta.layout`; a script that meets a larger number changes nothing. */
export const LAYOUT_VERSION = 1;

/**
 * Opens every script: refuses a newer layout or another number of partitions, and reads the server's clock.
 *
 * A step back of the clock by at most 5 s is hidden: time stands still until it has caught up. A larger one is
 * taken over and counted in `meta.clockSteps`. `meta.offset` is for tests and nothing here writes it: milliseconds to add, or `=` and a moment at which time stands.
 *
 * KEYS: meta. ARGV[1]: partitions. Sets `now` (ms), `us`, `META`, `note` and `fmt`; Lua's own `tostring` would turn
 * 16 digits into an exponent.
 */
export const PRELUDE: string = `
local fmt = function(number) return string.format('%.0f', number) end
local META = redis.call('HMGET', k_meta, 'layout', 'partitions', 'time', 'offset', 'sleepers', 'tombs', 'seq', 'fence', 'paused', 'singles', 'ghosts')
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
local ghosts = tonumber(META[11]) or 0
local singlesBefore, tombsBefore, ghostsBefore = singles, tombs, ghosts
-- What else this call writes to meta, at its end and in one command.
local notes = { k_meta, 'time', us, 'seq', seq }
local function note(field, value)
  notes[#notes + 1] = field
  notes[#notes + 1] = value
end
`;

/** Writes to `meta` what has changed, once the other writes of a call have been made. */
export const NOTE_TIME: string = `
if stepped then redis.call('HINCRBY', k_meta, 'clockSteps', 1) end
notes[5] = seq
if singles ~= singlesBefore then note('singles', singles) end
if tombs ~= tombsBefore then note('tombs', tombs) end
if ghosts ~= ghostsBefore then note('ghosts', ghosts) end
redis.call('HSET', unpack(notes))
`;

/**
 * Lets the rest of a script write on a server at \`maxmemory\`: Redis refuses a script's first write there if it
 * may use memory, but none after a write that frees.
 */
export const FREEING_WRITE: string = `
redis.call('HDEL', k_meta, '-')
`;

/**
 * What has happened to a job, as text in `state`. A plain job, with no delay, expiry or dedup key, has none while it is ready for the
 * first time nor while it is in flight for the first time. Otherwise: where it is (a batch, tilde and its number there; \`-\` for
 * ready; \`d\` and a sequence number for delayed), deliveries, failures, reclaims, ready since, expiry (0: never), priority; then
 * a line with the dedup key that dies with the job, as JSON text; then a line for each remembered error.
 */
export const STATE: string = `
local function readState(text)
  local place, deliveries, failures, reclaims, since, expires, priority, dedup, errors =
    string.match(text, '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%a)\\n([^\\n]*)(.*)$')
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

/**
 * What stands before a record: when it was enqueued, in 11 hexadecimal digits of milliseconds, and the number of the call in 10.
 * The record's own third and fourth characters are its place in the call. Call and place are the order of the job: a plain
 * job whose order is not above that of the last one handed out of its list (\`meta.handed-…\`) has been handed out.
 */
export const ORDER: string = `
local function orderOf(record) return string.sub(record, 12, 21) .. string.sub(record, 23, 24) end
local function letterOf(record) return string.lower(string.sub(record, 22, 22)) end
local function enqueuedAt(record) return tonumber(string.sub(record, 1, 11), 16) end
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
  return record and enqueuedAt(record) or now
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
 * Jobs that one call hands out are a batch and share a lease: one entry of a ZSET and two of a HASH however many they are, which
 * halves the server's work against an entry a job. The batch's name begins with its first fence in 16 digits. Its \`flags\`
 * say of each job, in order, that it is in flight, by the letter of its priority (in upper case when it has a state), or by a dash
 * that it is no more. A job that is extended apart from its batch gets a lease of its own, counted in \`singles\`.
 *
 * A plain job in flight is found by its batch alone, so one that is cancelled leaves a note in \`ghosts\` until
 * its batch is asked: the fence up to which its deliveries are void, and how many there are.
 *
 * Needs \`k_leases\`, \`k_batches\` and \`k_ghosts\`.
 */
export const LEASES: string = `
local function single(batch, place) return batch .. '~' .. place end
-- Whether a delivery of this batch was cancelled.
local function isGhost(batch, id)
  local text = ghosts > 0 and redis.call('HGET', k_ghosts, id)
  return text and tonumber(string.sub(batch, 1, 16)) <= tonumber(string.sub(text, 1, 16))
end
local function layGhost(id)
  local text = redis.call('HGET', k_ghosts, id)
  local left = tonumber(string.sub(text, 18)) - 1
  if left == 0 then redis.call('HDEL', k_ghosts, id) else redis.call('HSET', k_ghosts, id, string.sub(text, 1, 17) .. left) end
  ghosts = ghosts - 1
end
local DASH = 45
local function flagsText(batch) return redis.call('HGET', k_batches, batch .. 'f') or '' end
-- As numbers: cutting a text and putting it together again for each job would cost more than the rest.
local function flagsOf(text) return { string.byte(text, 1, -1) } end
local function inFlight(flag) return flag and flag ~= DASH end
local function hasState(flag) return flag < 97 end
local function priorityOf(flag) return string.lower(string.char(flag)) end
-- Keeps what is left of a batch, if anything is.
local function keepFlags(batch, flags)
  if string.find(flags, '%a') then
    redis.call('HSET', k_batches, batch .. 'f', flags)
  else
    redis.call('HDEL', k_batches, batch, batch .. 'f')
    redis.call('ZREM', k_leases, batch)
  end
end
local function idsOf(batch)
  local ids = {}
  for id in string.gmatch(redis.call('HGET', k_batches, batch) or '', '%S+') do ids[#ids + 1] = id end
  return ids
end
`;
