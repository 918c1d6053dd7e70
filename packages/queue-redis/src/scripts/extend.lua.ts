import { FREEING_WRITE, NOTE_TIME, PRELUDE } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

/**
 * Moves the end of leases.
 *
 * ARGV: partitions; lease in ms from now; then runs of a token, a number, and as many ids.
 * Returns the indexes of stale receipts, from 1.
 * Cost: O(receipts log n). Bound: 250.
 */
export const EXTEND: Script = defineScript(
  "extend",
  ["meta", "state", "leases", "batches"],
  PRELUDE,
  FREEING_WRITE,
  `
local stale, index, at = {}, 0, 3
local ends = now + tonumber(ARGV[2])
while at <= #ARGV do
  local token, size = ARGV[at], tonumber(ARGV[at + 1])
  local batch = string.sub(token, 1, -2)
  local ids, current, own, seen = {}, 0, {}, {}
  for i = 1, size do ids[i] = ARGV[at + 1 + i] end
  local texts = redis.call('HMGET', k_state, unpack(ids))
  for i = 1, size do
    local text, id = texts[i], ids[i]
    if text and (text == token or string.sub(text, 1, #token + 1) == token .. ' ') then
      if not seen[id] then
        seen[id] = true
        current = current + 1
        own[#own + 1] = ends
        own[#own + 1] = batch .. '~' .. id
      end
    else
      stale[#stale + 1] = index + i
    end
  end
  if current > 0 and current == tonumber(redis.call('HGET', k_batches, batch .. 'n')) then
    -- All that is left of the call: its one lease moves.
    redis.call('ZADD', k_leases, ends, batch)
    if singles > 0 then
      local members = {}
      for i = 2, #own, 2 do members[#members + 1] = own[i] end
      singles = singles - redis.call('ZREM', k_leases, unpack(members))
    end
  elseif current > 0 then
    singles = singles + redis.call('ZADD', k_leases, unpack(own))
  end
  index = index + size
  at = at + 2 + size
end
`,
  NOTE_TIME,
  `return stale`,
);
