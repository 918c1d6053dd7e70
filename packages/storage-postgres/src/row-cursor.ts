import Cursor from "pg-cursor";

type Row = Record<string, unknown>;

/** What the driver tells whatever query runs: the part of its contract with them that its types leave out. */
interface Told {
  handleCommandComplete(message: unknown): void;
  handleError(error: Error): void;
}

const DriverCursor = Cursor as unknown as new (text: string, values: unknown[]) => Cursor<Row> & Told;

/**
 * A cursor that knows whether its statement may have taken effect: one alone is committed with the Sync message, which
 * the driver's cursor sends behind the last row, or when it is closed (PostgreSQL documentation, 54.2.3).
 */
export class RowCursor extends DriverCursor {
  #mayBeCommitted = false;
  #refusal: Error | undefined;
  #refuse: ((error: Error) => void) | undefined;

  get mayBeCommitted(): boolean {
    return this.#mayBeCommitted;
  }

  /** Why the server refused to commit, as for a constraint that is checked only then. */
  get refusal(): Error | undefined {
    return this.#refusal;
  }

  /** The next rows, at most `maxRows`; fewer are the last. */
  async fetch(maxRows: number): Promise<Row[]> {
    return new Promise<Row[]>((resolve, reject) => {
      this.#refuse = reject;
      this.read(maxRows, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  }

  /** Ends the statement before its last row; what it changed stays. */
  async leave(): Promise<void> {
    this.#mayBeCommitted = true;
    await this.close();
  }

  override handleCommandComplete(message: unknown): void {
    this.#mayBeCommitted = true;
    super.handleCommandComplete(message);
  }

  /** Of what comes behind the last row, the driver's cursor hears nothing, and whoever waits for it waits for ever. */
  override handleError(error: Error): void {
    if (!this.#mayBeCommitted) {
      super.handleError(error);
      return;
    }
    this.#refusal = error;
    this.#refuse?.(error);
  }
}
