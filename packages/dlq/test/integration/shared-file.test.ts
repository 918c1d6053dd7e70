import { appendFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { rotatedSegments } from "../../src/file/segments.ts";
import { encodeLetter } from "../../src/file/line-codec.ts";
import { sampleLetter } from "../../src/testing/index.ts";
import { appendEach, fileDesk, idsOf } from "../support/file-desk.ts";

const TORN = encodeLetter(sampleLetter({ id: "torn" })).slice(0, 200);

describe("a file that others touch too", () => {
  it("holds one line a letter and no blank line, however many appends and stores", async () => {
    await using at = await fileDesk();
    const another = at.open();
    await Promise.all([appendEach(at.store, ["a", "b", "c"]), appendEach(another, ["d", "e", "f"])]);
    const lines = (await at.text()).split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id).toSorted()).toEqual([
      "a",
      "b",
      "c",
      "d",
      "e",
      "f",
    ]);
  });

  it("is read by jq and by anything that reads JSON lines: a JSON payload stands raw", async () => {
    await using at = await fileDesk();
    await at.store.append([sampleLetter({ payload: '{"user": {"id": 7}}' })]);
    const text = await at.text();
    expect(text).toMatch(/,"payload":\{"user": \{"id": 7\}\}\}\n$/);
    expect(JSON.parse(text)).toMatchObject({ payload: { user: { id: 7 } } });
  });

  it("has a torn line closed when a store opens it, and loses nothing", async () => {
    await using at = await fileDesk();
    await writeFile(at.path, encodeLetter(sampleLetter({ id: "whole" })) + TORN);
    await at.store.append([sampleLetter({ id: "next" })]);
    expect(await idsOf(at.store)).toEqual(["whole", "next"]);
    expect((await at.store.stats()).unreadable).toBe(1);
    expect((await at.text()).split("\n")).toHaveLength(4);
  });

  it("keeps a letter whole that was appended right behind another process's torn line", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["before"]);
    await appendFile(at.path, TORN);
    await appendEach(at.store, ["behind", "after"]);
    expect(await idsOf(at.store)).toEqual(["before", "behind", "after"]);
    expect((await at.store.stats()).unreadable).toBe(1);
  });

  it("may end in an append under way, which is neither a letter nor a fault yet", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    await appendFile(at.path, TORN);
    expect(await at.store.stats()).toMatchObject({ count: 1, unreadable: 0 });
  });

  it("may be renamed away by another program: letters go on in a new one", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    await rename(at.path, `${at.path}.000001`);
    await appendEach(at.store, ["b"]);
    expect(await idsOf(at.store)).toEqual(["a", "b"]);
    expect((await rotatedSegments(at.path)).map(({ number }) => number)).toEqual([1]);
  });

  it("may be deleted: what is appended from then on is kept", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    await rm(at.path);
    await appendEach(at.store, ["b"]);
    expect(await idsOf(at.store)).toEqual(["b"]);
  });

  it("may be edited by a person: a mended payload counts, also when its line says another length", async () => {
    await using at = await fileDesk();
    await at.store.append([sampleLetter({ id: "a", payload: '{"depth":-1}' })]);
    await writeFile(at.path, (await at.text()).replace('"depth":-1', '"depth":-1.25, "mended": true'));
    const letters = [];
    for await (const { letter } of at.store.list()) letters.push(letter);
    expect(letters).toEqual([sampleLetter({ id: "a", payload: '{"depth":-1.25, "mended": true}' })]);
    expect((await at.store.stats()).count).toBe(1);
  });

  it("may hold lines in another order of fields, as other tools write them", async () => {
    await using at = await fileDesk();
    const { payload, ...envelope } = sampleLetter({ id: 'ä " b' });
    await appendEach(at.store, ["a"]);
    await appendFile(
      at.path,
      `${JSON.stringify({ payload: JSON.parse(payload) as unknown, ...envelope })}\r\n`,
    );
    expect(await idsOf(at.store)).toEqual(["a", 'ä " b']);
    await at.store.withdraw(['ä " b']);
    expect(await idsOf(at.store)).toEqual(["a"]);
  });

  it.for([
    ["json", '{"a":"}, \\"payload\\":{","big":12345678901234567890}'],
    ["json", "7"],
    ["json", "null"],
    ["json", '{\n"lines":1}'],
    ["text", 'any "text", {with} [brackets'],
  ] as const)(
    "may hold fields behind the payload, which stays as it was: %s %s",
    async ([encoding, payload]) => {
      await using at = await fileDesk();
      const letter = sampleLetter({ encoding, payload });
      await at.store.append([letter]);
      await writeFile(at.path, (await at.text()).replace(/\}\n$/, ',"note":"seen","more":{"payload":1}}\n'));
      const letters = [];
      for await (const stored of at.store.list()) letters.push(stored.letter);
      expect(letters).toMatchObject([letter]);
      expect(await at.store.stats()).toMatchObject({ count: 1, unreadable: 0 });
    },
  );

  it("may hold what looks like a payload in another field: it is not taken for one", async () => {
    await using at = await fileDesk();
    const letter = sampleLetter({ payload: '{"right":1}' });
    await at.store.append([letter]);
    const more = '"more":{"a":1,"replays":2,"payload":{"wrong":1}},"id":';
    await writeFile(at.path, (await at.text()).replace('"id":', more));
    const letters = [];
    for await (const stored of at.store.list()) letters.push(stored.letter);
    expect(letters).toMatchObject([letter]);
  });

  it("has lines that cannot be read passed over and counted", async () => {
    await using at = await fileDesk();
    await appendEach(at.store, ["a"]);
    await appendFile(at.path, 'no json\n{"v":1}\n[]\nnull\n{"v":1,"mark":"unknown","id":"a"}\n\n\0\0\0\n');
    await appendEach(at.store, ["b"]);
    expect(await idsOf(at.store)).toEqual(["a", "b"]);
    expect(await at.store.stats()).toMatchObject({ count: 2, unreadable: 6 });
  });

  it("is not touched by a store that only reads", async () => {
    await using at = await fileDesk();
    expect(await idsOf(at.store)).toEqual([]);
    expect((await at.store.stats()).count).toBe(0);
    await expect(stat(at.path)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
