/** How the keys of a log are shared out among readers that work side by side. */

/** One of `of` parts, counted from 0. A key is in one of them, always the same. */
export interface Part {
  readonly of: number;
  readonly index: number;
}

/** Which events of the log are wanted: those whose key is in the part. */
export interface KeyPart extends Part {
  /** Those without a correlation id are in part 0. */
  readonly by: "aggregateId" | "correlationId";
}

/** A prime, and a number that scatters what is left by it: keys that differ in one byte are then in any of the parts. */
export const partMixing = { prime: 65_521, factor: 40_503 } as const;
/** Of a key's UTF-8 bytes these many of its beginning and its end count: ids that are made in a row differ there. */
export const partBytes = { first: 3, last: 3 } as const;

/** The part that a key is in, from 0 to `of - 1`. SQLite stores say the same in SQL. */
export function partOf(key: string | undefined, of: number): number {
  if (!key) return 0;
  const { first, last } = partBytes;
  const { prime, factor } = partMixing;
  const bytes = isAscii(key, 0, first) && isAscii(key, key.length - last, key.length) ? key : inBytes(key);
  let rest = 0;
  // A byte at a time, which keeps to small integers: of the number that they are together it would be the same rest.
  for (let i = 0; i < first && i < bytes.length; i++) rest = (rest * 256 + bytes.charCodeAt(i)) % prime;
  for (let i = Math.max(0, bytes.length - last); i < bytes.length; i++)
    rest = (rest * 256 + bytes.charCodeAt(i)) % prime;
  // The product is below 2³².
  return ((Math.imul(rest, factor) >>> 0) % prime) % of;
}

/** As a text that has a code unit for each byte. */
const inBytes = (key: string): string => Buffer.from(key).toString("latin1");

/** Whether these code units are bytes of UTF-8 as they are. */
function isAscii(key: string, from: number, to: number): boolean {
  for (let i = Math.max(0, from); i < to && i < key.length; i++) if (key.charCodeAt(i) > 0x7f) return false;
  return true;
}
