import {
  compileFilter,
  createIntake,
  DlqError,
  errorCode,
  sleep,
  StatsTally,
  type DeadLetter,
  type DeadLetterEnvelope,
  type DeadLetterFilter,
  type DeadLetterMatcher,
  type DeadLetterState,
  type DeadLetterStats,
  type DeadLetterStore,
  type IntakeOptions,
  type StoredDeadLetter,
} from "@chimera/dlq";
import { assertQueueName } from "@chimera/queue-core";
import type { RedisConnection } from "./redis-connection.ts";
import { ScriptRunner } from "./script-runner.ts";
import {
  APPEND_LETTERS,
  GET_LETTERS,
  MARK_LETTERS,
  PAGE_OF_LETTERS,
  REMOVE_LETTERS,
} from "./scripts/dead-letters.lua.ts";
import type { Script } from "./scripts/script.ts";
import { replyWord } from "./server-errors.ts";

/** Letters that one call takes or gives, and how large all of them are at most: characters of payload, or bytes. */
const PAGE = 100;
const MAX_CALL_SIZE = 1 << 20;

/** Options of {@link RedisDeadLetterStore}. */
export interface RedisDeadLetterStoreOptions extends IntakeOptions {
  /** Shared with queues; stays open when the store is closed. */
  readonly connection: RedisConnection;
  /** `[A-Za-z0-9._-]{1,100}`. @defaultValue "dead-letters" */
  readonly name?: string;
}

/** A page of envelopes, matched against a filter. */
interface Page {
  readonly matches: readonly {
    readonly id: string;
    readonly number: string;
    readonly bytes: number;
    readonly envelope: DeadLetterEnvelope;
  }[];
  readonly last: string | undefined;
  readonly newest: number;
  readonly unreadable: number;
}

/**
 * Dead letters on Redis, for every process that reaches it.
 *
 * As durable as the server: with `appendfsync always` a letter that was appended survives the end of the machine. Letters
 * are small change to a queue but stay for weeks: set `maxmemory` with them in mind, since they are never evicted by this store.
 */
export class RedisDeadLetterStore implements DeadLetterStore {
  readonly #connection: RedisConnection;
  readonly #runner: ScriptRunner;
  readonly #intake: (letter: DeadLetter) => DeadLetter;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  /** Connects to nothing. @throws QueueError `QUEUE_INVALID`, DlqError `DLQ_INVALID` */
  constructor({ connection, name = "dead-letters", redact }: RedisDeadLetterStoreOptions) {
    assertQueueName(name);
    const { prefix, clock, commandTimeoutMs } = connection.settings;
    const tag = `${prefix}:{dlq:${name}}:`;
    const keys = {
      order: `${tag}order`,
      envelopes: `${tag}envelopes`,
      payloads: `${tag}payloads`,
      counter: `${tag}counter`,
    };
    this.#connection = connection;
    this.#runner = new ScriptRunner({ link: connection.commands, keys, clock, commandTimeoutMs });
    this.#intake = createIntake({ ...(redact !== undefined && { redact }) });
  }

