export { RedisQueue } from "./redis-queue.ts";
export type { RedisQueueOptions } from "./redis-queue.ts";
export { RedisBackend } from "./redis-backend.ts";
export type { RedisBackendOptions } from "./backend-options.ts";
export { RedisConnection } from "./redis-connection.ts";
export type { RedisAddress, RedisConnectionOptions } from "./connection-options.ts";
export type { AnyRedisClient } from "./driver.ts";
export type { Preflight } from "./preflight.ts";
