/** Reads what a `ByteWriter` wrote. Reading past the end throws a RangeError. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get done(): boolean {
    return this.#at >= this.#buffer.length;
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#at++);
  }

  double(): number {
    this.#at += 8;
    return this.#buffer.readDoubleLE(this.#at - 8);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const start = this.#at + 4;
    const end = start + this.#buffer.readUInt32LE(this.#at);
    if (end > this.#buffer.length) throw new RangeError("Expected a text within its frame");
    this.#at = end;
    return this.#buffer.toString("utf8", start, end);
  }
}
