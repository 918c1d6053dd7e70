import { LAYOUT_VERSION, NOTE_TIME, PRELUDE, STATE, WAKE_UP } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

/** A producer that was silent for so long is forgotten, with its replies. */
const PRODUCER_IDLE_MS = 600_000;
/** Enqueue calls that a producer has in flight at most; the replies kept of each. */
export const REPLY_SLOTS = 8;
/** How far behind the server's clock the moment may be that a producer wrote into its entries: a call under way is rarely older. */
const STAMP_TOLERANCE_MS = 100;

/** Answers a call that was answered before, and refuses one that is older than its slot's last. */
const REPLIES = `
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
`;

/** How many more jobs the partition takes. */
const ROOM = `
local room = tonumber(ARGV[2])
if room == 0 then
  room = math.huge
else
  room = room + tombs - redis.call('LLEN', k_high) - redis.call('LLEN', k_normal) - redis.call('LLEN', k_low) - redis.call('ZCARD', k_delayed)
end
local refused = {}
local function refuse(index, why, id) refused[#refused + 1] = index .. ' ' .. why .. ' ' .. id end
`;

/** Notes the call once all is known and before the jobs are written: a server without memory refuses the first write, and so all. */
const NOTE_CALL = `
local reply = fmt(now)
if #refused > 0 then reply = reply .. ' ' .. table.concat(refused, ' ') end
redis.call('HSET', k_replies, slot, ARGV[5] .. ' ' .. reply)
redis.call('ZADD', k_producers, now, ARGV[3])
if not META[1] then redis.call('HSET', k_meta, 'layout', ${LAYOUT_VERSION}, 'partitions', ARGV[1]) end
for _, producer in ipairs(redis.call('ZRANGEBYSCORE', k_producers, '-inf', now - ${PRODUCER_IDLE_MS}, 'LIMIT', 0, 2)) do
  for old = 0, ${REPLY_SLOTS - 1} do redis.call('HDEL', k_replies, producer .. ':' .. old) end
  redis.call('ZREM', k_producers, producer)
end
`;

/**
 * Stores jobs that nothing has to be looked up for: fresh, plain, and of normal priority.
 *
 * ARGV: partitions; maxDepth (0: none); producer; slot; number of the call, growing in each slot; then whole entries
 * (`ENTRIES` in prelude.lua.ts), all with the same moment in their first 11 digits: what the producer believes the
 * server's clock to be. Where it is off by more than a call takes, the server writes its own.
 * Returns text: its clock in milliseconds, then as `ENQUEUE`.
 * Cost: O(jobs), and nothing a job beyond one RPUSH. Bound: 250 jobs.
 */
export const ENQUEUE_FRESH: Script = defineScript(
  "enqueue-fresh",
  ["meta", "high", "normal", "low", "delayed", "replies", "producers", "wake"],
  PRELUDE,
  WAKE_UP,
  REPLIES,
  ROOM,
  `
local count = #ARGV - 5
local taken = math.max(0, math.min(count, room))
for i = taken + 1, count do refuse(i, 'f', '-') end
`,
  NOTE_CALL,
  `
if taken > 0 then
  local guess = tonumber(string.sub(ARGV[6], 1, 11), 16)
  if META[4] or guess > now or now - guess > ${STAMP_TOLERANCE_MS} then
    local entries, stamp = {}, string.format('%011x', now)
    for i = 1, taken do entries[i] = stamp .. string.sub(ARGV[5 + i], 12) end
    redis.call('RPUSH', k_normal, unpack(entries))
  else
    redis.call('RPUSH', k_normal, unpack(ARGV, 6, 5 + taken))
  end
  note('enqueued', fmt((tonumber(META[14]) or 0) + taken))
  wakeUp(taken)
end
`,
  NOTE_TIME,
  `return reply`,
);

