import { FREEING_WRITE, NOTE_TIME, PRELUDE } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

/**
 * Moves the end of leases.
 *
 * ARGV: partitions; lease in ms from now; then token and id of each receipt.
 * Returns the indexes of stale receipts, from 1.
 * Cost: O(receipts log n). Bound: 250.
 */
export const EXTEND: Script = defineScript(
  "extend",
  ["meta", "state", "leases"],
  PRELUDE,
  FREEING_WRITE,
  `
local ids, tokens, stale, leases = {}, {}, {}, {}
for i = 3, #ARGV, 2 do
  tokens[#tokens + 1] = ARGV[i]
  ids[#ids + 1] = ARGV[i + 1]
end
local texts = redis.call('HMGET', k_state, unpack(ids))
local scores = redis.call('ZMSCORE', k_leases, unpack(ids))
local ends = now + tonumber(ARGV[2])
for i = 1, #ids do
  local text, token = texts[i], tokens[i]
  if text and (text == token or string.sub(text, 1, #token + 1) == token .. ' ') then
    leases[#leases + 1] = ends + (tonumber(scores[i]) or 0) % 1
    leases[#leases + 1] = ids[i]
  else
    stale[#stale + 1] = i
  end
end
if #leases > 0 then redis.call('ZADD', k_leases, 'XX', unpack(leases)) end
`,
  NOTE_TIME,
  `return stale`,
);
