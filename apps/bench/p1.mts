import { startRedis } from "@chimera/test-services";
import { ours, bullmq } from "./src/redis/peers.ts";
import { payloads, DeliveryCheck } from "./src/redis/queue-peer.ts";
import { RedisAdmin } from "./src/redis/redis-sides.ts";
const which = process.argv[2] ?? "ours", n = Number(process.argv[3] ?? 10000), times = Number(process.argv[4] ?? 3);
const server = await startRedis({});
const admin = new RedisAdmin(server.url);
for (let t = 0; t < times; t++) {
  await admin.send("FLUSHALL");
  const peer = (which === "ours" ? ours : bullmq)(server.url);
  for (let i = 0; i < n; i += 1000) await peer.enqueueBulk(payloads(i, 1000));
  const check = new DeliveryCheck(n);
  await admin.send("CONFIG", "RESETSTAT");
  const c0 = process.cpuUsage(), s0 = await admin.cpuUs(), t0 = performance.now();
  await peer.work(check.handled, check.all, which === "ours" ? { concurrency: 1, prefetch: 0 } : { concurrency: 1 });
  const ms = performance.now() - t0, c = process.cpuUsage(c0), s = (await admin.cpuUs()) - s0;
  console.log(which, Math.round(n / ms * 1000), "jobs/s; us/job wall", (ms * 1000 / n).toFixed(1), "client", ((c.user + c.system) / n).toFixed(1), "(user", (c.user/n).toFixed(1), ") server", (s / n).toFixed(1), String(await admin.send("INFO","commandstats")).split("\n").filter(l=>/evalsha/.test(l)).join(" "));
  await peer.close();
}
admin.close(); await server.stop();
