import { LAYOUT_VERSION, NOTE_TIME, PRELUDE, STATE, WAKE_UP } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

/** A producer that was silent for so long is forgotten, with its replies. */
const PRODUCER_IDLE_MS = 600_000;
/** Enqueue calls that a producer has in flight at most; the replies kept of each. */
export const REPLY_SLOTS = 8;

/**
 * Stores jobs and puts them where they wait.
 *
 * ARGV: partitions; maxDepth (0: none); producer; slot; number of the call, growing in each slot; `1` when
 * every job is plain, of normal priority and no id comes twice; then the ids of all jobs, and then their
 * records (record.ts says how a record begins).
 * Returns text: empty when all were enqueued, else triples of index (from 1), `d` or `f`, and the live job's id (`-` for full).
 * A call that was answered before is answered again and not done twice; one older than its slot's last is refused
 * with CHIMERA_SUPERSEDED.
 * Cost: O(jobs), O(log n) for each delayed one. Bound: 250 jobs.
 */
export const ENQUEUE: Script = defineScript(
  "enqueue",
  [
    "meta",
    "jobs",
    "state",
    "high",
    "normal",
    "low",
    "delayed",
    "dedup",
    "dedupDue",
    "replies",
    "producers",
    "wake",
  ],
  PRELUDE,
  STATE,
  WAKE_UP,
  `
local slot = ARGV[3] .. ':' .. ARGV[4]
local known = redis.call('HGET', k_replies, slot)
if known then
  local gap = string.find(known, ' ', 1, true)
  local before = tonumber(string.sub(known, 1, gap - 1))
  if before == tonumber(ARGV[5]) then
    -- A write, so that a WAIT after it covers the call that it repeats.
    redis.call('ZADD', k_producers, now, ARGV[3])
    return string.sub(known, gap + 1)
  end
  if before > tonumber(ARGV[5]) then return redis.error_reply('CHIMERA_SUPERSEDED') end
end

local count = (#ARGV - 6) / 2
local alive = redis.call('HMGET', k_jobs, unpack(ARGV, 7, 6 + count))
local room = tonumber(ARGV[2])
if room == 0 then
  room = count
else
  room = room + tombs - redis.call('LLEN', k_high) - redis.call('LLEN', k_normal) - redis.call('LLEN', k_low) - redis.call('ZCARD', k_delayed)
end
local plain = ARGV[6] == '1' and room >= count
for i = 1, count do
  if alive[i] then
    plain = false
    break
  end
end

seq = seq + 1
local stamp = string.format('%011x%010x', now, seq)
local seen, keys, refused = {}, {}, {}
local jobs, states, delays, dedups, dues = {}, {}, {}, {}, {}
local tails = { h = {}, n = {}, l = {} }
local ready = 0
local function holder(key)
  if keys[key] then return keys[key] end
  local value = redis.call('HGET', k_dedup, key)
  if not value then return nil end
  local expires, id = string.match(value, '^@(%d+) (.*)$')
  if not expires then return value end
  return tonumber(expires) > now and id or nil
end
local function refuse(index, why, id) refused[#refused + 1] = index .. ' ' .. why .. ' ' .. id end

if plain then
  -- Nearly every call: nothing to look at, nothing to refuse.
  -- Made in its full size: growing it step by step would copy it over and over.
  jobs = { unpack(ARGV, 7) }
  for i = 1, count do
    jobs[2 * i - 1] = ARGV[6 + i]
    jobs[2 * i] = stamp .. ARGV[6 + count + i]
  end
  ready = count
end
for i = plain and count + 1 or 1, count do
  local id, record = ARGV[6 + i], ARGV[6 + count + i]
  local kind = string.sub(record, 1, 1)
  local priority = string.lower(kind)
  local delay, expires, ttl, dedup, live
  if kind ~= priority then
    delay, expires, ttl, dedup = string.match(record, '^%a%x%x%d*;(%d*);(%d*);(%d*);[^\\n]*\\n([^\\n]*)\\n')
    if dedup ~= '' then live = holder(dedup) end
  end
  if alive[i] or seen[id] then
    refuse(i, 'd', id)
  elseif live then
    refuse(i, 'd', live)
  elseif room <= 0 then
    refuse(i, 'f', '-')
  else
    seen[id] = true
    room = room - 1
    jobs[#jobs + 1] = id
    jobs[#jobs + 1] = stamp .. record
    local tail = tails[priority]
    if kind == priority then
      ready = ready + 1
      tail[#tail + 1] = id
    else
      local state = { place = '-', deliveries = 0, failures = 0, reclaims = 0, since = now, priority = priority, errors = '',
        expires = expires ~= '' and now + tonumber(expires) or 0, dedup = ttl == '' and dedup or '' }
      if dedup ~= '' then
        keys[dedup] = id
        dedups[#dedups + 1] = dedup
        if ttl == '' then
          dedups[#dedups + 1] = id
        else
          local ends = fmt(now + tonumber(ttl))
          dedups[#dedups + 1] = '@' .. ends .. ' ' .. id
          dues[#dues + 1] = ends
          dues[#dues + 1] = dedup
        end
      end
      if delay ~= '' then
        seq = seq + 1
        local order = string.format('%016.0f', seq)
        state.place = 'd' .. order
        delays[#delays + 1] = now + tonumber(delay)
        delays[#delays + 1] = order .. id
      else
        ready = ready + 1
        tail[#tail + 1] = '*' .. id
      end
      states[#states + 1] = id
      states[#states + 1] = stateText(state)
    end
  end
end

local reply = table.concat(refused, ' ')
redis.call('HSET', k_replies, slot, ARGV[5] .. ' ' .. reply)
redis.call('ZADD', k_producers, now, ARGV[3])
if not META[1] then redis.call('HSET', k_meta, 'layout', ${LAYOUT_VERSION}, 'partitions', ARGV[1]) end
if #jobs > 0 then
  redis.call('HSET', k_jobs, unpack(jobs))
  if plain then redis.call('RPUSH', k_normal, unpack(ARGV, 7, 6 + count)) end
  if #tails.n > 0 then redis.call('RPUSH', k_normal, unpack(tails.n)) end
  if #tails.h > 0 then redis.call('RPUSH', k_high, unpack(tails.h)) end
  if #tails.l > 0 then redis.call('RPUSH', k_low, unpack(tails.l)) end
  if #states > 0 then redis.call('HSET', k_state, unpack(states)) end
  if #delays > 0 then redis.call('ZADD', k_delayed, unpack(delays)) end
  if #dedups > 0 then redis.call('HSET', k_dedup, unpack(dedups)) end
  if #dues > 0 then redis.call('ZADD', k_dedupDue, unpack(dues)) end
  redis.call('HINCRBY', k_meta, 'enqueued', #jobs / 2)
  wakeUp(#delays > 0 and ready + 1 or ready)
end
for _, producer in ipairs(redis.call('ZRANGEBYSCORE', k_producers, '-inf', now - ${PRODUCER_IDLE_MS}, 'LIMIT', 0, 2)) do
  for old = 0, ${REPLY_SLOTS - 1} do redis.call('HDEL', k_replies, producer .. ':' .. old) end
  redis.call('ZREM', k_producers, producer)
end
`,
  NOTE_TIME,
  `return reply`,
);
