import { HEAD_SINCE } from "./heads.lua.ts";
import { ENTRIES, LEASES, PRELUDE } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

/** Samples that percentiles are drawn from, the newest first. */
const LATENCY_SAMPLES = 1_024;

/**
 * Counts and the newest processing times.
 *
 * ARGV: partitions.
 * Returns now; depth; due; delayed; in flight; since when the oldest ready job waits (or `-`); `1` while paused; the counters
 * enqueued, processed, failed, retried, deadLettered, reclaimed, cancelled, expired, clockSteps; then the samples of recent
 * calls, each \`<ms since the epoch> <duration> <duration> …\`.
 * Cost: O(log n). Bound: 1_024 samples, 250 entries of cancelled jobs passed over, 250 ended leases. Writes nothing.
 */
export const METRICS: Script = defineScript(
  "metrics",
  ["meta", "state", "high", "normal", "low", "delayed", "leases", "batches", "tombs", "latency"],
  PRELUDE,
  LEASES,
  ENTRIES,
  HEAD_SINCE,
  `
local oldest = nil
for priority, list in pairs({ h = k_high, n = k_normal, l = k_low }) do
  local since = headSince(list, priority)
  if since and (not oldest or since < oldest) then oldest = since end
end
local depth = redis.call('LLEN', k_high) + redis.call('LLEN', k_normal) + redis.call('LLEN', k_low) - tombs
local delayed = redis.call('ZCARD', k_delayed)
local overdue = redis.call('ZCOUNT', k_delayed, '-inf', now)
local looked = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', k_leases, '-inf', now, 'LIMIT', 0, 250)) do
  local tilde = string.find(member, '~', 1, true)
  local batch, only = member, nil
  if tilde then batch, only = string.sub(member, 1, tilde - 1), tonumber(string.sub(member, tilde + 1)) end
  local flags = flagsOf(flagsText(batch))
  -- A job with a lease of its own is due by that alone.
  for place = only or 1, only or #flags do
    if inFlight(flags[place]) then
      looked = looked + 1
      if only or singles == 0 or looked > 1000 or not redis.call('ZSCORE', k_leases, single(batch, place)) then overdue = overdue + 1 end
    end
  end
end
local counters = redis.call('HMGET', k_meta, 'enqueued', 'processed', 'failed', 'retried', 'deadLettered', 'reclaimed', 'cancelled', 'expired', 'clockSteps')
local samples, calls = {}, 0
while #samples < 1024 and calls < ${LATENCY_SAMPLES} do
  local page = redis.call('LRANGE', k_latency, #samples, #samples + 63)
  for _, sample in ipairs(page) do
    samples[#samples + 1] = sample
    local _, gaps = string.gsub(sample, ' ', '')
    calls = calls + gaps
  end
  if #page < 64 then break end
end
local reply = { fmt(now), depth, overdue, delayed, flying, oldest and fmt(oldest) or '-', META[9] and 1 or 0 }
for i = 1, 9 do reply[#reply + 1] = counters[i] or '0' end
reply[#reply + 1] = samples
return reply
`,
);
