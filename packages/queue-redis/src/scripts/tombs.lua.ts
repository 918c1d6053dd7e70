/**
 * A ready job that is cancelled leaves its entry in the list: taking it out of the middle would cost the length of the list. A whole
 * one is overwritten with `-`; of another, `tombs` says how many entries are to be passed over. `meta.tombs` counts both.
 */
export const BURIED: string = `
local function bury(id, priority)
  redis.call('HINCRBY', k_tombs, priority .. id, 1)
  tombs = tombs + 1
end
-- Whether an entry that leaves its list is what is left of a cancelled job; it is counted no more then.
local function isBuried(priority, entry)
  if entry ~= '-' then
    if not isMarked(string.byte(entry)) then return false end
    local field = priority .. string.sub(entry, 2)
    local left = redis.call('HGET', k_tombs, field)
    if not left then return false end
    if left == '1' then redis.call('HDEL', k_tombs, field) else redis.call('HINCRBY', k_tombs, field, -1) end
  end
  tombs = tombs - 1
  return true
end
`;

/** Takes what is cancelled off the heads of the lists, at most 250 entries each, so that a head tells the age of its list. */
export const CLEAR_HEADS: string = `
for priority, list in pairs(readyList) do
  for _ = 1, tombs > 0 and 250 or 0 do
    local entry = redis.call('LINDEX', list, 0)
    if not entry or not isBuried(priority, entry) then break end
    redis.call('LPOP', list)
    uncount(entry, priority)
  end
end
`;
