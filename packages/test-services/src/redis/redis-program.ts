import { debianProgram } from "../debian-program.ts";

/**
 * The path of a Redis or Valkey server: on the PATH, or installed now where this process is root on Debian or
 * Ubuntu, said on standard error. `undefined` when neither is to be had.
 */
export async function redisProgram(): Promise<string | undefined> {
  return debianProgram(["redis-server", "valkey-server"], "redis-server");
}
