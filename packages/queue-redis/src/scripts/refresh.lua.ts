/** A moment that does not come: milliseconds until the year 10000. */
const NEVER = 253_402_300_800_000;
/**
 * Most jobs that one call promotes, reclaims and sweeps, of each. Fewer would hold the server up for less, but order counts within a
 * call: what is urgent must not wait in `delayed` while what is not goes out, nor one reclaimed job overtake another.
 */
const PASS_LIMIT = 250;
/** Jobs of ended calls that one call looks at before it leaves the rest to the next. */
const LOOK_LIMIT = 500;

/**
 * Promotes delayed jobs whose time has come and reclaims expired leases, at most 250 of each, and forgets at most 250
 * dedup keys whose time is over. Sets `more` when a bound was hit, but not for keys: nobody waits for those.
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
  -- Leases of which nothing was left to reclaim count as well: others may stand behind them.
  more = more or #expired == 2 * ${PASS_LIMIT}
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
