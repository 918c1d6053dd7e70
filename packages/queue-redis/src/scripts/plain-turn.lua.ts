import { noteDurations } from "./settle.lua.ts";

/** Reads the runs (settle.lua.ts). Gives up when one is not done, not whole, not in one piece, or not all current. */
const READ_RUNS = `
  local of, at = {}, RUNS
  while plain and at <= #ARGV do
    local batch, size, first = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local flags = ARGV[at] == 'D' and first and not of[batch] and redis.call('HGET', k_batches, batch .. 'f')
    local last = first and first + size - 1
    if not flags or last > #flags or string.find(string.sub(flags, first, last), '-', 1, true) then
      plain = false
    else
      of[batch] = true
      local left = string.sub(flags, 1, first - 1) .. string.rep('-', size) .. string.sub(flags, last + 1)
      runs[#runs + 1] = { batch, left, string.find(left, '%a') }
      settled = settled + size
      at = at + 4
    end
  end
`;

/** Takes what is handed out off its list; puts it back where an entry is of another kind after all. */
const TAKE_ENTRIES = `
  if plain then
    entries = redis.call('LPOP', k_normal, MAX) or {}
    plain = #entries > 0 or WAIT == 0
    for i = 1, #entries do
      local first = string.byte(entries[i])
      if first == 42 or first == 33 or first == 45 then plain = false end
    end
    if not plain and #entries > 0 then
      local back = {}
      for i = #entries, 1, -1 do back[#back + 1] = entries[i] end
      redis.call('LPUSH', k_normal, unpack(back))
    end
  end
`;

const END_RUNS = `
    for i = 1, #runs do
      local batch, left, some = runs[i][1], runs[i][2], runs[i][3]
      if some then
        redis.call('HSET', k_batches, batch .. 'f', left)
      else
        redis.call('HDEL', k_batches, batch, batch .. 'f')
        redis.call('ZREM', k_leases, batch)
      end
    end
${noteDurations("settled").trim()}
`;

const HAND_OUT_ENTRIES = `
    local base = math.max((tonumber(META[8]) or 0) + 1, us)
    local batch = string.format('%.0f', base) .. '-' .. NONCE
    if #entries > 0 then
      redis.call('HSET', k_batches, batch, cmsgpack.pack(entries), batch .. 'f', string.rep('n', #entries))
      redis.call('ZADD', k_leases, now + LEASE, batch)
      notes[#notes + 1] = 'fence'
      notes[#notes + 1] = string.format('%.0f', base + #entries - 1)
      if now + LEASE < due then
        notes[#notes + 1] = 'due'
        notes[#notes + 1] = string.format('%.0f', now + LEASE)
      end
    end
`;

/**
 * The way of nearly every turn: nothing is due, nothing was cancelled or extended apart, all that is settled is done and travels whole,
 * and all that waits is whole and of normal priority. Ten commands and no function: a script pays more for making the
 * sixty functions of the general way, and for finding the variables that they share, than for its commands.
 *
 * Returns when all is so. Else it has changed nothing, and the general way comes after it. What is a write to Redis and first
 * here may use no memory, so that a server at `maxmemory` lets the rest pass.
 *
 * @param parts - what the call does
 * @param answer - what it returns, in Lua; `header` is that of a hand-out
 */
export function plainTurn(
  { settles, fetches }: { readonly settles: boolean; readonly fetches: boolean },
  answer: string,
): string {
  return `
do
  local plain = due > now and singles == 0 and tombs == 0 and not stepped${fetches ? " and mixed == 0 and not META[9]" : ""}
  local runs, settled, entries = {}, 0, {}
${settles ? READ_RUNS : ""}
${fetches ? TAKE_ENTRIES : "  if plain then redis.call('HDEL', k_meta, '-') end"}
  if plain then
    local notes = { k_meta, 'time', us }
${settles ? END_RUNS : ""}
${fetches ? HAND_OUT_ENTRIES : ""}
    if settled > 0 then
      notes[#notes + 1] = 'processed'
      notes[#notes + 1] = string.format('%.0f', (tonumber(META[13]) or 0) + settled)
    end
    if settled ~= #entries then
      notes[#notes + 1] = 'flying'
      notes[#notes + 1] = flying - settled + #entries
    end
    redis.call('HSET', unpack(notes))
${fetches ? "    local header = string.format('%.0f %.0f ', now, base) .. batch .. ' 0 0 - 0'" : ""}
    return ${answer}
  end
end
`;
}
