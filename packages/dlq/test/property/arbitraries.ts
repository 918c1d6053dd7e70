import fc from "fast-check";
import { DEAD_LETTER_REASONS, type AttemptError, type DeadLetter } from "../../src/index.ts";

/** Any UTF-16 text: NUL, line breaks, and lone surrogates too. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 40,
  }),
  fc.string({
    unit: fc.constantFrom("\0", "\n", "\r", '"', "\\", "\u2028", "\ud800", "{", "}", ",", "é"),
    maxLength: 20,
  }),
  fc.constantFrom('","payload":', ',"replays":0,"encoding":"json","payload":', '{"v":1,"bytes":', "}\n{"),
);

const anyMoment = fc
  .date({ min: new Date("1970-01-01T00:00:00Z"), max: new Date("9999-12-31T00:00:00Z"), noInvalidDate: true })
  .map((date) => date.toISOString());

const anyJson = fc.oneof(
  fc.json(),
  fc
    .tuple(fc.json(), fc.integer({ min: 0, max: 4 }))
    .map(([text, by]) => JSON.stringify(JSON.parse(text), undefined, by)),
  // Said to be JSON, and none: it must come back all the same.
  anyText,
);

const anyAttempt: fc.Arbitrary<AttemptError> = fc.record(
  { ts: anyMoment, code: anyText, message: anyText },
  { requiredKeys: ["ts", "message"] },
);

const anyPayload: fc.Arbitrary<Pick<DeadLetter, "encoding" | "payload">> = fc.oneof(
  anyJson.map((payload) => ({ encoding: "json" as const, payload })),
  anyText.map((payload) => ({ encoding: "text" as const, payload })),
  fc.base64String().map((payload) => ({ encoding: "base64" as const, payload })),
);

/** Any letter that a store accepts. */
export const anyLetter: fc.Arbitrary<DeadLetter> = fc
  .tuple(
    fc.record(
      {
        v: fc.constant(1 as const),
        id: anyText.filter((id) => id.length > 0),
        ts: anyMoment,
        source: anyText,
        target: anyText,
        reason: fc.constantFrom(...DEAD_LETTER_REASONS),
        code: anyText,
        message: anyText,
        attempts: fc.nat(),
        errors: fc.array(anyAttempt, { maxLength: 5 }),
        firstTs: anyMoment,
        fence: fc.maxSafeNat(),
        token: anyText,
        headers: fc.dictionary(
          fc.oneof(anyText, fc.constantFrom("payload", "replays", "encoding")),
          anyText,
          {
            noNullPrototype: true,
          },
        ),
        replays: fc.nat(),
      },
      {
        requiredKeys: [
          ...(["v", "id", "ts", "source", "target", "reason", "message"] as const),
          ...(["attempts", "errors", "firstTs", "replays"] as const),
        ],
      },
    ),
    anyPayload,
  )
  .map(withPayload);

/** A seed from `FAST_CHECK_SEED` to see a failure again; fast-check prints the seed of each. */
export const parameters: { readonly seed?: number } = {
  ...(process.env["FAST_CHECK_SEED"] !== undefined && { seed: Number(process.env["FAST_CHECK_SEED"]) }),
};

function withPayload([envelope, payload]: [
  Omit<DeadLetter, "encoding" | "payload">,
  Pick<DeadLetter, "encoding" | "payload">,
]): DeadLetter {
  return { ...envelope, ...payload };
}
