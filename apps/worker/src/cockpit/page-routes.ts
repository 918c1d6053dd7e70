import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

const PAGE = fileURLToPath(new URL("../../public", import.meta.url));
const UPLOT = dirname(createRequire(import.meta.url).resolve("uplot/dist/uPlot.esm.js"));
const SERVED = /\.(?:js|css|svg)$/;

/** The page of the cockpit at `/`, and under `/cockpit/` exactly the files that it is made of: no other path leads anywhere. */
export function addPageRoutes(http: FastifyInstance): void {
  // An entity tag is asked about each time, so that a new version is seen at once.
  void http.register(fastifyStatic, { root: PAGE, serve: false, cacheControl: false });
  http.get("/", async (_request, reply) => reply.header("cache-control", "no-cache").sendFile("index.html"));
  const files = readdirSync(PAGE).filter((name) => SERVED.test(name));
  const served = [
    ...files.map((name) => [name, PAGE, name] as const),
    ["uplot.js", UPLOT, "uPlot.esm.js"] as const,
    ["uplot.css", UPLOT, "uPlot.min.css"] as const,
  ];
  for (const [path, root, name] of served) {
    http.get(`/cockpit/${path}`, async (_request, reply) =>
      reply.header("cache-control", "no-cache").sendFile(name, root),
    );
  }
}
