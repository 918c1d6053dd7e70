import { describe, expect, it } from "vitest";

import { correctedQuakeSchema, explain, firstQuakeSchema } from "../../src/quakes/quake.ts";

function feature(depthKm: unknown): object {
  return {
    id: "ci37868143",
    properties: {
      mag: 2,
      place: "4km W of Castaic, CA",
      time: 1517966773840,
      updated: 1517966996303,
      type: "earthquake",
    },
    geometry: { coordinates: [-118.6671667, 34.4945, depthKm] },
  };
}

describe("a feature of the feed", () => {
  it("becomes a quake", () => {
    expect(firstQuakeSchema.parse(feature(26.49))).toEqual({
      id: "ci37868143",
      magnitude: 2,
      place: "4km W of Castaic, CA",
      occurredAt: new Date(1517966773840),
      updatedAt: new Date(1517966996303),
      kind: "earthquake",
      longitude: -118.6671667,
      latitude: 34.4945,
      depthKm: 26.49,
    });
  });

  it("above the sea is refused by the first schema, which says what came, and taken by the corrected one", () => {
    const mountain = feature(-2.79);
    const { error } = firstQuakeSchema.safeParse(mountain);
    expect(error && explain(error, mountain)).toBe(
      "geometry.coordinates.2: depth below the ground is not negative (got -2.79)",
    );
    expect(correctedQuakeSchema.parse(mountain).depthKm).toBe(-2.79);
  });

  it("that is wrong in several places is explained at once", () => {
    const wrong = { ...feature("deep"), id: 7 };
    const { error } = correctedQuakeSchema.safeParse(wrong);
    expect(error && explain(error, wrong)).toMatch(/^id: .* \(got 7\); geometry\.coordinates\.2: /);
  });
});
