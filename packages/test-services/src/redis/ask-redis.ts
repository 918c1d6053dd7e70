import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** One inline command on a connection of its own: enough for words without blanks. @throws Error for an error reply. */
export async function askRedis(url: string, words: readonly string[]): Promise<string> {
  const socket = await open(new URL(url));
  // A sentinel knows no QUIT; every server ends a connection that its client has ended.
  socket.end(`${words.join(" ")}\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const reply = Buffer.concat(chunks).toString();
  if (reply.startsWith("-")) throw new Error(`${words.slice(0, 2).join(" ")}: ${reply.split("\r\n")[0]}`);
  return reply;
}

async function open({ protocol, hostname: host, port }: URL): Promise<Socket> {
  const address = { host, port: Number(port) };
  if (protocol !== "rediss:") {
    const socket = connect(address);
    await once(socket, "connect");
    return socket;
  }
  // Whether a certificate is checked is the business of who is tested, not of who sets the stage.
  const socket = connectTls({ ...address, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  return socket;
}
