/** Reactors over HTTP: the events that each has parked, and why. */

import type { Request } from "express";
import { limitOf, linkToNext, pathPart, pathTo, positionOf, queryParameters } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";
import { isoTime } from "./timeline.js";

export async function listReactors(request: Request, { reactors, readModels }: QueryContext): Promise<Reply> {
  const items = await Promise.all(
    reactors.map(async ({ name, subscription }) => ({
      name,
      parkedCount: (await readModels.parked(subscription)).length,
      parked: pathTo(request, "reactors", name, "parked"),
    })),
  );
  return { body: { items } };
}

export async function listParked(request: Request, { reactors, readModels }: QueryContext): Promise<Reply> {
  const name = pathPart(request, "name");
  const reactor = reactors.find((each) => each.name === name);
  if (!reactor) {
    const known = reactors.map((each) => each.name).join(", ") || "none";
    throw new RequestProblem("UNKNOWN_REACTOR", `There is no reactor ${JSON.stringify(name)}. Known: ${known}.`);
  }
  const parameters = queryParameters(request, name, ["limit", "after"]);
  const limit = limitOf(name, parameters);
  const after = positionOf(name, parameters);
  // All at once: a reactor stops at a bounded number of them.
  const parked = (await readModels.parked(reactor.subscription)).filter(({ position }) => position > after);
  const items = parked.slice(0, limit).map((event) => ({
    position: String(event.position),
    streamName: event.streamName,
    revision: String(event.revision),
    eventId: event.eventId,
    eventType: event.eventType,
    attempts: event.attempts,
    error: event.error,
    parkedAt: isoTime(event.parkedAtMs),
  }));
  const nextCursor = parked.length > limit ? items.at(-1)!.position : undefined;
  return {
    ...(nextCursor !== undefined && {
      headers: linkToNext(pathTo(request, "reactors", name, "parked"), parameters, { after: nextCursor }),
    }),
    body: { items, nextCursor },
  };
}
