import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { z } from "zod";

/** A feature of the feed, of which nothing but the id has been checked: the handler does that, job by job. */
export interface Feature {
  readonly id: string;
}

/** Why a file cannot be used, in one line for a person. */
export class FeedError extends Error {
  override readonly name = "FeedError";
}

const feedSchema = z.object({
  type: z.literal("FeatureCollection", 'expected "FeatureCollection"'),
  features: z
    .array(
      z.looseObject(
        // The id becomes the id of a job.
        {
          id: z
            .string("expected text")
            .regex(/^[\w.:-]{1,128}$/, "expected 1 to 128 letters, digits, or any of . _ : -"),
        },
        "expected an object",
      ),
      "expected an array",
    )
    .min(1, "expected at least one event"),
});

/**
 * The events of a GeoJSON file, or of standard input for `-`. Of events with the same id the last one counts.
 *
 * @throws FeedError when it cannot be read or is not a GeoJSON FeatureCollection of events with ids.
 */
export async function readFeed(path: string): Promise<Feature[]> {
  const name = path === "-" ? "standard input" : path;
  const json = parseJson(await read(path, name), name);
  const feed = feedSchema.safeParse(json, { error: () => "expected a GeoJSON FeatureCollection" });
  if (!feed.success) {
    const [issue] = feed.error.issues;
    const where = issue?.path.length ? `${z.core.toDotPath(issue.path)}: ` : "";
    throw new FeedError(`${name}: ${where}${issue?.message}`);
  }
  return [...new Map(feed.data.features.map((feature) => [feature.id, feature])).values()];
}

async function read(path: string, name: string): Promise<string> {
  try {
    return path === "-" ? await text(process.stdin) : await readFile(path, "utf8");
  } catch (error) {
    throw new FeedError(`${name}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function parseJson(content: string, name: string): unknown {
  if (content.trim() === "") throw new FeedError(`${name}: is empty, expected a GeoJSON FeatureCollection`);
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    throw new FeedError(`${name}: is not JSON (${(error as Error).message.replaceAll(/\s+/g, " ")})`);
  }
}
