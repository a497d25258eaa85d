/** Any text as one that PostgreSQL can keep, which knows no NUL character: another spelling, in the same order of bytes. */

// A NUL becomes 1 1, and 1 becomes 1 2: both sort before 2, and neither is the beginning of the other.
const needsSpelling = /[\0\u0001]/; // eslint-disable-line no-control-regex

/** What PostgreSQL is given. Texts in it sort, begin and differ as the texts themselves do, by their UTF-8 bytes. */
export const storedText = (text: string): string =>
  needsSpelling.test(text) ? text.replaceAll("\u0001", "\u0001\u0002").replaceAll("\0", "\u0001\u0001") : text;

/** The text that was stored. */
export const originalText = (stored: string): string =>
  needsSpelling.test(stored) ? stored.replaceAll("\u0001\u0001", "\0").replaceAll("\u0001\u0002", "\u0001") : stored;

/** The first text after all that begin with `prefix`; `undefined` when there is none. */
export function endOf(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.length > 0) {
    const next = points.pop()! + 1;
    // Halves of surrogate pairs are no characters.
    if (next <= 0x10ffff) return String.fromCodePoint(...points, next === 0xd800 ? 0xe000 : next);
  }
  return undefined;
}

/** An array of texts in PostgreSQL's own spelling. */
export const arrayText = (texts: readonly (string | null)[]): string =>
  `{${texts.map((text) => (text === null ? "NULL" : `"${text.replace(/[\\"]/g, "\\$&")}"`)).join(",")}}`;

/** A line of a COPY in the text format. */
export const copyLine = (columns: readonly (string | null)[]): string =>
  `${columns.map((column) => (column === null ? "\\N" : copyText(column))).join("\t")}\n`;

const special = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const copyText = (text: string): string =>
  special.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => escapes[character]!) : text;
