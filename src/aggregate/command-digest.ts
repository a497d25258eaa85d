/** A digest of what a command says, the same for the same fields in any order: tells a retry from a reused id. */

import { createHash } from "node:crypto";
import type { AnyCommand } from "../message/index.js";

export function commandDigest(command: AnyCommand): string {
  return createHash("sha256")
    .update(JSON.stringify([command.type, command], withSortedKeys))
    .digest("base64url");
}

/** Sees each value as JSON writes it, so that a command made of JSON and one made in code have one digest. */
const withSortedKeys = (_: string, value: unknown): unknown =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
