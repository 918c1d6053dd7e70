import { describe, expect, it } from "vitest";
import { EnvironmentReader } from "../../../src/index.ts";

describe("EnvironmentReader", () => {
  it("takes unset and empty variables for absent", () => {
    const reader = new EnvironmentReader({ EMPTY: "" });
    expect([reader.text("UNSET"), reader.text("EMPTY"), reader.integer("EMPTY", { min: 0 })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(reader.issues).toEqual([]);
  });

  it("reads texts, integers, booleans, choices and URLs", () => {
    const reader = new EnvironmentReader({
      T: "x",
      I: "-12",
      B: "true",
      C: "block",
      U: "redis://:pw@host/0",
    });
    expect(reader.text("T")).toBe("x");
    expect(reader.integer("I", { min: -20 })).toBe(-12);
    expect(reader.boolean("B")).toBe(true);
    expect(reader.choice("C", ["block", "drop"])).toBe("block");
    expect(reader.url("U", ["redis", "rediss"], "redis://localhost")).toBe("redis://:pw@host/0");
    expect(reader.issues).toEqual([]);
  });

  it("gathers everything that is wrong, and shows no value", () => {
    const secret = "hunter2";
    const reader = new EnvironmentReader({
      I: secret,
      J: "11",
      B: secret,
      C: secret,
      U: `ftp://u:${secret}@h`,
    });
    reader.integer("I", { min: 1 });
    reader.integer("J", { min: 1, max: 10 });
    reader.boolean("B");
    reader.choice("C", ["block", "drop"]);
    reader.url("U", ["redis"], "redis://localhost:6379");
    reader.reject("OTHER", "something else");
    expect(reader.issues).toEqual([
      "I: expected an integer >= 1",
      "J: expected an integer from 1 to 10",
      "B: expected one of true, false",
      "C: expected one of block, drop",
      "U: expected a URL like redis://localhost:6379",
      "OTHER: expected something else",
    ]);
  });

  it("refuses numbers that are not written as plain integers", () => {
    for (const text of ["1e3", "0x10", " 1", "1.0", "+1", "", "9007199254740993"]) {
      const reader = new EnvironmentReader({ N: text });
      expect([text, reader.integer("N", { min: 0 })]).toEqual([text, undefined]);
    }
  });
});
