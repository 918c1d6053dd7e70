/** An event of the feed with the fields that are looked at. */
export function event(id: string, depthKm: unknown = 10): object {
  return {
    id,
    properties: {
      mag: 1.5,
      place: "somewhere",
      time: 1_517_966_773_840,
      updated: 1_517_966_996_303,
      type: "earthquake",
    },
    geometry: { coordinates: [-118.6, 34.5, depthKm] },
  };
}

/** Events `<prefix>-0` to `<prefix>-<count - 1>`. */
export function events(prefix: string, count: number): object[] {
  return Array.from({ length: count }, (_, index) => event(`${prefix}-${index}`));
}
