import { FREEING_WRITE, LEASES, NOTE_TIME, PRELUDE } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";
import { PLACES_OF_RUN } from "./settle.lua.ts";

/**
 * Moves the end of leases.
 *
 * ARGV: partitions; lease in ms from now; then runs of a batch, the number of jobs, and their places in it.
 * Returns the indexes of stale receipts, from 1.
 * Cost: O(receipts log n). Bound: 250.
 */
export const EXTEND: Script = defineScript(
  "extend",
  ["meta", "leases", "batches"],
  PRELUDE,
  LEASES,
  FREEING_WRITE,
  PLACES_OF_RUN,
  `
local stale, index, at = {}, 0, 3
local ends = now + tonumber(ARGV[2])
while at <= #ARGV do
  local batch, size = ARGV[at], tonumber(ARGV[at + 1])
  local flags = flagsOf(flagsText(batch))
  local places, members, scored, seen = placesOfRun(ARGV[at + 2], size), {}, {}, {}
  for i = 1, size do
    local place = places[i]
    if inFlight(flags[place]) then
      if not seen[place] then
        seen[place] = true
        members[#members + 1] = single(batch, place)
        scored[#scored + 1] = ends
        scored[#scored + 1] = members[#members]
      end
    else
      stale[#stale + 1] = index + i
    end
  end
  local left = 0
  for place = 1, #flags do
    if flags[place] ~= DASH then left = left + 1 end
  end
  if #members > 0 and #members == left then
    -- All that is left of the batch: its one lease moves.
    redis.call('ZADD', k_leases, ends, batch)
    dueBy(ends)
    if singles > 0 then singles = singles - redis.call('ZREM', k_leases, unpack(members)) end
  elseif #members > 0 then
    singles = singles + redis.call('ZADD', k_leases, unpack(scored))
    dueBy(ends)
  end
  index = index + size
  at = at + 3
end
`,
  NOTE_TIME,
  `return stale`,
);
