/** Written to `meta.layout`; a script that meets a larger number changes nothing. */
export const LAYOUT_VERSION = 1;

/**
 * Opens every script: refuses a newer layout or another number of partitions, and reads the server's clock.
 *
 * A step back of the clock by at most 5 s is hidden: time stands still until it has caught up. A larger one is
 * taken over and counted in `meta.clockSteps`. `meta.offset` is for tests and nothing here writes it: milliseconds to add, or `=` and a moment at which time stands.
 *
 * KEYS: meta. ARGV[1]: partitions. Sets `now` (ms), `us`, `META`, and what of `meta` the script may change.
 */
export const OPENING: string = `
local META = redis.call('HMGET', k_meta, 'layout', 'partitions', 'time', 'offset', 'sleepers', 'tombs', 'seq', 'fence', 'paused', 'singles', 'flying', 'due', 'processed', 'enqueued', 'mixed')
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
local flying = tonumber(META[11]) or 0
-- A moment before which nothing is due: no delayed job, no lease, no dedup key. Looking for them would be three commands a call.
local due = tonumber(META[12]) or 0
-- Ready entries that are not whole jobs of normal priority.
local mixed = tonumber(META[15]) or 0
`;

/** What scripts write with. Lua's own `tostring` would turn 16 digits into an exponent. */
export const NOTES: string = `
local function fmt(number) return string.format('%.0f', number) end
local function dueBy(ms) if ms < due then due = ms end end
local seqBefore, singlesBefore, tombsBefore, flyingBefore, dueBefore, mixedBefore = seq, singles, tombs, flying, due, mixed
-- What else this call writes to meta, at its end and in one command.
local notes = { k_meta, 'time', us }
local function note(field, value)
  notes[#notes + 1] = field
  notes[#notes + 1] = value
end
`;

/** {@link OPENING}, and the functions `fmt`, `note` and `dueBy`. */
export const PRELUDE: string = OPENING + NOTES;

/** Writes to `meta` what has changed, once the other writes of a call have been made. */
export const NOTE_TIME: string = `
if stepped then redis.call('HINCRBY', k_meta, 'clockSteps', 1) end
if seq ~= seqBefore then note('seq', seq) end
if singles ~= singlesBefore then note('singles', singles) end
if tombs ~= tombsBefore then note('tombs', tombs) end
if flying ~= flyingBefore then note('flying', flying) end
if due ~= dueBefore then note('due', fmt(due)) end
if mixed ~= mixedBefore then note('mixed', math.max(0, mixed)) end
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
 * What has happened to a job with an entry in `jobs`, as text in `state`: where it is (a batch, tilde and its number there; `-` for
 * ready; `d` and what stands before its id in `delayed`, also once it is ready by the lapse of time), deliveries, failures, reclaims, ready since, expiry (0: never), priority; then
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
 * A job that nothing has to be known of but itself travels whole: its entry in a ready list, and then in a batch, is all there is of it.
 *
 * Such an entry is the moment of the enqueue in 11 hexadecimal digits of milliseconds, the length of the id in two, the id, and the
 * record (record.ts). Any other job has its record in `jobs`, after the same 11 digits, and a state; its entry
 * is a mark and its id. `-` is what is left of an entry that was cancelled.
 */
export const ENTRIES: string = `
local SUSPECT = 33
local function isMarked(first) return first == 42 or first == SUSPECT end
-- An entry that leaves its list.
local function uncount(entry, priority)
  if priority ~= 'n' or isMarked(string.byte(entry)) then mixed = mixed - 1 end
end
local function idEnd(entry) return 13 + tonumber(string.sub(entry, 12, 13), 16) end
local function idOf(entry)
  if isMarked(string.byte(entry)) then return string.sub(entry, 2) end
  return string.sub(entry, 14, idEnd(entry))
end
local function enqueuedAt(entry) return tonumber(string.sub(entry, 1, 11), 16) end
-- What stands in jobs of a job that travels whole no more.
local function recordOf(entry) return string.sub(entry, 1, 11) .. string.sub(entry, idEnd(entry) + 1) end
`;

/**
 * Moves jobs that have a state to where they wait next.
 *
 * A mark before the id in a ready list says: look at the state; it is an exclamation mark for a suspect. A member of `delayed` is a
 * sequence number in 16 digits, the letter of the priority, in upper case for a suspect, and the id: all that is needed to
 * put it into its list.
 */
export const PLACES: string = `
local function mark(id, reclaims) return (reclaims >= 2 and '!' or '*') .. id end
-- Jobs on their way to the ready lists: a command for each would cost more than all the rest.
local function newGroup() return { fields = {}, h = {}, n = {}, l = {} } end
local function join(group, id, text, reclaims, priority)
  local fields, list = group.fields, group[priority]
  fields[#fields + 1] = id
  fields[#fields + 1] = text
  list[#list + 1] = mark(id, reclaims)
end
local function pushAll(group, push)
  for priority, list in pairs(readyList) do
    local count = #group[priority]
    mixed = mixed + count
    if count > 0 then redis.call(push, list, unpack(group[priority])) end
  end
end
local function makeReady(group, push)
  if #group.fields == 0 then return end
  redis.call('HSET', k_state, unpack(group.fields))
  pushAll(group, push)
end
local function toReady(id, state, since, push)
  state.place, state.since = '-', since
  local group = newGroup()
  join(group, id, stateText(state), state.reclaims, state.priority)
  makeReady(group, push)
end
local function toTail(id, state) toReady(id, state, now, 'RPUSH') end
local function toDelayed(id, state, readyAt)
  seq = seq + 1
  local member = string.format('%016.0f', seq) .. (state.reclaims >= 2 and string.upper(state.priority) or state.priority)
  state.place, state.since = 'd' .. member, readyAt
  redis.call('ZADD', k_delayed, readyAt, member .. id)
  redis.call('HSET', k_state, id, stateText(state))
  dueBy(readyAt)
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
 * halves the server's work against an entry a job. The batch's name begins with its first fence in 16 digits. It keeps the
 * entries of its jobs, and in its `flags` a letter for each that is in flight, that of its priority, in upper case
 * when the job has a state; or a dash for one that is no more. A job that is extended apart from its batch gets a
 * lease of its own, counted in `singles`. `flying` counts the letters of all batches.
 *
 * Needs `k_leases` and `k_batches`.
 */
export const LEASES: string = `
local function single(batch, place) return batch .. '~' .. place end
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
-- Read once a call: settlements of two batches may come by turns.
local entriesRead = {}
local function entriesOf(batch)
  if not entriesRead[batch] then
    local packed = redis.call('HGET', k_batches, batch)
    entriesRead[batch] = packed and cmsgpack.unpack(packed) or {}
  end
  return entriesRead[batch]
end
`;
