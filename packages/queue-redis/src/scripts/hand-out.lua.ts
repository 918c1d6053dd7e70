/** Most entries that one call takes off the ready lists, those of cancelled and expired jobs included. */
const POP_LIMIT = 500;

/**
 * Takes ready jobs, high before normal before low, and puts them under a lease as one batch. A suspect comes alone; what has
 * expired is dropped on the way; an entry with a tombstone is passed over.
 *
 * The batch is named by its first fence, in 16 digits so that leases that end together end in the order of the
 * deliveries, and the nonce of the call.
 * Sets `entries`, `records` and `states` (of the marked ones, in order), `base` and `batch`.
 */
export const HAND_OUT: string = `
local entries, special, taken = {}, {}, { h = 0, n = 0, l = 0 }
local alone, popped = false, 0
local function drop(id, state)
  redis.call('HDEL', k_state, id)
  redis.call('HDEL', k_jobs, id)
  freeDedup(id, state)
  redis.call('HINCRBY', k_meta, 'expired', 1)
end
local function putBack(list, got, from)
  local rest = {}
  for i = #got, from, -1 do rest[#rest + 1] = got[i] end
  if #rest > 0 then redis.call('LPUSH', list, unpack(rest)) end
end
-- The ids of the marked ones, by their places among the entries.
local marked = {}
-- The ids and states of the marked ones from that place on, by their places: one command for all.
local function statesOf(got, from)
  local places, ids, texts, idAt = {}, {}, {}, {}
  for i = from, #got do
    if isMarked(string.byte(got[i])) then
      local id = string.sub(got[i], 2)
      places[#places + 1] = i
      ids[#ids + 1] = id
      idAt[i] = id
    end
  end
  if #ids == 0 then return texts, idAt end
  local found = redis.call('HMGET', k_state, unpack(ids))
  for i = 1, #places do texts[places[i]] = found[i] end
  return texts, idAt
end
-- Takes one entry off; answers false where the hand-out ends before it.
local function take(entry, priority, text, id)
  if tombs > 0 and isBuried(priority, entry) then return true end
  if id then
    if not text then return true end
    local deliveries, rest, expires = string.match(text, '^%S+ (%d+)( %d+ %d+ %d+ (%d+) .*)$')
    if expires ~= '0' and tonumber(expires) <= now then
      drop(id, readState(text))
      return true
    end
    if string.byte(entry) == SUSPECT then
      if #entries > 0 or ALONE_REFUSED then return false end
      alone = true
    end
    marked[#entries + 1] = id
    special[#entries + 1] = ' ' .. (deliveries + 1) .. rest
  end
  entries[#entries + 1] = entry
  return true
end
local function pop(list, priority)
  while #entries < MAX and not alone do
    if popped >= ${POP_LIMIT} then more = true return end
    local got = redis.call('LPOP', list, MAX - #entries)
    if not got then return end
    popped = popped + #got
    local from, found = 1, #entries
    if tombs == 0 then
      -- Nearly every entry: no mark, no tombstone.
      local size = #got
      for i = 1, size do
        if isMarked(string.byte(got[i])) then
          size = i - 1
          break
        end
      end
      if found == 0 and size == #got then
        entries = got
      else
        for i = 1, size do entries[found + i] = got[i] end
      end
      if priority ~= 'n' then mixed = mixed - size end
      from = size + 1
    end
    local texts, idAt = statesOf(got, from)
    for i = from, #got do
      local taken = take(got[i], priority, texts[i], idAt[i])
      if taken then uncount(got[i], priority) end
      if not taken or alone then
        alone = true
        putBack(list, got, taken and i + 1 or i)
        return
      end
    end
  end
end
local function popAll(list, priority)
  local found = #entries
  pop(list, priority)
  taken[priority] = #entries - found
end

local records, states = {}, {}
local base = math.max((tonumber(META[8]) or 0) + 1, us)
local batch = fmt(base) .. '-' .. NONCE
-- Reads what the marked ones have in jobs and writes their states. Answers the flags of all.
local function handOutMarked(flags)
  local places, ids = {}, {}
  for i = 1, #entries do
    if marked[i] then
      places[#places + 1] = i
      ids[#ids + 1] = marked[i]
    end
  end
  local letters, fields = flagsOf(flags), {}
  records = redis.call('HMGET', k_jobs, unpack(ids))
  for i = 1, #ids do
    local place = places[i]
    if records[i] then
      letters[place] = letters[place] - 32
      states[i] = batch .. '~' .. place .. special[place]
      fields[#fields + 1] = ids[i]
      fields[#fields + 1] = states[i]
    else
      -- A job that somebody's hand has removed: passed over, for an error now would lose all that was taken off.
      records[i], states[i] = '', ''
      letters[place] = DASH
      flying = flying - 1
    end
  end
  if #fields > 0 then redis.call('HSET', k_state, unpack(fields)) end
  return string.char(unpack(letters))
end
if not META[9] then
  popAll(k_high, 'h')
  popAll(k_normal, 'n')
  popAll(k_low, 'l')
end
if #entries > 0 then
  local flags = string.rep('h', taken.h) .. string.rep('n', taken.n) .. string.rep('l', taken.l)
  flying = flying + #entries
  if next(marked) then flags = handOutMarked(flags) end
  redis.call('HSET', k_batches, batch, cmsgpack.pack(entries), batch .. 'f', flags)
  redis.call('ZADD', k_leases, now + LEASE, batch)
  dueBy(now + LEASE)
  note('fence', fmt(base + #entries - 1))
end
`;

/** Says when something will be due, and that somebody waits: an enqueue wakes nobody otherwise. */
export const SLEEP: string = `
local nextDue = '-'
if #entries == 0 and WAIT > 0 then
  for _, key in ipairs({ k_delayed, k_leases }) do
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if first[2] and (nextDue == '-' or tonumber(first[2]) < nextDue) then nextDue = tonumber(first[2]) end
  end
  if nextDue ~= '-' then nextDue = fmt(math.max(0, math.floor(nextDue) - now)) end
  redis.call('DEL', k_wake)
  redis.call('HSET', k_meta, 'sleepers', now + WAIT)
end
`;
