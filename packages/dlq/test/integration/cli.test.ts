import { appendFile, chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../../src/cli/program.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { FileDeadLetterStore, type DeadLetter } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";

interface Run {
  readonly exitCode: number;
  readonly output: string;
  readonly notes: string;
}

interface Desk extends AsyncDisposable {
  readonly path: string;
  readonly directory: string;
  run(args: readonly string[], answer?: string, interrupted?: AbortSignal): Promise<Run>;
  lines(): Promise<string>;
}

const LETTERS: readonly DeadLetter[] = [
  sampleLetter({ id: "quake-1", ts: "2026-11-23T08:30:00.000Z", payload: '{"magnitude":5.4,"place":"Izu"}' }),
  sampleLetter({
    id: "quake-2",
    ts: "2026-11-23T08:31:00.000Z",
    reason: "rejected",
    code: "27",
    target: "clickhouse:quakes",
  }),
  sampleLetter({
    id: "quake-3",
    ts: "2026-11-23T08:32:00.000Z",
    reason: "poison",
    message: "red \u001B[31m alert",
  }),
];

/** A store with letters, and a command that is run on it; with an answer somebody sits at the terminal. */
async function desk(letters: readonly DeadLetter[] = LETTERS): Promise<Desk> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "dlq.jsonl");
  await using store = new FileDeadLetterStore({ path });
  await store.append(letters);
  return {
    path,
    directory: directory.path,
    run: async (args, answer, interrupted = new AbortController().signal) => {
      let output = "";
      let notes = "";
      const terminal: Terminal = {
        write: (text) => void (output += text),
        note: (text) => void (notes += text),
        ask: async (question) => {
          notes += question;
          return answer ?? "";
        },
        isInteractive: answer !== undefined,
        width: 120,
        environment: { CHIMERA_DLQ_PATH: path, NO_COLOR: "1" },
        interrupted,
      };
      const exitCode = await runCommand(args, terminal);
      return { exitCode, output, notes };
    },
    lines: async () => readFile(path, "utf8"),
    [Symbol.asyncDispose]: async () => directory[Symbol.asyncDispose](),
  };
}

const TAKES_ALL = `export const target = {
  name: "queue:quakes",
  take: async (items) => items.map(({ letter }) => (letter.id === "quake-2" ? "duplicate" : "taken")),
};`;

