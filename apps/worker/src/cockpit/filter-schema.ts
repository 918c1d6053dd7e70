import { DEAD_LETTER_REASONS } from "@chimera/dlq";
import type { DeadLetterFilter, DeadLetterReason } from "@chimera/dlq";
import { z } from "zod";

import type { LetterPageRequest } from "./letter-page.ts";

const REASONS = [...DEAD_LETTER_REASONS] as [DeadLetterReason, ...DeadLetterReason[]];
const MAX_IDS = 1_000;
const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

const state = z.enum(["dead", "replayed", "any"]);
const reason = z.enum(REASONS);
const moment = z.iso.datetime({ offset: true });
const name = z.string().min(1).max(512);

/** Which letters are meant, as the body of an action says it. Strict: a condition that was misread could purge what was not meant. */
export const filterSchema: z.ZodType<DeadLetterFilter> = z.strictObject({
  state: state.exactOptional(),
  ids: z.array(name).min(1).max(MAX_IDS).exactOptional(),
  reasons: z.array(reason).min(1).exactOptional(),
  codes: z.array(name).min(1).exactOptional(),
  source: name.exactOptional(),
  target: name.exactOptional(),
  since: moment.exactOptional(),
  until: moment.exactOptional(),
});

/** A page of letters, as the query of a URL asks for it; `reason` and `code` may stand there more than once. */
export const pageQuerySchema: z.ZodType<LetterPageRequest> = z
  .strictObject({
    state: state.exactOptional(),
    reason: z.union([reason.transform((one) => [one]), z.array(reason)]).exactOptional(),
    code: z.union([name.transform((one) => [one]), z.array(name)]).exactOptional(),
    source: name.exactOptional(),
    target: name.exactOptional(),
    since: moment.exactOptional(),
    until: moment.exactOptional(),
    /** In the message, the id, the code or the source, whatever its case. */
    text: z.string().max(200).default(""),
    limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE),
    /** The last letter of the page before. */
    beforeTs: moment.exactOptional(),
    beforeId: name.exactOptional(),
  })
  .transform(({ reason: reasons, code: codes, text, limit, beforeTs, beforeId, ...rest }) => ({
    filter: {
      ...rest,
      ...(reasons !== undefined && { reasons }),
      ...(codes !== undefined && { codes }),
    },
    text,
    limit,
    ...(beforeTs !== undefined && beforeId !== undefined && { before: { ts: beforeTs, id: beforeId } }),
  }));

/** What is wrong with a request, in one line. */
export function requestIssues({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}
