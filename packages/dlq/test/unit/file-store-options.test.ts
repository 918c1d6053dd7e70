import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveFileStoreOptions } from "../../src/file/file-store-options.ts";
import { FileDeadLetterStore } from "../../src/index.ts";

describe("options of FileDeadLetterStore", () => {
  it("have defaults: dlq.jsonl here, 128 MiB a file, no limits", () => {
    const { path, rotateBytes, maxBytes, whenFull, maxAgeMs } = resolveFileStoreOptions({});
    expect({ path, rotateBytes, maxBytes, whenFull, maxAgeMs }).toEqual({
      path: resolve("dlq.jsonl"),
      rotateBytes: 134_217_728,
      maxBytes: Infinity,
      whenFull: "block",
      maxAgeMs: Infinity,
    });
  });

  it("make a file a quarter of maxBytes where that is less", () => {
    expect(resolveFileStoreOptions({ maxBytes: 40_000 }).rotateBytes).toBe(10_000);
  });

  it("are refused out of range, all at once", () => {
    const wrong = { path: "", rotateBytes: 1, maxBytes: 2.5, maxAgeMs: 0, whenFull: "drop" as "block" };
    expect(() => new FileDeadLetterStore(wrong)).toThrow(
      expect.objectContaining({
        code: "DLQ_INVALID",
        issues: expect.objectContaining({ length: 5 }) as unknown,
      }),
    );
  });

  it("want at least two files within maxBytes", () => {
    expect(() => new FileDeadLetterStore({ rotateBytes: 20_000, maxBytes: 30_000 })).toThrow(
      "Expected `rotateBytes` to be at most half of `maxBytes`",
    );
  });

  it("come from the environment", () => {
    const store = FileDeadLetterStore.fromEnv({ CHIMERA_DLQ_PATH: "/var/lib/app/dlq.jsonl" });
    expect(store.path).toBe("/var/lib/app/dlq.jsonl");
    expect(FileDeadLetterStore.fromEnv({}).path).toBe(resolve("dlq.jsonl"));
    expect(FileDeadLetterStore.fromEnv({ CHIMERA_DLQ_PATH: "/a" }, { path: "/b" }).path).toBe("/b");
  });

  it("list every wrong variable at once", () => {
    const environment = {
      CHIMERA_DLQ_ROTATE_BYTES: "1MiB",
      CHIMERA_DLQ_MAX_BYTES: "1",
      CHIMERA_DLQ_MAX_AGE_MS: "-5",
      CHIMERA_DLQ_WHEN_FULL: "drop",
      CHIMERA_DLQ_REDACT: "payload.user.email,oops",
    };
    expect(() => FileDeadLetterStore.fromEnv(environment)).toThrow(
      expect.objectContaining({
        code: "DLQ_INVALID",
        issues: [
          "CHIMERA_DLQ_ROTATE_BYTES: expected an integer >= 4096",
          "CHIMERA_DLQ_MAX_BYTES: expected an integer >= 16384",
          "CHIMERA_DLQ_MAX_AGE_MS: expected an integer >= 60000",
          "CHIMERA_DLQ_WHEN_FULL: expected one of block, drop-oldest",
          "CHIMERA_DLQ_REDACT: expected paths like payload.user.email,headers.authorization",
        ],
      }),
    );
  });
});
