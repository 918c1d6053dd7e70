/** An error of ClickHouse: what the engine said, or what its HTTP interface would have. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: number;

  /** @param type - the name of the code, such as `UNKNOWN_TABLE`; part of the message that a client parses. */
  constructor(code: number, text: string, type: string) {
    super(`Code: ${code}. DB::Exception: ${text}. (${type})`);
    this.code = code;
  }

  /** Reads the code out of anything that the engine threw; 1002 (UNKNOWN_EXCEPTION) when there is none. */
  static from(error: unknown): EngineError {
    if (error instanceof EngineError) return error;
    const message = error instanceof Error ? error.message : String(error);
    const code = /Code: (\d+)/.exec(message)?.[1];
    if (code === undefined) return new EngineError(1002, message, "UNKNOWN_EXCEPTION");
    const found = new EngineError(Number(code), "", "");
    found.message = message;
    return found;
  }
}