describe("chimera-dlq", () => {
  it("ls shows a table, oldest first, and lets no letter write control characters", async () => {
    await using at = await desk();
    const { exitCode, output } = await at.run(["ls"]);
    expect(exitCode).toBe(0);
    expect(output.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["ID", "GIVEN UP (UTC)", "REASON", "FROM", "CODE", "TRIES", "MESSAGE"],
      ["quake-1", "2026-11-23 08:30:00", "exhausted", "queue:quakes", "5", "connect ECONNREFUSED"],
      [
        "quake-2",
        "2026-11-23 08:31:00",
        "rejected",
        "queue:quakes > clickhouse:quakes",
        "27",
        "5",
        "connect ECONNREFUSED",
      ],
      ["quake-3", "2026-11-23 08:32:00", "poison", "queue:quakes", "5", "red ·[31m alert"],
      [""],
    ]);
  });

  it("ls filters, stops at its limit, and says so", async () => {
    await using at = await desk();
    expect((await at.run(["ls", "--reason", "poison", "--since", "2026-11-23"])).output).toMatch(/quake-3/);
    const cut = await at.run(["ls", "--limit", "1"]);
    expect(cut.output).not.toMatch(/quake-2/);
    expect(cut.notes).toMatch(/The first 1; more with --limit/);
    expect((await at.run(["ls", "--code", "none"])).notes).toBe("No letters match.\n");
  });

  it("ls --json prints letters as they stand in the file, so that its output is such a file", async () => {
    await using at = await desk();
    expect((await at.run(["ls", "--json"])).output).toBe(await at.lines());
  });

  it("show prints every field and the payload, and says when there is no such letter", async () => {
    await using at = await desk();
    const { output } = await at.run(["show", "quake-1"]);
    expect(output).toContain("reason     exhausted");
    expect(output).toContain('{\n  "magnitude": 5.4,\n  "place": "Izu"\n}\n');
    expect((await at.run(["show", "quake-9"])).exitCode).toBe(3);
  });

  it("stats counts by reason and source", async () => {
    await using at = await desk();
    const { output } = await at.run(["stats"]);
    expect(output).toMatch(/exhausted +1\nrejected|exhausted +1\npoison/);
    expect(output).toMatch(/all +3\n/);
    const json = JSON.parse((await at.run(["stats", "--json"])).output) as { count: number };
    expect(json.count).toBe(3);
  });

  it("replay --dry-run counts by reason and sends nothing", async () => {
    await using at = await desk();
    const before = await at.lines();
    const { exitCode, output } = await at.run(["replay", "--dry-run", "--reason", "poison"]);
    expect([exitCode, await at.lines()]).toEqual([0, before]);
    expect(output).toMatch(/poison +1\nall +1\n/);
  });

  it("replay --to sends letters to the target that a module exports", async () => {
    await using at = await desk();
    const module = join(at.directory, "target.mjs");
    await writeFile(module, TAKES_ALL);
    const { exitCode, output } = await at.run(["replay", "--to", module]);
    expect(output).toContain("Sent to queue:quakes:\n  2 taken\n  1 known already\n");
    expect(exitCode).toBe(0);
    expect((await at.run(["ls"])).notes).toBe("No letters match.\n");
    expect((await at.run(["ls", "--state", "replayed"])).output).toMatch(/poison \(replayed\)/);
  });

  it("replay ends with 3 when letters failed again", async () => {
    await using at = await desk();
    const module = join(at.directory, "failing.mjs");
    await writeFile(
      module,
      "export default () => ({ name: 'none', take: async () => { throw new Error('no'); } });",
    );
    const { exitCode, output } = await at.run(["replay", "--json", "--to", module]);
    expect(exitCode).toBe(3);
    expect(JSON.parse(output)).toMatchObject({ ended: "done", taken: 0, failed: 3 });
  });

  it("replay names its target without the secrets in its name", async () => {
    await using at = await desk();
    const module = join(at.directory, "named.mjs");
    await writeFile(
      module,
      `export const target = { name: "redis://app:pa55@db/quakes", take: async (items) => items.map(() => "taken") };`,
    );
    const { output } = await at.run(["replay", "--to", module]);
    expect(output).toContain("Sent to redis://***@db/quakes:\n");
    expect(output).not.toContain("pa55");
  });

  it("replay says why a target is unavailable, without the secrets in it", async () => {
    await using at = await desk();
    const module = join(at.directory, "down.mjs");
    await writeFile(
      module,
      `const error = Object.assign(new Error("connect redis://app:pa55@db refused"), { retryable: true });
      export const target = { name: "down", take: async () => { throw error; } };`,
    );
    const shown = await at.run(["replay", "--to", module]);
    expect(shown.exitCode).toBe(1);
    expect(shown.output).toContain("The target is unavailable: connect redis://***@db refused\n");
    const { error } = JSON.parse((await at.run(["replay", "--json", "--to", module])).output) as {
      error: string;
    };
    expect(error).toBe("connect redis://***@db refused");
  });

  it("replay refuses a module that exports no target, and a command line without one", async () => {
    await using at = await desk();
    const module = join(at.directory, "empty.mjs");
    await writeFile(module, "export const other = 1;");
    const wrong = await at.run(["replay", "--to", module]);
    expect([wrong.exitCode, wrong.notes]).toEqual([2, expect.stringContaining("to export a target")]);
    const without = await at.run(["replay"]);
    expect([without.exitCode, without.notes]).toEqual([2, expect.stringContaining("--to <module>")]);
  });

  it("says what it noticed about the file once, after the results", async () => {
    await using at = await desk();
    const module = join(at.directory, "target.mjs");
    await writeFile(module, TAKES_ALL);
    await chmod(at.path, 0o644);
    const { notes } = await at.run(["replay", "--to", module]);
    expect(notes).toBe(`warning dlq.file_open_to_others {"path":"${at.path}"}\n`);
  });

  it("purge asks, and removes nothing when the answer is not yes", async () => {
    await using at = await desk();
    const no = await at.run(["purge", "--reason", "poison"], "n");
    expect(no.exitCode).toBe(3);
    expect(no.notes).toContain("Remove 1 letter from");
    expect((await at.run(["stats", "--json"])).output).toContain('"count":3');
    expect((await at.run(["purge", "--reason", "poison"], "yes")).output).toContain("1 letter purged.");
    expect((await at.run(["stats", "--json"])).output).toContain('"count":2');
  });

  it("purge needs --yes where nobody can be asked", async () => {
    await using at = await desk();
    expect((await at.run(["purge"])).exitCode).toBe(2);
    expect((await at.run(["purge", "--yes", "--json"])).output).toBe('{"purged":3}\n');
  });

  it.for([
    [["ls"]],
    [["ls", "--json"]],
    [["show", "quake-1"]],
    [["stats"]],
    [["replay", "--dry-run"]],
    [["purge", "--yes"]],
    [["verify"]],
  ])("stops at the first Ctrl-C: %s", async ([args = []]) => {
    await using at = await desk();
    const before = await at.lines();
    const interrupted = AbortSignal.abort(new Error("interrupted"));
    expect(await at.run(args, undefined, interrupted)).toEqual({
      exitCode: 130,
      output: "",
      notes: "error interrupted\n",
    });
    expect(await at.lines()).toBe(before);
  });

  it("verify names lines that cannot be read, and ends with 3", async () => {
    await using at = await desk();
    expect((await at.run(["verify"])).exitCode).toBe(0);
    const offset = (await at.lines()).length;
    await appendFile(at.path, '{"v":1,"bytes":400,"id":"torn"\n');
    const { exitCode, output } = await at.run(["verify", "--json"]);
    expect(exitCode).toBe(3);
    expect(JSON.parse(output)).toMatchObject({
      letters: 3,
      unreadable: 1,
      badLines: [{ offset, bytes: 30 }],
    });
  });

  it("says with 2 that a file is not there, that a setting is wrong, or that a word is unknown", async () => {
    await using at = await desk();
    expect((await at.run(["ls", "--file", join(at.directory, "missing.jsonl")])).exitCode).toBe(2);
    expect((await at.run(["ls", "--since", "yesterday"])).exitCode).toBe(2);
    expect((await at.run(["ls", "--reason", "tired"])).exitCode).toBe(2);
    expect((await at.run(["list"])).exitCode).toBe(2);
    expect((await at.run(["ls", "--limit", "some"])).exitCode).toBe(2);
  });

  it("--help is worth reading: commands, options and exit codes", async () => {
    await using at = await desk();
    const { exitCode, output } = await at.run(["--help"]);
    expect(exitCode).toBe(0);
    for (const word of ["ls", "show", "stats", "replay", "purge", "verify", "--json", "Exit codes", "130"]) {
      expect(output).toContain(word);
    }
  });
});
