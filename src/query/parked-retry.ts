/** Delivering a parked event again over HTTP: whoever works on the subscription is asked, and its answer told. */

import type { Request } from "express";
import { systemClock } from "../clock.js";
import { InvalidCommand, NotParked, type Violation } from "../errors.js";
import { askAboutParked } from "../subscription/index.js";
import { parkingOf, type Parking } from "./parked.js";
import { pathPart, pathTo } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";

/** In time for an answer of one's own, instead of 503. */
const patience = { begunWithinMs: 8_000, answeredWithinMs: 15_000 };

/**
 * The event that the path names, with those that wait behind it in its stream. 200 when it was tried, whether it was delivered (`delivered`) or
 * failed again (`failed`); 202 when that takes long, and goes on.
 */
export const retryParked =
  (kind: Parking) =>
  async (request: Request, context: QueryContext): Promise<Reply> => {
    const { name, subscription } = parkingOf(kind, request, context);
    const position = parkedPosition(request);
    const by = whoAsks(request.body);
    const { readModels } = context;
    if (!(await readModels.parked(subscription)).some((event) => event.position === position))
      throw new NotParked(subscription, position);
    const answer = await askAboutParked(
      readModels,
      { subscription, kind: "retry", positions: [position], by },
      { clock: systemClock, ...patience },
    );
    const parked = pathTo(request, kind, name, "parked");
    if (!answer) return { status: 202, body: { outcome: "under way", parked } };
    if (answer.unknown.includes(position)) throw new NotParked(subscription, position);
    return {
      body: {
        outcome: answer.delivered.includes(position) ? "delivered" : "failed",
        delivered: answer.delivered.map(String),
        failed: answer.failed.map(({ position: at, error }) => ({ position: String(at), error })),
        parked,
      },
    };
  };

/** @throws RequestProblem */
function parkedPosition(request: Request): bigint {
  const text = pathPart(request, "position");
  if (!/^\d{1,20}$/.test(text))
    throw new RequestProblem(
      "MALFORMED_REQUEST",
      `Expected the position of a parked event, a whole number, found ${JSON.stringify(text)}.`,
    );
  return BigInt(text);
}

const longest = 200;

/** `{ by? }`: who wants it. @throws InvalidCommand with every violation */
function whoAsks(body: unknown): string {
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  const { by = "HTTP", ...others } = (isObject ? body : {}) as { readonly by?: unknown };
  const violations: Violation[] = Object.keys(others).map((name) => ({
    pointer: `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    message: `there is no field ${name}; there is by`,
  }));
  if (!isObject && body !== undefined) violations.push({ pointer: "", message: "the body must be a JSON object" });
  if (typeof by !== "string" || by.trim() === "" || by.length > longest)
    violations.push({ pointer: "/by", message: `by must be text of 1 to ${longest} characters` });
  if (violations.length > 0) throw new InvalidCommand("retry", violations);
  return by as string;
}
