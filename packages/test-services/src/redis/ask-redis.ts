import { once } from "node:events";
import { connect } from "node:net";

/** One inline command on a connection of its own: enough for words without blanks. @throws Error for an error reply. */
export async function askRedis(port: number, words: readonly string[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  // A sentinel knows no QUIT; every server ends a connection that its client has ended.
  socket.end(`${words.join(" ")}\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const reply = Buffer.concat(chunks).toString();
  if (reply.startsWith("-")) throw new Error(`${words.slice(0, 2).join(" ")}: ${reply.split("\r\n")[0]}`);
  return reply;
}
