import type { StoredDeadLetter } from "../dead-letter-store.ts";
import { encodeLetter } from "../file/line-codec.ts";
import { ExitCode } from "./exit-code.ts";
import type { CommonFlags, Session } from "./session.ts";
import { shown } from "./tables.ts";

const LABEL_WIDTH = 11;

/** Shows one letter with its payload. */
export async function show(
  session: Session,
  _flags: CommonFlags,
  [id = ""]: readonly string[],
): Promise<number> {
  const { store, terminal, json } = session;
  for await (const stored of store.list({ ids: [id], state: "any" }, { signal: terminal.interrupted })) {
    terminal.write(json ? encodeLetter(stored.letter) : shownLetter(session, stored));
    return ExitCode.done;
  }
  terminal.note(`There is no letter with the id ${shown(id)}.\n`);
  return ExitCode.incomplete;
}

function shownLetter({ colors }: Session, { letter, state }: StoredDeadLetter): string {
  const { errors, headers = {}, payload, encoding } = letter;
  const fields: [label: string, value: string | number | undefined][] = [
    ["id", letter.id],
    ["state", state],
    ["reason", letter.reason],
    ["given up", letter.ts],
    ["handed in", letter.firstTs],
    ["source", letter.source],
    ["target", letter.target],
    ["code", letter.code],
    ["message", letter.message],
    ["tries", letter.attempts],
    ["replays", letter.replays],
    ["fence", letter.fence],
    ["token", letter.token],
    ...errors.map((error): [string, string] => [
      "error",
      `${error.ts}  ${error.code ?? ""}  ${error.message}`,
    ]),
    ...Object.entries(headers).map(([name, value]): [string, string] => ["header", `${name}: ${value}`]),
  ];
  const lines = fields
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${colors.dim(label.padEnd(LABEL_WIDTH))}${shown(String(value))}\n`);
  return `${lines.join("")}${colors.dim(`payload (${encoding})`)}\n${shownPayload(payload, encoding)}\n`;
}

function shownPayload(payload: string, encoding: string): string {
  const text = encoding === "json" ? pretty(payload) : payload;
  return text
    .split("\n")
    .map((line) => shown(line))
    .join("\n");
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    return json;
  }
}
