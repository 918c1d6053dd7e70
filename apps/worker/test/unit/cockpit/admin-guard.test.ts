import { expect, it } from "vitest";

import { refusalOf } from "../../../src/cockpit/admin-guard.ts";

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
