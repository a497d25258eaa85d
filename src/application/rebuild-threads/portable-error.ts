/** Errors that go from one thread to another and stay what they are: structured clones would lose their class. */

import * as publicErrors from "../../errors.js";

export interface PortableError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Plain values: the fields of a public error, its `code` among them. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause?: PortableError;
}

const depth = 8;

/** Everything of an error that another thread can be told. */
export function portable(error: unknown, left = depth): PortableError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: undefined, fields: {} };
  const { name, message, stack, cause } = error;
  const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));
  const isCaused = cause !== undefined && left > 0;
  return { name: String(name), message, stack, fields, ...(isCaused && { cause: portable(cause, left - 1) }) };
}

/** The error again; of a class of `errors.ts` when it was of one. */
export function revived({ name, message, stack, fields, cause }: PortableError): Error {
  const error = new Error(message, cause && { cause: revived(cause) });
  const known = (publicErrors as Readonly<Record<string, unknown>>)[name];
  if (typeof known === "function") Object.setPrototypeOf(error, known.prototype as object);
  Object.assign(error, fields, { name });
  if (stack !== undefined) error.stack = stack;
  return error;
}

const isPlain = (value: unknown): boolean =>
  ["string", "number", "bigint", "boolean"].includes(typeof value) || (Array.isArray(value) && value.every(isPlain));
