/** What a path names in an event: a value of a key or a pair, or a number of counterparts. */

import type { LogRecord } from "./records.js";

/** In a stream's name the category ends at the first dash, and the id begins after it; without one all is category. */
function streamPart(part: string, name: string): string | undefined {
  const dash = name.indexOf("-");
  if (part === "name") return name;
  if (part === "category") return dash < 0 ? name : name.slice(0, dash);
  return part === "id" && dash >= 0 ? name.slice(dash + 1) : undefined;
}

/** Whatever stands there; what follows a dot is a member of an object. */
export function found(path: string, record: LogRecord): unknown {
  if (path === "id") return record.id;
  const [root, ...members] = path.split(".");
  if (root === "stream") return streamPart(members.join("."), record.streamName ?? "");
  let value: unknown = root === "data" ? record.data : root === "metadata" ? record.metadata : undefined;
  for (const member of members) {
    const isObject =
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, member);
    value = isObject ? (value as Record<string, unknown>)[member] : undefined;
  }
  return value;
}

/** "A value counts where it is a text that is not empty, or a number." As a text, so 1 and "1" are one value. */
export function valueAt(path: string, record: LogRecord): string | undefined {
  const value = found(path, record);
  return typeof value === "number" || (typeof value === "string" && value !== "") ? String(value) : undefined;
}

/** How many counterparts: the number itself, or the one at a path of the trigger; of a list, its length. */
export function countAt(count: number | string, trigger: LogRecord): number {
  if (typeof count === "number") return count;
  const value = found(count, trigger);
  const number = Array.isArray(value) ? value.length : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0) return number;
  throw new Error(`${trigger.id}: expected a whole number at ${count}, found ${JSON.stringify(value)}.`);
}

/** Whether two events have the same value in a field of their data. */
export const alike = (field: string | undefined, x: LogRecord, y: LogRecord): boolean =>
  field === undefined || x.data?.[field] === y.data?.[field];
