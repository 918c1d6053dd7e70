import { JOBS, JOB_KEYS } from "./admin.lua.ts";
import { LAYOUT_VERSION } from "./prelude.lua.ts";
import { defineScript, type Script } from "./script.ts";

/**
 * How a queue without jobs is spread over another number of partitions. What holds is what stands in the first partition.
 *
 * While it is changed, each partition has the old number behind a zero. Nobody opened a queue with such a number, so nobody's job is
 * taken, and what is empty stays so. `epoch` grows with each change that is begun and each that ends: what somebody does late
 * for a change that is over, or that another one overtook, is not done.
 */
const CHANGE = `
local META = redis.call('HMGET', k_meta, 'partitions', 'epoch', 'tombs', 'flying', 'next', 'layout')
if META[6] and tonumber(META[6]) > ${LAYOUT_VERSION} then return redis.error_reply('CHIMERA_LAYOUT_NEWER ' .. META[6]) end
local number, epoch = META[1] or ARGV[1], tonumber(META[2]) or 0
local changing = string.byte(number) == 48
local busy = jobsHere(META[3], META[4]) > 0
local function write(to, at) redis.call('HSET', k_meta, 'layout', ${LAYOUT_VERSION}, 'partitions', to, 'epoch', at) end
`;

/**
 * Begins a change in the first partition, or joins one to the same number.
 *
 * ARGV: partitions. Returns the number that held before, and the epoch: -1 when there are jobs. Cost: O(1).
 */
export const BEGIN_CHANGE: Script = defineScript(
  "begin-change",
  JOB_KEYS,
  JOBS,
  CHANGE,
  `
if number == ARGV[1] or (changing and META[5] == ARGV[1]) then return { number, epoch } end
if busy then return { number, -1 } end
write('0' .. tonumber(number), epoch + 1)
redis.call('HSET', k_meta, 'next', ARGV[1])
return { number, epoch + 1 }
`,
);

/**
 * Ends a change in the first partition, for one number or the other.
 *
 * ARGV: partitions, epoch. Returns the number that holds. Cost: O(1).
 */
export const END_CHANGE: Script = defineScript(
  "end-change",
  JOB_KEYS,
  JOBS,
  CHANGE,
  `
if not changing or epoch ~= tonumber(ARGV[2]) then return number end
write(ARGV[1], epoch + 1)
return ARGV[1]
`,
);

/**
 * Takes one of the other partitions along, unless it has jobs under a number that is not the new one.
 *
 * ARGV: partitions, epoch, what is to stand there. Returns that, or what stands there. Cost: O(1).
 */
export const FOLLOW_CHANGE: Script = defineScript(
  "follow-change",
  JOB_KEYS,
  JOBS,
  CHANGE,
  `
if epoch > tonumber(ARGV[2]) or (busy and number ~= ARGV[1]) then return number end
write(busy and number or ARGV[3], ARGV[2])
return ARGV[3]
`,
);
