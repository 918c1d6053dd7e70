import { Writable } from "node:stream";

import { expect, it, vi } from "vitest";

import { createPinoLogger } from "../../src/pino-logger.ts";

/** What is written of one event with a secret in it and of one below the level. */
async function written(isTerminal: boolean): Promise<string> {
  let text = "";
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const logger = createPinoLogger("info", isTerminal, destination);
  logger.debug("part.detail");
  logger.warn("part.failed", {
    message: "first\nsecond",
    password: "sesame-7391",
    request: { authorization: "Bearer sesame-7391", headers: { token: "sesame-7391" } },
  });
  await vi.waitFor(() => expect(text).toContain("part.failed"));
  return text;
}

it("an event is one line of JSON, without its secrets", async () => {
  const text = await written(false);
  expect(text.match(/\n/g)).toHaveLength(1);
  expect(JSON.parse(text)).toEqual({
    level: 40,
    time: expect.any(Number) as number,
    message: "first\nsecond",
    password: "[Redacted]",
    request: { authorization: "[Redacted]", headers: { token: "[Redacted]" } },
    msg: "part.failed",
  });
});

it("on a terminal it is one line for a person, without its secrets", async () => {
  const text = await written(true);
  expect(text.trimEnd()).not.toContain("\n");
  expect(text).toMatch(/WARN.*part\.failed/);
  expect(text).not.toContain("sesame-7391");
});
