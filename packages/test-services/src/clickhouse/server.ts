// The program of the ClickHouse child process: `server.ts <port> <data directory> <user> <password>`.
import { once } from "node:events";

import { Engine } from "./engine.ts";
import { createHttpFront } from "./http-front.ts";

const [port, directory, user, password] = process.argv.slice(2);
if (port === undefined || directory === undefined || user === undefined || password === undefined) {
  throw new Error("usage: server.ts <port> <data directory> <user> <password>");
}
const engine = new Engine(directory);
const server = createHttpFront(engine, { user, password }, await engine.version());

process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
  void engine.close().then(() => process.exit(0));
});

server.listen(Number(port), "127.0.0.1");
await once(server, "listening");
process.stdout.write(`Ready for connections on 127.0.0.1:${port}\n`);
