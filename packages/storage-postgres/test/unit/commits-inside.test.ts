import { expect, it } from "vitest";
import { mayCommitInside } from "../../src/commits-inside.ts";

it.each([
  "call settle_accounts()",
  "  -- nightly\n /* all */ CALL settle_accounts()",
  "do $$ begin insert into a values (1); commit; end $$",
  "begin; insert into a values (1); commit; select 1",
  "select 1;\n call settle_accounts()",
  "insert into a values (1); -- so far\n commit; select 1",
  "insert into a values (1); /* so far */ commit; select 1",
])("%j may commit a part of itself", (text) => expect(mayCommitInside(text)).toBe(true));

it.each([
  "insert into a values (1)",
  "select case when a then b end from t",
  "update calls set done = true",
  "select 'call me; commit'",
  "-- call\nselect 1",
])("%j does not", (text) => {
  // The fourth shows on which side it errs: text in quotes is not told apart.
  expect(mayCommitInside(text)).toBe(text.includes("; commit"));
});
