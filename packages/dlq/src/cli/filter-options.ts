import { Option, type Command } from "commander";
import { DEAD_LETTER_REASONS, type DeadLetterReason } from "../dead-letter.ts";
import type { DeadLetterFilter } from "../dead-letter-store.ts";

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What commander makes of the options below. */
export interface FilterFlags {
  readonly state?: "dead" | "replayed" | "any";
  readonly id?: readonly string[];
  readonly reason?: readonly DeadLetterReason[];
  readonly code?: readonly string[];
  readonly source?: string;
  readonly target?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Gives a command the options that say which letters are meant. */
export function addFilterOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--state <state>", "where a letter stands")
        .choices(["dead", "replayed", "any"])
        .default("dead"),
    )
    .option("--id <id...>", "only these ids")
    .addOption(new Option("--reason <reason...>", "only these reasons").choices(DEAD_LETTER_REASONS))
    .option("--code <code...>", "only these error codes")
    .option("--source <source>", "only from here, such as queue:quakes")
    .option("--target <target>", "only meant for there, such as clickhouse:quakes")
    .option("--since <moment>", "given up then or later: 2026-11-23T08:00Z, or 30m, 12h, 7d ago")
    .option("--until <moment>", "given up before then");
}

/** The filter that the options say. @param nowMs - the moment from which 30m, 12h and 7d count back. */
export function filterOf(flags: FilterFlags, nowMs: number): DeadLetterFilter {
  const { state, id, reason, code, source, target, since, until } = flags;
  return {
    ...(state !== undefined && { state }),
    ...(id !== undefined && { ids: id }),
    ...(reason !== undefined && { reasons: reason }),
    ...(code !== undefined && { codes: code }),
    ...(source !== undefined && { source }),
    ...(target !== undefined && { target }),
    ...(since !== undefined && { since: momentOf(since, nowMs) }),
    ...(until !== undefined && { until: momentOf(until, nowMs) }),
  };
}

function momentOf(text: string, nowMs: number): string {
  const [, count, unit = ""] = /^(\d+)([mhd])$/.exec(text) ?? [];
  return count === undefined ? text : new Date(nowMs - Number(count) * (UNIT_MS[unit] ?? 0)).toISOString();
}
