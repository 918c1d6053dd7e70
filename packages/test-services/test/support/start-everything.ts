// Starts every server, says so as one line of JSON, and waits for its end. The last argument chooses which end.
import { startClickHouse, startPostgres, startRedis } from "../../src/index.ts";

const services = await Promise.all([startRedis(), startPostgres(), startClickHouse()]);
process.stdout.write(`${JSON.stringify(services.map(({ pid }) => pid))}\n`);
if (process.argv[2] === "crash") throw new Error("a crash on purpose");
if (process.argv[2] === "wait") setInterval(() => {}, 1_000);