  async append(letters: readonly DeadLetter[]): Promise<void> {
    this.#assertOpen();
    // Within one call of the server the last version of an id must win, as it would over several.
    const stored = [...new Map(letters.map((letter) => [letter.id, this.#intake(letter)])).values()];
    for (const piece of piecesOf(stored, ({ payload }) => payload.length)) {
      const args = piece.flatMap(({ payload, ...envelope }) => [
        envelope.id,
        envelope.ts,
        JSON.stringify(envelope),
        // Half a surrogate pair has no place in UTF-8, but one in JSON text.
        JSON.stringify(payload),
      ]);
      await this.#run(APPEND_LETTERS, args);
    }
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    this.#assertOpen();
    for (let from = 0; from < ids.length; from += PAGE) {
      await this.#run(
        REMOVE_LETTERS,
        ids.slice(from, from + PAGE).flatMap((id) => [id, "*"]),
      );
    }
  }

  async *list(
    filter: DeadLetterFilter = {},
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredDeadLetter, void, void> {
    const matcher = compileFilter(filter);
    for await (const { matches } of this.#pages(matcher)) {
      for (const piece of piecesOf(matches, ({ bytes }) => bytes)) {
        for (const stored of await this.#letters(piece.map(({ id }) => id))) {
          signal?.throwIfAborted();
          if (matcher(stored.letter, stored.state)) yield stored;
        }
      }
      signal?.throwIfAborted();
    }
  }

  async markReplayed(letters: readonly Pick<DeadLetterEnvelope, "id" | "ts">[]): Promise<void> {
    this.#assertOpen();
    for (let from = 0; from < letters.length; from += PAGE) {
      await this.#run(
        MARK_LETTERS,
        letters.slice(from, from + PAGE).flatMap(({ id, ts }) => [id, ts]),
      );
    }
  }

  async purge(filter: DeadLetterFilter): Promise<number> {
    let purged = 0;
    for await (const { matches } of this.#pages(compileFilter(filter))) {
      if (matches.length === 0) continue;
      // Only the version that was looked at: a letter appended again since is another one.
      const args = matches.flatMap(({ id, number }) => [id, number]);
      purged += (await this.#run(REMOVE_LETTERS, args, false)) as number;
    }
    return purged;
  }

  async stats(filter?: DeadLetterFilter): Promise<DeadLetterStats> {
    const tally = new StatsTally();
    for await (const { matches, unreadable } of this.#pages(compileFilter(filter))) {
      for (const { envelope, bytes } of matches) tally.add(envelope, bytes);
      for (let index = 0; index < unreadable; index++) tally.addUnreadable();
    }
    return tally.result();
  }

  async ping(): Promise<void> {
    this.#assertOpen();
    // Marking nothing is a write that a read-only server refuses.
    await this.#run(MARK_LETTERS, []);
  }

  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closed = true;
    const patience = new AbortController();
    const deadline = sleep(this.#connection.settings.clock, deadlineMs, patience.signal).catch(() => {});
    await Promise.race([Promise.allSettled(this.#underWay), deadline]);
    patience.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Pages up to the letter that is the newest now: what is appended while reading is not waited for. */
  async *#pages(matcher: DeadLetterMatcher): AsyncGenerator<Page, void, void> {
    this.#assertOpen();
    let newest: number | undefined;
    for (let after: string | undefined = "0"; after !== undefined;) {
      const page: Page = await this.#page(after, matcher, newest ?? Infinity);
      newest ??= page.newest;
      yield page;
      after = page.last;
    }
  }

  async #page(after: string, matcher: DeadLetterMatcher, newest: number): Promise<Page> {
    this.#assertOpen();
    const reply = await this.#run(PAGE_OF_LETTERS, [after, String(PAGE)]);
    const [ids, numbers, envelopes, bytes, counter] = reply as [
      string[],
      string[],
      string[],
      number[],
      string,
    ];
    const matches: Page["matches"][number][] = [];
    let unreadable = 0;
    for (const [index, id] of ids.entries()) {
      const number = numbers[index] as string;
      if (Number(number) > newest) return { matches, last: undefined, newest, unreadable };
      const stored = readEnvelope(envelopes[index] ?? "");
      if (stored === undefined) unreadable++;
      else if (matcher(stored.envelope, stored.state))
        matches.push({ id, number, bytes: bytes[index] ?? 0, envelope: stored.envelope });
    }
    const last = ids.length < PAGE ? undefined : numbers.at(-1);
    return { matches, last, newest: Number(counter), unreadable };
  }

  async #letters(ids: readonly string[]): Promise<StoredDeadLetter[]> {
    if (ids.length === 0) return [];
    const [envelopes, payloads] = (await this.#run(GET_LETTERS, ids)) as [string[], string[]];
    return ids.flatMap((_, index): StoredDeadLetter[] => {
      const stored = readEnvelope(envelopes[index] ?? "");
      if (stored === undefined) return [];
      return [
        {
          letter: { ...stored.envelope, payload: JSON.parse(payloads[index] ?? "") as string },
          state: stored.state,
        },
      ];
    });
  }

  async #run(script: Script, args: readonly string[], repeatable = true): Promise<unknown> {
    const running = this.#runner.run(script, args, repeatable);
    this.#underWay.add(running);
    try {
      return await running;
    } catch (error) {
      throw toDlqError(error);
    } finally {
      this.#underWay.delete(running);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new DlqError("DLQ_CLOSED", "The dead-letter store was closed");
  }
}

/** As many at a time as one call takes or gives; one that is larger than that goes alone. */
function* piecesOf<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Generator<Item[]> {
  let piece: Item[] = [];
  let total = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (piece.length === PAGE || (piece.length > 0 && total + size > MAX_CALL_SIZE)) {
      yield piece;
      piece = [];
      total = 0;
    }
    piece.push(item);
    total += size;
  }
  if (piece.length > 0) yield piece;
}

function readEnvelope(text: string): { envelope: DeadLetterEnvelope; state: DeadLetterState } | undefined {
  try {
    const envelope = JSON.parse(text.slice(text.indexOf("\n") + 1)) as DeadLetterEnvelope;
    return { envelope, state: text.startsWith("r") ? "replayed" : "dead" };
  } catch {
    return undefined;
  }
}

function toDlqError(error: unknown): DlqError {
  if (error instanceof DlqError) return error;
  const word = replyWord(error);
  if (word === "OOM") {
    return new DlqError("DLQ_NO_SPACE", "Redis is at its maxmemory and refused dead letters", {
      retryable: true,
    });
  }
  const detail = word ?? errorCode(error) ?? (error instanceof Error ? error.constructor.name : "no answer");
  return new DlqError("DLQ_UNAVAILABLE", `Redis could not keep or give dead letters: ${detail}`, {
    retryable: true,
  });
}
