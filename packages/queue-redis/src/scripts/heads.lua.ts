/** Entries of cancelled jobs that are passed over to find the head of a list. */
const PASS_LIMIT = 250;

/**
 * Since when the head of a list is ready, passing over what is left of cancelled jobs; nothing where the list, or the first 250 of
 * it, holds no job. Cost: one entry read, or 250 where the first is of a cancelled job. Needs `k_tombs`.
 */
export const HEAD_SINCE: string = `
local function sinceOf(entry)
  if not isMarked(string.byte(entry)) then return enqueuedAt(entry) end
  local text = redis.call('HGET', k_state, string.sub(entry, 2))
  return text and tonumber(string.match(text, '^%S+ %d+ %d+ %d+ (%d+) '))
end
local function headSince(list, priority)
  local passed = {}
  local function isLeft(entry)
    if entry == '-' then return true end
    if tombs == 0 or not isMarked(string.byte(entry)) then return false end
    local id = string.sub(entry, 2)
    passed[id] = (passed[id] or tonumber(redis.call('HGET', k_tombs, priority .. id)) or 0) - 1
    return passed[id] >= 0
  end
  local first, last = 0, 0
  while first < ${PASS_LIMIT} do
    for _, entry in ipairs(redis.call('LRANGE', list, first, last)) do
      if not isLeft(entry) then return sinceOf(entry) end
    end
    first, last = last + 1, ${PASS_LIMIT - 1}
  end
end
`;

/** Moves a job to the head of its list: it counts as ready since the oldest there, so that the head tells the age of the list. */
export const TO_HEAD: string = `
local function sinceAtHead(priority) return math.min(now, headSince(readyList[priority], priority) or now) end
local function toHead(id, state) toReady(id, state, sinceAtHead(state.priority), 'LPUSH') end
`;
