import { choiceIssue, integerIssue, issuesOf } from "@chimera/dlq";

export interface JournalOptions {
  /** The folder that holds this queue's journal and nothing else; made when it is missing. One process at a time opens it. */
  readonly directory: string;
  /**
   * What an answer waits for. `os`: the operating system has it, so that it survives the death of the process;
   * `fsync`: the disk has it, so that it survives a power cut, at the price of an `fdatasync` a group.
   */
  readonly durability: "fsync" | "os";
  /**
   * Bytes of journal from which on it is rewritten without what is settled, 65_536 to 2^40; a queue whose waiting jobs
   * take more is rewritten each time it has doubled. @defaultValue 16_777_216
   */
  readonly compactAtBytes?: number;
}

export type ResolvedJournalOptions = Required<JournalOptions>;

const DEFAULT_COMPACT_AT_BYTES = 16_777_216;

export function resolveJournalOptions(options: JournalOptions): ResolvedJournalOptions {
  return { compactAtBytes: DEFAULT_COMPACT_AT_BYTES, ...options };
}

/** What is wrong with a journal's options, each named as the user wrote it. */
export function journalIssues(options: JournalOptions): string[] {
  const { directory, durability, compactAtBytes = DEFAULT_COMPACT_AT_BYTES } = options;
  return issuesOf(
    typeof directory === "string" && directory !== ""
      ? undefined
      : "Expected `journal.directory` to be the path of a folder",
    choiceIssue("journal.durability", durability, ["fsync", "os"]),
    integerIssue("journal.compactAtBytes", compactAtBytes, { min: 65_536, max: 2 ** 40 }),
  );
}
