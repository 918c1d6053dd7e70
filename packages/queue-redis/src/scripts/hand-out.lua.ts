/** A moment that does not come: milliseconds until the year 10000. */
const NEVER = 253_402_300_800_000;
/** Most jobs that one call promotes, reclaims and sweeps, of each. */
const PASS_LIMIT = 250;
/** Jobs of ended calls that one call looks at before it leaves the rest to the next. */
const LOOK_LIMIT = 500;
/** Most entries that one call takes off the ready lists, those of cancelled and expired jobs included. */
const POP_LIMIT = 500;

/**
 * Promotes delayed jobs whose time has come and reclaims expired leases, at most 250 of each, and forgets at most 250
 * dedup keys whose time is over. Sets `more` when a bound was hit.
 *
 * A job reclaimed for the first time goes to the head, in the order in which the leases ended; after that to the tail.
 */
export const REFRESH: string = `
local more, reclaimed = false, {}
if due <= now then
  local promoted = redis.call('ZRANGEBYSCORE', k_delayed, '-inf', now, 'LIMIT', 0, ${PASS_LIMIT})
  if #promoted > 0 then
    redis.call('ZREM', k_delayed, unpack(promoted))
    local tails = newGroup()
    for i = 1, #promoted do
      local letter = string.sub(promoted[i], 17, 17)
      local priority = string.lower(letter)
      local list = tails[priority]
      list[#list + 1] = mark(string.sub(promoted[i], 18), letter == priority and 0 or 2)
    end
    pushAll(tails, 'RPUSH')
    more = #promoted == ${PASS_LIMIT}
  end
  local settling, looked, unsorted = {}, 0, false
  local sinceOf = {}
  local function sinceFor(reclaims, priority)
    if reclaims > 1 then return fmt(now) end
    sinceOf[priority] = sinceOf[priority] or fmt(sinceAtHead(priority))
    return sinceOf[priority]
  end
  -- What changes of its state is changed in the text: taking it apart and putting it together again would cost three times as much.
  local function reclaim(entry, flag, ended, batch, place)
    local id, reclaims, priority = idOf(entry), 1, priorityOf(flag)
    local text = hasState(flag) and redis.call('HGET', k_state, id)
    if text then
      local counts, before, rest = string.match(text, '^%S+( %d+ %d+ )(%d+) %d+( .*)$')
      reclaims = before + 1
      text = '-' .. counts .. reclaims .. ' ' .. sinceFor(reclaims, priority) .. rest
    else
      text = '- 1 0 1 ' .. sinceFor(1, priority) .. ' 0 ' .. priority .. '\\n'
      if not hasState(flag) then
        settling[#settling + 1] = id
        settling[#settling + 1] = recordOf(entry)
      end
    end
    reclaimed[#reclaimed + 1] = { id, text, reclaims, priority, ended, batch, place }
  end
  local function endBatch(batch, ended)
    local entries, flags = entriesOf(batch), flagsOf(flagsText(batch))
    local unfinished = false
    for place = 1, #entries do
      local flag = flags[place]
      if inFlight(flag) and not (singles > 0 and redis.call('ZSCORE', k_leases, single(batch, place))) then
        if #reclaimed == ${PASS_LIMIT} then
          unfinished = true
          break
        end
        flags[place] = DASH
        reclaim(entries[place], flag, ended, batch, place)
      end
    end
    looked = looked + #entries
    keepFlags(batch, string.char(unpack(flags)))
    if not unfinished then redis.call('ZREM', k_leases, batch) end
  end
  local function endSingle(member, tilde, ended)
    local batch, place = string.sub(member, 1, tilde - 1), tonumber(string.sub(member, tilde + 1))
    local flags = flagsOf(flagsText(batch))
    local flag = flags[place]
    looked = looked + 1
    singles = singles - redis.call('ZREM', k_leases, member)
    if not inFlight(flag) then return end
    reclaim(entriesOf(batch)[place], flag, ended, batch, place)
    unsorted = true
    flags[place] = DASH
    keepFlags(batch, string.char(unpack(flags)))
  end
  local expired = redis.call('ZRANGEBYSCORE', k_leases, '-inf', now, 'WITHSCORES', 'LIMIT', 0, ${PASS_LIMIT})
  for i = 1, #expired, 2 do
    if #reclaimed == ${PASS_LIMIT} or looked >= ${LOOK_LIMIT} then
      more = true
      break
    end
    local member, ended = expired[i], tonumber(expired[i + 1])
    local tilde = string.find(member, '~', 1, true)
    if tilde then endSingle(member, tilde, ended) else endBatch(member, ended) end
  end
  if unsorted then
    -- Leases that end together end in the order of the deliveries, shared or not.
    table.sort(reclaimed, function(one, other)
      if one[5] ~= other[5] then return one[5] < other[5] end
      if one[6] ~= other[6] then return one[6] < other[6] end
      return one[7] < other[7]
    end)
  end
  if #settling > 0 then redis.call('HSET', k_jobs, unpack(settling)) end
  if #reclaimed > 0 then
    flying = flying - #reclaimed
    local heads, tails = newGroup(), newGroup()
    for i = 1, #reclaimed do
      if reclaimed[i][3] > 1 then join(tails, unpack(reclaimed[i], 1, 4)) end
    end
    for i = #reclaimed, 1, -1 do
      if reclaimed[i][3] == 1 then join(heads, unpack(reclaimed[i], 1, 4)) end
    end
    makeReady(tails, 'RPUSH')
    makeReady(heads, 'LPUSH')
    redis.call('HINCRBY', k_meta, 'reclaimed', #reclaimed)
    more = more or #reclaimed == ${PASS_LIMIT}
  end
  local over = redis.call('ZRANGEBYSCORE', k_dedupDue, '-inf', now, 'LIMIT', 0, ${PASS_LIMIT})
  for _, key in ipairs(over) do
    local value = redis.call('HGET', k_dedup, key)
    local ends = value and string.match(value, '^@(%d+) ')
    if ends and tonumber(ends) <= now then redis.call('HDEL', k_dedup, key) end
  end
  if #over > 0 then redis.call('ZREM', k_dedupDue, unpack(over)) end
  -- What is due next; that is at once where a bound was hit.
  due = ${NEVER}
  for _, key in ipairs({ k_delayed, k_leases, k_dedupDue }) do
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if first[2] then dueBy(tonumber(first[2])) end
  end
end
`;

