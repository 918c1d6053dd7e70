import type { ServerResponse } from "node:http";

/** Bounds of the streams. */
export interface EventStreamLimits {
  /** Streams at the same time. @defaultValue 32 */
  readonly maxStreams?: number;
  /** Bytes that may wait for one reader, above which it is cut off. @defaultValue 262_144 */
  readonly maxWaitingBytes?: number;
  /** Milliseconds of silence after which a comment is sent, so that nothing between takes the stream for dead. @defaultValue 10_000 */
  readonly heartbeatMs?: number;
}

/** How long a browser waits before it connects again (HTML, "Server-sent events", `retry`). */
const RETRY_MS = 2_000;

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-content-type-options": "nosniff",
  // For proxies of nginx's kind, which would keep events back until a buffer is full.
  "x-accel-buffering": "no",
  // Nothing follows on this connection, so that it ends with its stream.
  connection: "close",
};

/**
 * Server-sent events for many readers. What is sent is made into bytes once; memory is at most
 * `maxStreams * maxWaitingBytes`, since a reader that does not keep up is cut off and may come again.
 */
export class EventStreams {
  readonly #limits: Required<EventStreamLimits>;
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeat: NodeJS.Timeout;
  #lastSentAt = performance.now();
  #closed = false;

  constructor({ maxStreams = 32, maxWaitingBytes = 262_144, heartbeatMs = 10_000 }: EventStreamLimits = {}) {
    this.#limits = { maxStreams, maxWaitingBytes, heartbeatMs };
    this.#heartbeat = setInterval(() => {
      if (performance.now() - this.#lastSentAt >= heartbeatMs) this.#write(": still here\n\n");
    }, heartbeatMs).unref();
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether one more may be opened. */
  get hasRoom(): boolean {
    return !this.#closed && this.#open.size < this.#limits.maxStreams;
  }

  /** Makes a stream of a response on which nothing was sent. @param greeting - the data of its first event, `hello` */
  open(response: ServerResponse, greeting: unknown): void {
    if (response.destroyed) return;
    response.writeHead(200, HEADERS);
    this.#open.add(response);
    response.on("close", () => this.#open.delete(response));
    // A reader that goes away while it is written to is nobody's fault.
    response.on("error", () => this.#open.delete(response));
    response.write(`retry: ${RETRY_MS}\n${eventText("hello", greeting)}`);
  }

  /** Sends an event to everybody. @param data - becomes JSON, which has no line breaks */
  send(event: string, data: unknown): void {
    if (this.#open.size > 0) this.#write(eventText(event, data));
  }

  /** Ends every stream; none can be opened after that. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    for (const response of this.#open) {
      // Whoever still has bytes to read does not keep the service from ending.
      if (response.writableLength === 0) response.end();
      else this.#cutOff(response);
    }
  }

  #cutOff(response: ServerResponse): void {
    this.#open.delete(response);
    response.destroy();
  }

  #write(text: string): void {
    const bytes = Buffer.from(text);
    this.#lastSentAt = performance.now();
    for (const response of this.#open) {
      if (response.writableLength + bytes.length <= this.#limits.maxWaitingBytes) response.write(bytes);
      else this.#cutOff(response);
    }
  }
}

function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
