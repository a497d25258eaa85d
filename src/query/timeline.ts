/** The timeline of one correlation id: its events across all domains, flags included, in the order of the log. */

import type { Request } from "express";
import { RollcallError } from "../errors.js";
import type { RecordedEvent, Upcasters } from "../message/index.js";
import { limitOf, linkToNext, pathPart, pathTo, positionOf, queryParameters } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";

export async function showTimeline(request: Request, { store, model }: QueryContext): Promise<Reply> {
  const correlationId = pathPart(request, "id");
  const parameters = queryParameters(request, "correlations", ["limit", "after"]);
  const limit = limitOf("correlations", parameters);
  const after = positionOf("correlations", parameters);
  const events: RecordedEvent[] = [];
  let any = false;
  // Where flags are not in the log, positions of two stores meet: so a page begins after so many events there.
  let passed = 0n;
  const isAfter = (event: RecordedEvent) => (store.own ? passed++ : event.position) > after;
  // The store reads from the beginning: a correlation is one business process, which is short.
  for await (const page of store.readCorrelation(correlationId)) {
    any = true;
    for (const event of page) if (isAfter(event) && events.length <= limit) events.push(event);
    if (events.length > limit) break;
  }
  if (!any)
    throw new RequestProblem("UNKNOWN_CORRELATION", `No event has correlation id ${JSON.stringify(correlationId)}.`);
  const more = events.length > limit;
  const items = events.slice(0, limit).map((event) => item(event, model.upcasters));
  const last = store.own ? String(after + BigInt(items.length)) : items.at(-1)?.position;
  return {
    ...(more && { headers: linkToNext(pathTo(request, "correlations", correlationId), parameters, { after: last! }) }),
    body: { correlationId, items, nextCursor: more ? last : undefined },
  };
}

function item(event: RecordedEvent, upcasters: Upcasters) {
  const { id, type, streamName } = event;
  const dot = type.indexOf(".");
  return {
    position: String(event.position),
    recordedAt: isoTime(event.recordedAtMs),
    occurredAt: isoTime(event.occurredAtMs),
    domain: dot < 0 ? type : type.slice(0, dot),
    type,
    streamName,
    revision: String(event.revision),
    eventId: id,
    causationId: event.causationId,
    ...dataOf(event, upcasters),
  };
}

/** One event that cannot be brought to its present shape must not hide the others. */
function dataOf(event: RecordedEvent, upcasters: Upcasters): { data: unknown } | { problem: object } {
  if (event.data instanceof Uint8Array)
    return { data: { contentType: event.contentType, base64: Buffer.from(event.data).toString("base64") } };
  try {
    return { data: upcasters.dataOf(event) };
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    return { problem: { code: error.code, detail: error.message } };
  }
}

const furthestMs = 8.64e15;

/** ISO 8601; `undefined` for what is absent or no time that has a date. */
export const isoTime = (ms: number | undefined): string | undefined =>
  ms !== undefined && Math.abs(ms) <= furthestMs ? new Date(ms).toISOString() : undefined;
