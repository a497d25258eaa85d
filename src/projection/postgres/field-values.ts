/** The value of an indexed field as the text of a column: what is equal has the same text, and numbers sort as numbers. */

/**
 * A text or boolean as its JSON text; a number as `n` and sixteen hexadecimal digits that sort as the number does;
 * `null` for what no query asks for.
 */
export function fieldText(value: unknown): string | null {
  if (typeof value === "number") return numberText(value);
  return typeof value === "string" || typeof value === "boolean" ? JSON.stringify(value) : null;
}

/** Texts of numbers are at least the one and less than the other; those of texts likewise. */
export const numbers = ["n", "o"] as const;
export const texts = ['"', "#"] as const;

const number = new DataView(new ArrayBuffer(8));

function numberText(value: number): string {
  // -0 + 0 is 0: they are equal.
  number.setFloat64(0, value + 0);
  const bits = number.getBigUint64(0);
  // Positive numbers sort as their bits do, negative ones the other way round, before them.
  const sorted = bits >> 63n === 0n ? bits | (1n << 63n) : ~bits & (2n ** 64n - 1n);
  return `n${sorted.toString(16).padStart(16, "0")}`;
}
