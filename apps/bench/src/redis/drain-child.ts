// A worker process: opens its queue, says `ready`, works from the first line on its standard input to the second, and says
// how many jobs it had. Arguments: the peer, the server's URL, the queue's name.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { bullmq, ours } from "./peers.ts";

const [peerName = "", url = "", queueName = ""] = process.argv.slice(2);
const peer = (peerName === "ours" ? ours : bullmq)(url, queueName);
const lines = createInterface({ input: process.stdin });
let handled = 0;
const started = once(lines, "line");
process.stdout.write("ready\n");
await started;
await peer.work(
  () => void handled++,
  once(lines, "line").then(() => undefined),
  { concurrency: 50 },
);
process.stdout.write(`${handled}\n`);
await peer.close();
process.exit(0);
