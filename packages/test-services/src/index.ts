export { startClickHouse } from "./clickhouse/start-clickhouse.ts";
export type { ClickHouseOptions } from "./clickhouse/start-clickhouse.ts";
export { startPostgres } from "./postgres/start-postgres.ts";
export type { PostgresOptions } from "./postgres/start-postgres.ts";
export { startRedis } from "./redis/start-redis.ts";
export type { RedisOptions } from "./redis/start-redis.ts";
export type { TestService } from "./test-service.ts";
export { TcpProxy } from "./tcp-proxy.ts";
export type { ProxyRules, ReplyVerdict } from "./tcp-proxy.ts";
