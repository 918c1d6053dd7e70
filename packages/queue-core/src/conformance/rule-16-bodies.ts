import { deepStrictEqual, ok } from "node:assert";
import { manyIds } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** Bodies that encodings, scripts and protocols are known to have changed. */
const HARD_BODIES: readonly string[] = [
  "",
  " ",
  "\0",
  "a\0b\0",
  "\r\n$3\r\n*1\n\t",
  "0",
  "007",
  "-1.50e+1",
  "9007199254740993",
  "null",
  "nil",
  "false",
  '{"a":[1,{"b":"\\u0000"}],"id":"x"}',
  "quotes \" ' ` and \\ backslash",
  "ÅÄÖ ẞ 日本語 العربية ไทย",
  "👩‍👩‍👧 🏳️‍🌈 𝒰 \u{10ffff}",
  "\u007f\u0080\u00ff\u2028\u2029\ufeff\ufffd\uffff",
];

/** Rule 16: text in is text out. */
export const BODY_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 16,
    name: "any text comes back as it was",
    async check(session) {
      const ids = manyIds("job", HARD_BODIES.length);
      await session.enqueue(...ids.map((id, index) => ({ id, body: HARD_BODIES[index] ?? "" })));
      deepStrictEqual(
        (await session.take()).map(({ job }) => job.body),
        HARD_BODIES,
      );
    },
  }),
  defineCase({
    rule: 16,
    name: "every character of Unicode comes back, also after a retry",
    async check(session) {
      const planes = Array.from({ length: 17 }, (_, plane) => textOfPlane(plane));
      await session.enqueue(...planes.map((body, plane) => ({ id: `plane${plane}`, body })));
      await session.settle({ outcome: "retry", delayMs: 0 }, ...(await session.take()));
      for (const { job } of await session.take()) ok(job.body === planes[Number(job.id.slice(5))], job.id);
    },
  }),
  defineCase({
    rule: 16,
    name: "a body of one mebibyte comes back whole",
    async check(session) {
      for (const [id, body] of [
        ["ascii", "x".repeat(1_048_576)],
        ["wide", "é".repeat(524_288)],
      ] as const) {
        await session.enqueue({ id, body });
        ok((await session.takeOne(id)).job.body === body, `the ${id} body was changed`);
      }
    },
  }),
  defineCase({
    rule: 16,
    name: "headers come back as they were, and are empty when there were none",
    async check(session) {
      const headers = Object.fromEntries(HARD_BODIES.map((text, index) => [`${index}${text}`, text]));
      await session.enqueue({ id: "with", body: "", headers }, "without");
      const [withHeaders, without] = await session.take();
      deepStrictEqual({ ...withHeaders?.job.headers }, headers);
      deepStrictEqual({ ...without?.job.headers }, {});
    },
  }),
  defineCase({
    rule: 16,
    name: "a job that the producer changes after enqueueing it stays as it was",
    async check(session) {
      const headers = { trace: "kept" };
      await session.enqueue({ id: "a", body: "", headers });
      headers.trace = "changed";
      deepStrictEqual({ ...(await session.takeOne("a")).job.headers }, { trace: "kept" });
    },
  }),
  defineCase({
    rule: 16,
    name: "ids of every allowed character and length name their jobs",
    async check(session) {
      const ids = ["0", "AZaz09._:-", "x".repeat(128), "constructor", "__proto__", "a:b", "1e3", "01"];
      await session.enqueue(...ids);
      deepStrictEqual(await session.takeIds(), ids);
    },
  }),
];

/** Every character of a plane that stands for itself: surrogates are only ever halves of others. */
function textOfPlane(plane: number): string {
  let text = "";
  for (let low = 0; low <= 0xff_ff; low += plane === 0 ? 1 : 7) {
    const code = plane * 0x1_00_00 + low;
    if (code < 0xd8_00 || code > 0xdf_ff) text += String.fromCodePoint(code);
  }
  return text;
}
