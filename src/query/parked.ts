/** Reactors and notifications over HTTP: the events that each has parked, and why. */

import type { Request } from "express";
import { limitOf, linkToNext, pathPart, pathTo, positionOf, queryParameters } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { ParkingDeclaration, QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";
import { isoTime } from "./timeline.js";

export type Parking = "reactors" | "notifications";

const unknownCode = { reactors: "UNKNOWN_REACTOR", notifications: "UNKNOWN_NOTIFICATION" } as const;

/** All of a kind, each with how many events it has parked. */
export const listParking =
  (kind: Parking) =>
  async (request: Request, { [kind]: declared, readModels }: QueryContext): Promise<Reply> => {
    const items = await Promise.all(
      declared.map(async ({ name, subscription }) => ({
        name,
        parkedCount: (await readModels.parked(subscription)).length,
        parked: pathTo(request, kind, name, "parked"),
      })),
    );
    return { body: { items } };
  };

/** The one that the path names. @throws RequestProblem */
export function parkingOf(kind: Parking, request: Request, context: QueryContext): ParkingDeclaration {
  const name = pathPart(request, "name");
  const found = context[kind].find((each) => each.name === name);
  if (found) return found;
  const known = context[kind].map((each) => each.name).join(", ") || "none";
  const one = kind.slice(0, -1);
  throw new RequestProblem(unknownCode[kind], `There is no ${one} ${JSON.stringify(name)}. Known: ${known}.`);
}

/** What one of them has parked. */
export const listParked =
  (kind: Parking) =>
  async (request: Request, context: QueryContext): Promise<Reply> => {
    const { name, subscription } = parkingOf(kind, request, context);
    const parameters = queryParameters(request, name, ["limit", "after"]);
    const limit = limitOf(name, parameters);
    const after = positionOf(name, parameters);
    // All at once: who parks stops at a bounded number of them.
    const parked = (await context.readModels.parked(subscription)).filter(({ position }) => position > after);
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
        headers: linkToNext(pathTo(request, kind, name, "parked"), parameters, { after: nextCursor }),
      }),
      body: { items, nextCursor },
    };
  };
