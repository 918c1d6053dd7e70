const FIRST_CAPACITY = 16_384;
/** A buffer that one large group has grown beyond this is not kept for the next. */
const KEPT_CAPACITY = 1_048_576;
/** Bytes that UTF-8 needs at most for a UTF-16 unit. */
const MAX_BYTES_A_UNIT = 3;

/** Builds a run of bytes in one buffer that it uses again and again. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written, valid until the next call. */
  bytes(from = 0): Buffer {
    return this.#buffer.subarray(from, this.#length);
  }

  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_CAPACITY) this.#buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** A whole number >= 0 in as few bytes as it needs, seven bits each (LEB128). */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  text(value: string): void {
    this.#reserve(4 + value.length * MAX_BYTES_A_UNIT);
    const bytes = this.#buffer.write(value, this.#length + 4, "utf8");
    this.#buffer.writeUInt32LE(bytes, this.#length);
    this.#length += 4 + bytes;
  }

  /** Fills in a number whose place was kept with {@link uint32}. */
  setUint32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
