import { errorMessage, redactText } from "@chimera/dlq";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { jsonCodec, type Codec } from "./codec.ts";
import { QueueError } from "./errors.ts";

/** Most issues of a schema that one error lists. */
const MAX_ISSUES = 100;

/** What a gate is made of. */
export interface PayloadGateOptions<In, Out> {
  readonly codec: Codec;
  readonly schema?: StandardSchemaV1<In, Out>;
  readonly maxBodyBytes: number;
}

/**
 * The one way of a payload into text and back: schema, codec, size limit.
 *
 * Synchronous unless the schema is not, so that a payload without an asynchronous schema costs no promise.
 */
export class PayloadGate<In, Out> {
  readonly codec: Codec;
  readonly #schema: StandardSchemaV1<In, Out> | undefined;
  readonly #maxBodyBytes: number;

  constructor(options: PayloadGateOptions<In, Out>) {
    this.codec = options.codec;
    this.#schema = options.schema;
    this.#maxBodyBytes = options.maxBodyBytes;
  }

  /**
   * The body of a payload that matches the schema. The payload is encoded as it was given; what the schema makes
   * of it (defaults, coercions) happens on the way out, so that a body is checked against the reader's schema.
   *
   * @throws QueueError `QUEUE_PAYLOAD_INVALID` with every issue, or `QUEUE_PAYLOAD_TOO_LARGE`; also as a rejection.
   */
  encode(payload: In): string | Promise<string> {
    if (this.#schema === undefined) return this.#toBody(payload);
    const result = this.#schema["~standard"].validate(payload);
    return result instanceof Promise
      ? result.then((settled) => this.#accepted(settled, payload))
      : this.#accepted(result, payload);
  }

  /**
   * The payload of a body, as the schema answers it.
   *
   * @throws QueueError `QUEUE_PAYLOAD_INVALID`; also as a rejection.
   */
  decode(body: string): Out | Promise<Out> {
    const payload = this.#fromBody(body);
    if (this.#schema === undefined) return payload as Out;
    const result = this.#schema["~standard"].validate(payload);
    return result instanceof Promise ? result.then(valueOf) : valueOf(result);
  }

  #accepted(result: StandardSchemaV1.Result<Out>, payload: In): string {
    valueOf(result);
    return this.#toBody(payload);
  }

  #toBody(payload: In): string {
    let body: string | undefined;
    try {
      body = this.codec.encode(payload);
    } catch (error) {
      throw invalid("The payload cannot be encoded", [errorMessage(error)], error);
    }
    if (typeof body !== "string") throw invalid("The payload cannot be encoded", [`got ${typeof payload}`]);
    // JSON escapes lone surrogates by itself; a codec that does not would have them replaced on the wire.
    if (this.codec !== jsonCodec && !isWellFormed(body)) {
      throw invalid("The payload cannot be encoded", ["the text holds a lone surrogate"]);
    }
    // A UTF-16 unit takes at most 3 bytes in UTF-8: small bodies need no measuring.
    if (body.length * 3 > this.#maxBodyBytes) this.#checkSize(body);
    return body;
  }

  #checkSize(body: string): void {
    const bytes = Buffer.byteLength(body);
    if (bytes <= this.#maxBodyBytes) return;
    throw new QueueError(
      "QUEUE_PAYLOAD_TOO_LARGE",
      `Expected a body of at most ${this.#maxBodyBytes} bytes (\`maxBodyBytes\`), got ${bytes}`,
    );
  }

  #fromBody(body: string): unknown {
    try {
      return this.codec.decode(body);
    } catch (error) {
      throw invalid("The body cannot be decoded", [errorMessage(error)], error);
    }
  }
}

function valueOf<Out>(result: StandardSchemaV1.Result<Out>): Out {
  if (result.issues === undefined) return result.value;
  throw invalid("The payload does not match the schema", result.issues.slice(0, MAX_ISSUES).map(issueLine));
}

function issueLine({ message, path = [] }: StandardSchemaV1.Issue): string {
  const at = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  return at === "" ? message : `${at}: ${message}`;
}

/** Issues may quote the payload, so they are redacted like everything else that ends in a log or a letter. */
function invalid(what: string, issues: readonly string[], cause?: unknown): QueueError {
  const lines = issues.map((issue) => redactText(issue));
  return new QueueError("QUEUE_PAYLOAD_INVALID", `${what}: ${lines.join("; ")}`, { issues: lines, cause });
}

function isWellFormed(text: string): boolean {
  // In Node since version 20; the library of ES2023 that we compile against does not know it.
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
