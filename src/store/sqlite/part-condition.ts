/** A part of the keys as a condition of SQL: `partOf`, of built-in functions alone, so that no row comes to JavaScript in vain. */

import { partBytes, partMixing, type KeyPart } from "../key-part.js";

// Bytes, because functions of text end at a NUL.
const streamBytes = "CAST(stream AS BLOB)";
const keys: Readonly<Record<KeyPart["by"], string>> = {
  aggregateId: `substr(${streamBytes}, instr(${streamBytes}, x'2d') + 1)`,
  correlationId: "CAST(correlation_id AS BLOB)",
};

/** The condition that rows of `event` meet when their key is in the part; true for all without one. */
export function partCondition(part: KeyPart | undefined): {
  readonly condition: string;
  readonly values: readonly number[];
} {
  if (!part) return { condition: "true", values: [] };
  return { condition: `${partInSql(keys[part.by])} = ?`, values: [part.of, part.index] };
}

/** `partOf` of a blob; the number of parts is to be bound. JSON5 is how SQLite reads hexadecimal. */
export const partInSql = (key: string): string => {
  const bytes = `substr(${key}, 1, ${partBytes.first}) || substr(${key}, -${partBytes.last})`;
  const { prime, factor } = partMixing;
  return `ifnull(('0x0' || hex(${bytes})) ->> '$', 0) % ${prime} * ${factor} % ${prime} % ?`;
};