/**
 * Stores jobs of any kind and puts them where they wait.
 *
 * ARGV: partitions; maxDepth (0: none); producer; slot; number of the call, growing in each slot; then the ids of all
 * jobs, and then their records (record.ts says how a record begins).
 * Returns text: the server's clock in milliseconds, then of each job that was not enqueued its index (from 1), `d` or `f`, and the live
 * job's id (`-` for full).
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
  REPLIES,
  ROOM,
  `
local count = (#ARGV - 5) / 2
local stamp = string.format('%011x', now)
local seen, keys = {}, {}
local jobs, states, delays, dedups, dues = {}, {}, {}, {}, {}
local tails = { h = {}, n = {}, l = {} }
local ready, lastSince, lastText = 0, nil, nil
local function holder(key)
  if keys[key] then return keys[key] end
  local value = redis.call('HGET', k_dedup, key)
  if not value then return nil end
  local expires, id = string.match(value, '^@(%d+) (.*)$')
  if not expires then return value end
  return tonumber(expires) > now and id or nil
end
local function holdDedup(dedup, ttl, id)
  keys[dedup] = id
  dedups[#dedups + 1] = dedup
  if ttl == '' then
    dedups[#dedups + 1] = id
    return
  end
  local ends = now + tonumber(ttl)
  dueBy(ends)
  ends = fmt(ends)
  dedups[#dedups + 1] = '@' .. ends .. ' ' .. id
  dues[#dues + 1] = ends
  dues[#dues + 1] = dedup
end
-- A job with an entry in jobs, and a state.
local function keep(id, record, priority, delay, expires, ttl, dedup)
  jobs[#jobs + 1] = id
  jobs[#jobs + 1] = stamp .. record
  if dedup ~= '' then holdDedup(dedup, ttl, id) end
  local place, since = '-', now
  if delay ~= '' then
    seq = seq + 1
    since = now + tonumber(delay)
    dueBy(since)
    local member = string.format('%016.0f', seq) .. priority
    place = 'd' .. member
    delays[#delays + 1] = since
    delays[#delays + 1] = member .. id
  else
    ready = ready + 1
    local tail = tails[priority]
    tail[#tail + 1] = '*' .. id
    mixed = mixed + 1
  end
  if since ~= lastSince then lastSince, lastText = since, fmt(since) end
  states[#states + 1] = id
  states[#states + 1] = place .. ' 0 0 0 ' .. lastText .. ' ' .. (expires == '' and '0' or fmt(now + tonumber(expires))) .. ' ' ..
    priority .. '\\n' .. (ttl == '' and dedup or '')
end
-- Which of them are alive already: asked for at once.
local alive = {}
do
  local asked = {}
  for i = 1, count do
    local kind = string.byte(ARGV[5 + count + i])
    if kind < 97 then asked[#asked + 1] = ARGV[5 + i] end
  end
  if #asked > 0 then
    for i, text in ipairs(redis.call('HMGET', k_state, unpack(asked))) do alive[asked[i]] = text end
  end
end
for i = 1, count do
  local id, record = ARGV[5 + i], ARGV[5 + count + i]
  local kind = string.sub(record, 1, 1)
  local priority = string.lower(kind)
  if kind == priority then
    if room <= 0 then
      refuse(i, 'f', '-')
    else
      room = room - 1
      ready = ready + 1
      local tail = tails[priority]
      if priority ~= 'n' then mixed = mixed + 1 end
      tail[#tail + 1] = stamp .. string.format('%02x', #id) .. id .. record
    end
  else
    local delay, expires, ttl, dedup = string.match(record, '^%a%d*;(%d*);(%d*);(%d*);[^\\n]*\\n([^\\n]*)\\n')
    local live = dedup ~= '' and holder(dedup)
    if seen[id] or alive[id] then
      refuse(i, 'd', id)
    elseif live then
      refuse(i, 'd', live)
    elseif room <= 0 then
      refuse(i, 'f', '-')
    else
      seen[id] = true
      room = room - 1
      keep(id, record, priority, delay, expires, ttl, dedup)
    end
  end
end
`,
  NOTE_CALL,
  `
if #jobs > 0 then
  redis.call('HSET', k_jobs, unpack(jobs))
  redis.call('HSET', k_state, unpack(states))
end
if #tails.n > 0 then redis.call('RPUSH', k_normal, unpack(tails.n)) end
if #tails.h > 0 then redis.call('RPUSH', k_high, unpack(tails.h)) end
if #tails.l > 0 then redis.call('RPUSH', k_low, unpack(tails.l)) end
if #delays > 0 then redis.call('ZADD', k_delayed, unpack(delays)) end
if #dedups > 0 then redis.call('HSET', k_dedup, unpack(dedups)) end
if #dues > 0 then redis.call('ZADD', k_dedupDue, unpack(dues)) end
local stored = ready + #delays / 2
if stored > 0 then
  note('enqueued', fmt((tonumber(META[14]) or 0) + stored))
  wakeUp(#delays > 0 and ready + 1 or ready)
end
`,
  NOTE_TIME,
  `return reply`,
);
