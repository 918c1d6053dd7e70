export { startRedis } from "./redis/start-redis.ts";
export type { RedisOptions } from "./redis/start-redis.ts";
export type { TestService } from "./test-service.ts";
