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
  const bytes = isAscii(key) ? undefined : Buffer.from(key);
  const length = bytes?.length ?? key.length;
  const byteAt = (index: number) => bytes?.[index] ?? key.charCodeAt(index);
  let number = 0;
  for (let i = 0; i < Math.min(partBytes.first, length); i++) number = number * 256 + byteAt(i);
  for (let i = Math.max(0, length - partBytes.last); i < length; i++) number = number * 256 + byteAt(i);
  const { prime, factor } = partMixing;
  return (((number % prime) * factor) % prime) % of;
}

/** Then its bytes are its code units, and need not be made. */
function isAscii(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) > 0x7f) return false;
  return true;
}
