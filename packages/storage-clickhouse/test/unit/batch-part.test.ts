import { describe, expect, it } from "vitest";

import type { Batch } from "../../src/batch/batch.ts";
import { batchOf } from "../support/batches.ts";

const text = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString();

describe("a part of a batch", () => {
  it("is the whole batch under its own token while nothing is left out", () => {
    const whole = batchOf(["a", "b", "c"]).whole();
    expect(whole.token).toBe("T");
    expect(text(whole.pieces)).toBe("a\nb\nc\n");
  });

  it("has other bytes under another token once a row is left out", () => {
    const part = batchOf(["a", "b", "c", "d"]).whole().without(1);
    expect(part.token).toBe("T:0-4!1");
    expect(text(part.pieces)).toBe("a\nc\nd\n");
    expect(part.without(3).token).toBe("T:0-4!1,3");
  });

  it("knows which row of the batch its n-th is", () => {
    const part = batchOf(["a", "b", "c", "d", "e"]).whole().without(1).without(2);
    expect([0, 1, 2, 3].map((position) => part.rowAt(position))).toEqual([0, 3, 4, undefined]);
    expect([...part.rows()]).toEqual([0, 3, 4]);
  });

  it("splits into halves of equal rows", () => {
    const [left, right] = batchOf(["a", "b", "c", "d", "e", "f"]).whole().without(0).halves();
    expect([text(left.pieces), text(right.pieces)]).toEqual(["b\nc\nd\n", "e\nf\n"]);
    expect([left.token, right.token]).toEqual(["T:0-4!0", "T:4-6"]);
  });

  it("of one row has that row's bytes", () => {
    const part = batchOf(["a", "bb", "c"]).whole().only(1);
    expect([part.token, text(part.pieces), part.rowCount]).toEqual(["T:1-2", "bb\n", 1]);
  });
});

describe("a row is taken back", () => {
  const takenFrom = (batch: Batch, row: number): (() => boolean) => {
    let taken = false;
    batch.withdraw(row, () => (taken = true));
    return () => taken;
  };

  it("at once while nothing was sent", () => {
    const batch = batchOf(["a", "b"]);
    expect(takenFrom(batch, 0)()).toBe(true);
    expect(text(batch.whole().pieces)).toBe("b\n");
  });

  it("after a refusal, when an insert was running", () => {
    const batch = batchOf(["a", "b"]);
    batch.sending();
    const taken = takenFrom(batch, 1);
    expect(taken()).toBe(false);
    batch.refused();
    expect(taken()).toBe(true);
    expect(batch.whole().token).toBe("T:0-2!1");
  });

  it("never once it may be stored", () => {
    const batch = batchOf(["a", "b"]);
    batch.sending();
    const taken = takenFrom(batch, 1);
    batch.commit();
    expect(taken()).toBe(false);
    expect(takenFrom(batch, 0)()).toBe(false);
    expect(batch.whole().isWhole).toBe(true);
  });
});
