import { describe, expect, it } from "vitest";
import { createIntake, deadLetterIssues, type DeadLetter } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";

const SECRET = "hunter2";

/** What drivers and proxies have been seen to say, each with a password in it. */
const MESSAGES: readonly (readonly [from: string, message: string])[] = [
  ["pg, a connection string", `Invalid URL: postgres://quakes:${SECRET}@db:5432/quakes`],
  ["pg, key and value", `could not connect: host=db user=quakes password=${SECRET} dbname=quakes`],
  [
    "@clickhouse/client, a malformed URL",
    `ClickHouse URL is malformed: http://default:${SECRET}@ch:8123/?compress=1`,
  ],
  [
    "@clickhouse/client, a query parameter",
    `connect ECONNREFUSED http://ch:8123/?user=default&password=${SECRET}`,
  ],
  ["redis, a URL", `connect ECONNREFUSED rediss://:${SECRET}@cache:6379/0`],
  ["redis, a configuration dump", `{"socket":{"host":"cache"},"password":"${SECRET}"}`],
  ["an HTTP client", `401 from https://api: sent authorization: Bearer ${SECRET}`],
];

describe("the intake of letters", () => {
  it.for([...MESSAGES])("lets no password of %s through", ([, message]) => {
    const errors = [{ ts: sampleLetter().ts, message }];
    const stored = createIntake()(sampleLetter({ message, errors }));
    expect(JSON.stringify(stored)).not.toContain(SECRET);
    expect(stored.message).toContain("***");
  });

  it("passes a letter on as it is when nothing has to change", () => {
    const letter = sampleLetter();
    expect(createIntake({ redact: ["payload.user.email", "headers.authorization"] })(letter)).toBe(letter);
  });

  it("keeps the last five errors", () => {
    const errors = Array.from({ length: 10 }, (_, at) => ({ ts: sampleLetter().ts, message: `error ${at}` }));
    expect(createIntake()(sampleLetter({ errors })).errors).toEqual(errors.slice(-5));
  });

  it("cuts a message at 1 KiB", () => {
    expect(createIntake()(sampleLetter({ message: "x".repeat(5_000) })).message).toHaveLength(1_024);
  });

  it("names every wrong field at once, and shows no value", () => {
    const wrong = {
      ...sampleLetter(),
      id: "",
      ts: "now",
      attempts: -1,
      headers: { a: 1 },
      payload: { secret: SECRET },
    };
    const intake = createIntake();
    expect(() => intake(wrong as unknown as DeadLetter)).toThrow(
      expect.objectContaining({
        code: "DLQ_INVALID",
        issues: [
          "Expected `id` to be text of 1 to 512 characters",
          "Expected `ts` to be a moment like 2026-11-23T08:30:00.000Z",
          "Expected `attempts` to be an integer >= 0",
          "Expected `headers` to be an object of texts, or absent",
          "Expected `payload` to be text",
        ],
      }),
    );
  });

  it("takes no letter for one that is none", () => {
    for (const value of [null, undefined, "letter", 7]) {
      expect(deadLetterIssues(value)).toEqual(["Expected a dead letter to be an object"]);
    }
    expect(deadLetterIssues([])).not.toEqual([]);
  });
});

describe("redacted places", () => {
  const payload = JSON.stringify({
    user: { email: "a@b", name: "Ann" },
    cards: [{ number: "4111", kind: "visa" }, { number: "4222" }],
    "odd.key": { 'quo"ted': 1 },
    nothing: null,
  });
  const masked = (redact: readonly string[], overrides: Partial<DeadLetter> = {}): unknown =>
    JSON.parse(createIntake({ redact })(sampleLetter({ payload, ...overrides })).payload);

  it("are masked by key, index, wildcard and quoted key", () => {
    expect(
      masked(["payload.user.email", "payload.cards[*].number", 'payload["odd.key"]["quo\\"ted"]']),
    ).toEqual({
      user: { email: "***", name: "Ann" },
      cards: [{ number: "***", kind: "visa" }, { number: "***" }],
      "odd.key": { 'quo"ted': "***" },
      nothing: null,
    });
    expect(masked(["payload.cards[1]", "payload.user"])).toMatchObject({ cards: [{}, "***"], user: "***" });
  });

  it("may be missing: the payload then stays the same to the byte", () => {
    const odd = '{ "user" : null,\n"x":1.0 }';
    const redact = ["payload.user.email", "payload.cards[*].number", "payload.nothing.deep"];
    expect(createIntake({ redact })(sampleLetter({ payload: odd })).payload).toBe(odd);
  });

  it("are looked for in JSON payloads and headers alone", () => {
    const intake = createIntake({ redact: ["payload.user", "headers.authorization"] });
    expect(intake(sampleLetter({ encoding: "text", payload })).payload).toBe(payload);
    expect(intake(sampleLetter({ payload: "no json" })).payload).toBe("no json");
    const headers = { authorization: "Basic x", traceparent: "t" };
    expect(intake(sampleLetter({ headers })).headers).toEqual({ authorization: "***", traceparent: "t" });
  });

  it("are refused when they cannot be read", () => {
    const unreadable = [
      'payload["\\x"]',
      'payload["\\N"]',
      'payload["\\u12"]',
      'payload["a\nb"]',
      'payload["\\',
    ];
    const redact = ["payload", "user.email", "payload..x", "payload[", "", ...unreadable];
    expect(() => createIntake({ redact })).toThrow(
      expect.objectContaining({
        code: "DLQ_INVALID",
        issues: expect.objectContaining({ length: 10 }) as unknown,
      }),
    );
  });
});
