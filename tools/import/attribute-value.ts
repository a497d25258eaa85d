/** Values of XES attributes as JSON: numbers, booleans, and times in UTC with milliseconds. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The attribute types that have a value, and how a value of each must look. */
export const simpleTypes = {
  string: "text",
  id: "text",
  date: "a time in ISO 8601 with its offset, such as 2011-10-01T00:38:44.546+02:00",
  int: "a whole number",
  float: "a number",
  boolean: "true or false",
} as const;

export type SimpleType = keyof typeof simpleTypes;

export const isSimpleType = (name: string): name is SimpleType => Object.hasOwn(simpleTypes, name);

/**
 * The JSON value, or `undefined` when `text` is not a value of that type. What JSON numbers cannot hold is kept
 * without loss where possible: a whole number beyond 2^53 stays text; `NaN` and the infinities become null.
 */
export function parseValue(type: SimpleType, text: string): Json | undefined {
  switch (type) {
    case "string":
    case "id":
      return text;
    case "date": {
      const ms = parseTime(text);
      return ms === undefined ? undefined : new Date(ms).toISOString();
    }
    case "int": {
      const digits = text.trim();
      if (!/^[+-]?\d+$/.test(digits)) return undefined;
      return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
    }
    case "float": {
      const number = text.trim();
      if (/^([+-]?(INF|Infinity)|NaN)$/.test(number)) return null;
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(number)) return undefined;
      return Number.isFinite(Number(number)) ? Number(number) : number;
    }
    case "boolean":
      return booleans.get(text.trim().toLowerCase());
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

const iso = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):?(\d\d)?)$/i;

/** Milliseconds since the UNIX epoch, anything finer cut off; `undefined` for what is not a whole time with its offset. */
export function parseTime(text: string): number | undefined {
  const parts = iso.exec(text.trim());
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = parts;
  const inRange =
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60 &&
    Number(offsetHours) < 24 &&
    Number(offsetMinutes) < 60;
  const date = new Date(0);
  // Unlike Date.UTC, this takes the years 0 to 99 as they are.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (!inRange || date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === "-" ? -1 : 1);
  const seconds = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second);
  return date.getTime() + seconds * 1000 + Number(fraction.slice(0, 3).padEnd(3, "0"));
}
