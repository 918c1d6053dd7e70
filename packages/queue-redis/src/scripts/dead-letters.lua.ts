import { defineScript, type Script } from "./script.ts";

const KEYS = ["order", "envelopes", "payloads", "counter"];

/**
 * Stores letters behind all others; one whose id is there replaces it and is dead again.
 *
 * An envelope is kept as `d` (dead) or `r` (replayed), the moment it was given up, a line break, and its JSON text.
 *
 * ARGV: for each letter its id, moment, envelope and payload. Returns the number of the last. Cost: O(letters log n). Bound: 250.
 */
export const APPEND_LETTERS: Script = defineScript(
  "append-letters",
  KEYS,
  `
local envelopes, payloads, order = {}, {}, {}
local count = #ARGV / 4
local last = (tonumber(redis.call('GET', k_counter)) or 0) + count
redis.call('SET', k_counter, string.format('%.0f', last))
for i = 1, count do
  local id, at = ARGV[4 * i - 3], 2 * i - 1
  envelopes[at] = id
  envelopes[at + 1] = 'd' .. ARGV[4 * i - 2] .. '\\n' .. ARGV[4 * i - 1]
  payloads[at] = id
  payloads[at + 1] = ARGV[4 * i]
  order[at] = last - count + i
  order[at + 1] = id
end
redis.call('HSET', k_envelopes, unpack(envelopes))
redis.call('HSET', k_payloads, unpack(payloads))
redis.call('ZADD', k_order, unpack(order))
return string.format('%.0f', last)
`,
);

/**
 * A page of envelopes in the order of their last append.
 *
 * ARGV: the number after which it begins, and its size. Returns ids, numbers, envelopes, bytes of each letter, and the newest number.
 * Cost: O(page + log n). Bound: 250.
 */
export const PAGE_OF_LETTERS: Script = defineScript(
  "page-of-letters",
  KEYS,
  `
local found = redis.call('ZRANGEBYSCORE', k_order, '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[2]))
local ids, numbers, bytes = {}, {}, {}
for i = 1, #found, 2 do
  ids[#ids + 1] = found[i]
  numbers[#numbers + 1] = string.format('%.0f', found[i + 1])
end
local newest = redis.call('GET', k_counter) or '0'
if #ids == 0 then return { ids, numbers, {}, bytes, newest } end
local envelopes = redis.call('HMGET', k_envelopes, unpack(ids))
for i = 1, #ids do
  envelopes[i] = envelopes[i] or ''
  bytes[i] = #envelopes[i] + redis.call('HSTRLEN', k_payloads, ids[i])
end
return { ids, numbers, envelopes, bytes, newest }
`,
);

/**
 * Letters whole: envelope and payload of one version.
 *
 * ARGV: ids. Returns envelopes and payloads, empty text where there is none. Cost: O(ids). Bound: 250.
 */
export const GET_LETTERS: Script = defineScript(
  "get-letters",
  KEYS,
  `
local envelopes = redis.call('HMGET', k_envelopes, unpack(ARGV))
local payloads = redis.call('HMGET', k_payloads, unpack(ARGV))
for i = 1, #ARGV do
  envelopes[i] = envelopes[i] or ''
  payloads[i] = payloads[i] or ''
end
return { envelopes, payloads }
`,
);

/**
 * Removes letters.
 *
 * ARGV: for each its id, and the number of the version that is meant, or `*` for any. Returns how many.
 * Cost: O(letters log n). Bound: 250. Frees only, so that a full server can be emptied.
 */
export const REMOVE_LETTERS: Script = defineScript(
  "remove-letters",
  KEYS,
  `
local ids = {}
for i = 1, #ARGV, 2 do
  local number = redis.call('ZSCORE', k_order, ARGV[i])
  if number and (ARGV[i + 1] == '*' or tonumber(number) == tonumber(ARGV[i + 1])) then ids[#ids + 1] = ARGV[i] end
end
if #ids == 0 then return 0 end
redis.call('HDEL', k_envelopes, unpack(ids))
redis.call('HDEL', k_payloads, unpack(ids))
return redis.call('ZREM', k_order, unpack(ids))
`,
);

/**
 * Notes that letters were replayed, each only in the version that was given up at that moment.
 *
 * ARGV: for each its id and moment. Returns 1. Cost: O(letters). Bound: 250.
 */
export const MARK_LETTERS: Script = defineScript(
  "mark-letters",
  KEYS,
  `
redis.call('HDEL', k_envelopes, '')
for i = 1, #ARGV, 2 do
  local text = redis.call('HGET', k_envelopes, ARGV[i])
  if text and string.sub(text, 2, string.find(text, '\\n', 1, true) - 1) == ARGV[i + 1] then
    redis.call('HSET', k_envelopes, ARGV[i], 'r' .. string.sub(text, 2))
  end
end
return 1
`,
);
