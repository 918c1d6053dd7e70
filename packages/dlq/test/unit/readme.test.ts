import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Appends {
  readonly kills: number;
  readonly acknowledged: number;
  readonly lost: number;
}

interface Replays {
  readonly kills: number;
  readonly letters: number;
  readonly missing: number;
  readonly doubled: number;
  readonly unmarked: number;
}

interface Campaign {
  readonly fileSystem: string;
  readonly append: Appends;
  readonly purge: Appends;
  readonly replays: readonly Replays[];
}

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const campaign = JSON.parse(
  readFileSync(new URL("../campaigns/crash.json", import.meta.url), "utf8"),
) as Campaign;

function sum(...numbers: readonly number[]): string {
  const total = numbers.reduce((before, number) => before + number, 0);
  return String(total).replaceAll(/(?<=\d)(?=(\d{3})+$)/g, " ");
}

it("the README says of the crash campaign what its result says", () => {
  const { append, purge, replays, fileSystem } = campaign;
  const kills = sum(...replays.map((replay) => replay.kills));
  const letters = sum(...replays.map((replay) => replay.letters));
  const bad = sum(...replays.map(({ missing, doubled, unmarked }) => missing + doubled + unmarked));
  const prose = readme.replaceAll(/\s+/g, " ");
  expect(prose).toContain(`here (${fileSystem}, `);
  expect(prose).toContain(
    `${sum(append.kills, purge.kills)} kills of 4 writers, half of them beside a purging process, ` +
      `lost ${sum(append.lost, purge.lost)} of ${sum(append.acknowledged, purge.acknowledged)} acknowledged letters; ` +
      `${kills} kills of replays left ${bad} of ${letters} letters missing, doubled or unmarked.`,
  );
});

it("the README stays short enough to be read", () => {
  expect(readme.split("\n").length).toBeLessThanOrEqual(150);
});