/**
 * Takes ready jobs, high before normal before low, and puts them under a lease as one batch. A suspect comes alone; what has
 * expired is dropped on the way; an entry with a tombstone is passed over.
 *
 * The batch is named by its first fence, in 16 digits so that leases that end together end in the order of the
 * deliveries, and the nonce of the call.
 * Sets `entries`, `records` and `states` (of the marked ones, in order), `base` and `batch`.
 */
export const HAND_OUT: string = `
local entries, special, anySpecial, taken = {}, {}, false, { h = 0, n = 0, l = 0 }
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
-- The states of the marked ones from that place on, by their places: one command for all.
local function statesOf(got, from)
  local places, ids, texts = {}, {}, {}
  for i = from, #got do
    if isMarked(string.byte(got[i])) then
      places[#places + 1] = i
      ids[#ids + 1] = string.sub(got[i], 2)
    end
  end
  if #ids == 0 then return texts end
  local found = redis.call('HMGET', k_state, unpack(ids))
  for i = 1, #places do texts[places[i]] = found[i] end
  return texts
end
-- Takes one entry off; answers false where the hand-out ends before it.
local function take(entry, priority, text)
  if tombs > 0 and isBuried(priority, entry) then return true end
  if isMarked(string.byte(entry)) then
    if not text then return true end
    local deliveries, rest, reclaims, expires = string.match(text, '^%S+ (%d+)( %d+ (%d+) %d+ (%d+) .*)$')
    expires = tonumber(expires)
    if expires > 0 and expires <= now then
      drop(string.sub(entry, 2), readState(text))
      return true
    end
    if tonumber(reclaims) >= 2 then
      if #entries > 0 or ALONE_REFUSED then return false end
      alone = true
    end
    special[#entries + 1] = ' ' .. (deliveries + 1) .. rest
    anySpecial = true
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
    local texts = statesOf(got, from)
    for i = from, #got do
      local taken = take(got[i], priority, texts[i])
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
    if special[i] then
      places[#places + 1] = i
      ids[#ids + 1] = string.sub(entries[i], 2)
    end
  end
  local marked, fields = flagsOf(flags), {}
  records = redis.call('HMGET', k_jobs, unpack(ids))
  for i = 1, #ids do
    local place = places[i]
    if records[i] then
      marked[place] = marked[place] - 32
      states[i] = single(batch, place) .. special[place]
      fields[#fields + 1] = ids[i]
      fields[#fields + 1] = states[i]
    else
      -- A job that somebody's hand has removed: passed over, for an error now would lose all that was taken off.
      records[i], states[i] = '', ''
      marked[place] = DASH
      flying = flying - 1
    end
  end
  if #fields > 0 then redis.call('HSET', k_state, unpack(fields)) end
  return string.char(unpack(marked))
end
if not META[9] then
  popAll(k_high, 'h')
  popAll(k_normal, 'n')
  popAll(k_low, 'l')
end
if #entries > 0 then
  local flags = string.rep('h', taken.h) .. string.rep('n', taken.n) .. string.rep('l', taken.l)
  flying = flying + #entries
  if anySpecial then flags = handOutMarked(flags) end
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
