import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What a proxy does to the bytes on their way. */
export interface ProxyRules {
  /** Milliseconds that each chunk waits, in both directions. @defaultValue 0 */
  latencyMs?: number;
  /** Asked for each chunk of a reply; `drop` swallows the rest of the connection's replies, `cut` ends the connection after `keepBytes`. */
  onReply?: (chunk: Buffer, connection: number) => ReplyVerdict;
}

export type ReplyVerdict = "forward" | "drop" | { readonly cutAfterBytes: number };

interface Target {
  readonly host: string;
  readonly port: number;
}

/** A TCP proxy on loopback that a test bends while connections run through it. */
export class TcpProxy implements AsyncDisposable {
  /** May be changed at any moment; it holds for the next chunk. */
  readonly rules: ProxyRules = {};
  #target: Target;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What is on its way to a socket, in order. */
  readonly #delayed = new WeakMap<Socket, DelayedChunk[]>();
  #connections = 0;
  #silent = false;

  private constructor(target: Target) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** Listens on a free port before `url`'s host and port. */
  static async start(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetOf(url));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** The target's URL as reached through the proxy. */
  through(url: string): string {
    const proxied = new URL(url);
    proxied.hostname = "127.0.0.1";
    proxied.port = String(this.port);
    return proxied.href;
  }

  /** From now on nothing is forwarded and nothing ended, as in a network that swallows packets. */
  silence(): void {
    this.#silent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** The network is back: what was sent meanwhile arrives, as after TCP's retransmissions. */
  restore(): void {
    this.#silent = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Leads new connections to another server; those that are open keep theirs. */
  retarget(url: string): void {
    this.#target = targetOf(url);
  }

  /** Ends every connection at once with a reset. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.cutAll();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #join(client: Socket): void {
    const connection = this.#connections++;
    const server = connect(this.#target);
    let dropping = false;
    for (const [socket, peer] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => peer.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        peer.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => this.#forward(chunk, server));
    server.on("data", (chunk: Buffer) => {
      const verdict = dropping ? "drop" : (this.rules.onReply?.(chunk, connection) ?? "forward");
      if (verdict === "drop") dropping = true;
      else if (verdict === "forward") this.#forward(chunk, client);
      else client.write(chunk.subarray(0, verdict.cutAfterBytes), () => client.resetAndDestroy());
    });
    if (this.#silent) for (const socket of [client, server]) socket.pause();
  }

  #forward(chunk: Buffer, to: Socket): void {
    const now = performance.now();
    const waiting = this.#delayed.get(to);
    const { latencyMs = 0 } = this.rules;
    if (latencyMs === 0 && waiting === undefined) {
      to.write(chunk);
      return;
    }
    // Behind what is still on its way, also when the latency has become less: a connection's bytes never overtake each other.
    const queue = waiting ?? [];
    queue.push({ chunk, dueAt: Math.max(now + latencyMs, queue.at(-1)?.dueAt ?? 0) });
    if (waiting === undefined) {
      this.#delayed.set(to, queue);
      this.#deliver(to, queue);
    }
  }

  #deliver(to: Socket, queue: DelayedChunk[]): void {
    const now = performance.now();
    while (queue[0] !== undefined && queue[0].dueAt <= now) {
      const { chunk } = queue.shift() as DelayedChunk;
      if (!to.destroyed) to.write(chunk);
    }
    const next = queue[0];
    if (next === undefined) this.#delayed.delete(to);
    else setTimeout(() => this.#deliver(to, queue), Math.max(1, next.dueAt - now)).unref();
  }
}

interface DelayedChunk {
  readonly chunk: Buffer;
  readonly dueAt: number;
}

function targetOf(url: string): Target {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
