import { z } from "zod";

/** An event of the feed in the form in which the stores keep it. */
export interface Quake {
  readonly id: string;
  /** Absent where the network gave none. */
  readonly magnitude: number | null;
  readonly place: string;
  readonly occurredAt: Date;
  /** When the network last changed its account of the event; the later account wins. */
  readonly updatedAt: Date;
  /** `earthquake`, `explosion`, `quarry blast`, … */
  readonly kind: string;
  readonly longitude: number;
  readonly latitude: number;
  /** Kilometres below sea level. */
  readonly depthKm: number;
}

/** The part of the feed's GeoJSON that is used (USGS, "GeoJSON Summary Format"). */
function featureSchema(depthKm: z.ZodNumber) {
  return z
    .object({
      id: z.string(),
      properties: z.object({
        mag: z.number().nullable(),
        place: z.string().nullable(),
        time: z.int(),
        updated: z.int(),
        type: z.string(),
      }),
      geometry: z.object({
        coordinates: z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90), depthKm]),
      }),
    })
    .transform(({ id, properties, geometry }): Quake => {
      const [longitude, latitude, depth] = geometry.coordinates;
      return {
        id,
        magnitude: properties.mag,
        place: properties.place ?? "",
        occurredAt: new Date(properties.time),
        updatedAt: new Date(properties.updated),
        kind: properties.type,
        longitude,
        latitude,
        depthKm: depth,
      };
    });
}

/** A schema that makes a {@link Quake} of a feature, or says why it cannot. */
export type QuakeSchema = z.ZodType<Quake>;

/** What everybody writes first. Wrong: depths count from sea level, and some ground lies above it. */
export const firstQuakeSchema: QuakeSchema = featureSchema(
  z.number().min(0, "depth below the ground is not negative"),
);

/** No ground lies higher than 9 km above the sea. */
export const correctedQuakeSchema: QuakeSchema = featureSchema(
  z.number().min(-9, "no ground lies higher than 9 km above the sea"),
);

/** What was wrong with a feature, in one line: each path, why, and what came if that is a number. */
export function explain(error: z.ZodError, feature: unknown): string {
  return error.issues
    .map(({ path, message }) => `${path.join(".")}: ${message}${shown(feature, path)}`)
    .join("; ");
}

function shown(feature: unknown, path: readonly PropertyKey[]): string {
  let value = feature;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return typeof value === "number" ? ` (got ${value})` : "";
}
