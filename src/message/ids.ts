/** Ids: random ones for what is new, deterministic ones for what may be done twice and must count once. */

import { randomUUID } from "node:crypto";
import { v5 } from "uuid";

/** Namespace of every id that Rollcall derives (RFC 9562, section 5.5). Never change it: stored ids depend on it. */
const namespace = "5b0f1f5a-3a64-5c0b-9a52-5b7b0c3f6d11";

export const randomId = (): string => randomUUID();

/** The same parts give the same UUIDv5, on every machine and in every version. */
export const derivedId = (...parts: readonly (string | number | bigint)[]): string =>
  // JSON keeps ("a", "bc") and ("ab", "c") apart.
  v5(JSON.stringify(parts.map(String)), namespace);
