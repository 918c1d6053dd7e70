import type { FastifyInstance } from "fastify";

import { addActionRoutes } from "./action-routes.ts";
import type { Cockpit } from "./cockpit.ts";
import { addLettersRoutes } from "./letters-routes.ts";
import { addPageRoutes } from "./page-routes.ts";

/** Nothing from elsewhere, nothing inline, no text that becomes markup or code (CSP Level 3, Trusted Types). */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** The page, its stream of events, what it reads, and what it changes. */
export function addCockpitRoutes(http: FastifyInstance, cockpit: Cockpit): void {
  void http.register(async (routes) => {
    routes.addHook("onRequest", async (_request, reply) => {
      void reply.headers(HEADERS);
    });
    addPageRoutes(routes);
    void routes.register(async (api) => {
      api.addHook("onRequest", async (request, reply) => {
        void reply.header("cache-control", "no-store");
        // A stranger's page may not read the answers, but could use all streams up.
        if (request.headers["sec-fetch-site"] !== "cross-site") return undefined;
        return reply.code(403).send({ error: "Not for pages from elsewhere" });
      });
      addStreamRoute(api, cockpit);
      addLettersRoutes(api, cockpit);
      addActionRoutes(api, cockpit);
    });
  });
}

/** `GET /api/events`: server-sent events, `hello` first, then a `tick` a look. */
function addStreamRoute(http: FastifyInstance, cockpit: Cockpit): void {
  http.get("/api/events", { exposeHeadRoute: false }, async (_request, reply) => {
    if (!cockpit.streams.hasRoom) {
      return reply.code(503).header("retry-after", "5").send({ error: "Too many pages are open" });
    }
    void reply.hijack();
    cockpit.streams.open(reply.raw, cockpit.hello());
    return undefined;
  });
}
