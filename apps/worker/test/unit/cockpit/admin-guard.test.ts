import { expect, it } from "vitest";

import { readingRefusalOf, refusalOf } from "../../../src/cockpit/admin-guard.ts";

const TOKEN = "sesame-sesame-7391";

it("lets nobody change anything while there is no token, not even with one", () => {
  expect(refusalOf(undefined, undefined)).toMatchObject({ statusCode: 403, code: "ACTIONS_OFF" });
  expect(refusalOf(undefined, "Bearer undefined")).toMatchObject({ statusCode: 403, code: "ACTIONS_OFF" });
});

it.each([undefined, "", "Bearer", "Bearer ", `Basic ${TOKEN}`, TOKEN])(
  "asks for the token when the header is %j",
  (header) => {
    expect(refusalOf(TOKEN, header)).toMatchObject({ statusCode: 401, code: "TOKEN_MISSING" });
  },
);

it.each(["Bearer sesame", `Bearer ${TOKEN}x`, `Bearer ${TOKEN.toUpperCase()}`, "Bearer ÿ"])(
  "refuses %j, and repeats nothing of it",
  (header) => {
    const refusal = refusalOf(TOKEN, header);
    expect(refusal).toMatchObject({ statusCode: 401, code: "TOKEN_WRONG" });
    expect(JSON.stringify(refusal)).not.toMatch(/sesame/i);
  },
);

it.each([`Bearer ${TOKEN}`, `bearer  ${TOKEN} `])("lets %j in", (header) => {
  expect(refusalOf(TOKEN, header)).toBeUndefined();
});

it.each([
  ["127.0.0.1", "localhost"],
  ["127.8.0.1", "127.0.0.1"],
  ["::1", "[::1]"],
  ["::ffff:127.0.0.1", "LOCALHOST"],
])("without a token a letter is shown in full to %s, who asks for %s", (ip, hostname) => {
  expect(readingRefusalOf(undefined, { ip, hostname, authorization: undefined })).toBeUndefined();
  // With one, everybody has to know it.
  expect(readingRefusalOf(TOKEN, { ip, hostname, authorization: undefined })).toMatchObject({
    code: "TOKEN_MISSING",
  });
  expect(readingRefusalOf(TOKEN, { ip, hostname, authorization: `Bearer ${TOKEN}` })).toBeUndefined();
});

it.each([
  ["172.17.0.1", "localhost"],
  ["127.0.0.1", "rebound.example"],
  ["127.0.0.1", "127.0.0.1.example"],
  ["127.0.0.1", ""],
  ["2001:db8::1", "[::1]"],
])("without a token no letter is shown in full to %s, who asks for %s", (ip, hostname) => {
  expect(readingRefusalOf(undefined, { ip, hostname, authorization: undefined })).toMatchObject({
    statusCode: 403,
    code: "ACTIONS_OFF",
  });
});
