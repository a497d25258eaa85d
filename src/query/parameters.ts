/** What a URL asks for, checked: names in its path, and query parameters that may be given once each. */

import type { Request } from "express";
import { InvalidQuery } from "../errors.js";
import { largestLimit } from "../projection/row-query.js";

const limitUnlessStated = 50;

/** A named part of the path, decoded. */
export function pathPart(request: Request, name: string): string {
  const part = request.params[name];
  if (typeof part !== "string") throw new TypeError(`the route has no part ${name}`);
  return part;
}

/**
 * Every parameter of the query, each of which must be among `allowed`.
 * @throws InvalidQuery that names what is allowed.
 */
export function queryParameters(request: Request, what: string, allowed: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of Object.entries(request.query)) {
    if (!allowed.includes(name))
      throw new InvalidQuery(
        `${what}: there is no query parameter ${JSON.stringify(name)}. Allowed: ${allowed.join(", ")}.`,
      );
    if (typeof value !== "string")
      throw new InvalidQuery(`${what}: ${JSON.stringify(name)} is given more than once. Give it once.`);
    parameters.set(name, value);
  }
  return parameters;
}

/** @throws InvalidQuery that names the range. */
export function limitOf(what: string, parameters: ReadonlyMap<string, string>): number {
  const text = parameters.get("limit");
  if (text === undefined) return limitUnlessStated;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > largestLimit)
    throw new InvalidQuery(
      `${what}: limit must be a whole number from 1 to ${largestLimit}, found ${JSON.stringify(text)}.`,
    );
  return limit;
}

/**
 * The position that a page begins after. Positions begin at 0 in some stores, and `after` leaves out the one it names:
 * -1 when none is given.
 * @throws InvalidQuery
 */
export function positionOf(what: string, parameters: ReadonlyMap<string, string>): bigint {
  const text = parameters.get("after");
  if (text === undefined) return -1n;
  if (!/^\d{1,20}$/.test(text))
    throw new InvalidQuery(
      `${what}: after must be the position of an event, a whole number, found ${JSON.stringify(text)}.`,
    );
  return BigInt(text);
}

/** The path of a resource, below where the API is mounted. */
export const pathTo = (request: Request, ...parts: readonly string[]): string =>
  `${request.baseUrl}/${parts.map(encodeURIComponent).join("/")}`;

/** A `Link` header to the next page of the same list. */
export function linkToNext(
  path: string,
  parameters: ReadonlyMap<string, string>,
  next: Readonly<Record<string, string>>,
): { readonly Link: string } {
  const query = new URLSearchParams({ ...Object.fromEntries(parameters), ...next });
  return { Link: `<${path}?${query.toString()}>; rel="next"` };
}
