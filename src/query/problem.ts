/** Problems: what went wrong, as RFC 9457 wants it told, and the one place where error codes become HTTP statuses. */

import { CommandRejected, InvalidCommand, RollcallError } from "../errors.js";

/** Statuses of the framework's errors that a caller can act on. Any other error is ours, and answered with 500. */
const statusOfError = {
  INVALID_QUERY: 400,
  LOG_IS_READ_ONLY: 403,
  UNKNOWN_COMMAND: 404,
  UNKNOWN_READ_MODEL: 404,
  UNKNOWN_CASE: 404,
  NOT_PARKED: 404,
  COMMAND_REJECTED: 409,
  COMMAND_ID_REUSED: 409,
  NOTHING_AMISS: 409,
  SUBSCRIPTION_PAUSED: 409,
  NOBODY_AT_WORK: 409,
  WRONG_EXPECTED_REVISION: 409,
  STREAM_DELETED: 410,
  INVALID_COMMAND: 422,
  INVALID_APPEND: 422,
  STORE_UNAVAILABLE: 503,
  STORE_CLOSED: 503,
} as const;

/** Statuses of what only HTTP can get wrong. */
const statusOfRequest = {
  MALFORMED_REQUEST: 400,
  MALFORMED_JSON: 400,
  INVALID_HEADER: 400,
  UNKNOWN_ROUTE: 404,
  UNKNOWN_ROW: 404,
  UNKNOWN_REACTOR: 404,
  UNKNOWN_NOTIFICATION: 404,
  NO_METRICS: 404,
  UNKNOWN_CORRELATION: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  READ_MODEL_NOT_BUILT: 503,
  NO_ANSWER_IN_TIME: 503,
} as const;

const statuses: ReadonlyMap<string, number> = new Map(Object.entries({ ...statusOfError, ...statusOfRequest }));

/** What a problem response says. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  /** Members of this kind of problem only. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request that cannot be answered as it was asked; `detail` is written for whoever sent it. */
export class RequestProblem extends RollcallError {
  constructor(
    readonly code: keyof typeof statusOfRequest,
    detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }
}

const retryAfterSeconds = "2";

/** The problem that an error of any origin is; nothing that is our own matter is told. */
export function problemOf(error: unknown): Problem {
  if (error instanceof InvalidCommand) {
    const { commandType, violations } = error;
    return problem("INVALID_COMMAND", `${commandType} is invalid: see the violations.`, { members: { violations } });
  }
  // The code may be the domain's own; the type stays the one that clients know.
  if (error instanceof CommandRejected) return { ...problem("COMMAND_REJECTED", error.message), code: error.code };
  if (error instanceof RequestProblem) {
    const headers = statuses.get(error.code) === 503 ? { "Retry-After": retryAfterSeconds } : {};
    return problem(error.code, error.message, { headers: { ...headers, ...error.headers } });
  }
  if (error instanceof RollcallError && statuses.has(error.code)) {
    if (statuses.get(error.code)! < 500) return problem(error.code, error.message);
    // Not its message: that may name files and hosts.
    return problem(
      error.code,
      "The store does not answer now. A command may have been recorded: send it again with the same Idempotency-Key.",
      { headers: { "Retry-After": retryAfterSeconds } },
    );
  }
  return frameworkProblem(error) ?? internal;
}

const internal: Problem = {
  status: 500,
  ...named("INTERNAL_ERROR"),
  detail: "The server met an error of its own, which was reported to its operator.",
  members: {},
  headers: {},
};

function problem(code: string, detail: string, rest: Partial<Pick<Problem, "members" | "headers">> = {}): Problem {
  return { status: statuses.get(code)!, ...named(code), detail, members: {}, headers: {}, ...rest };
}

/** INVALID_COMMAND is urn:rollcall:problem:invalid-command, with the title "Invalid command". */
function named(code: string): Pick<Problem, "code" | "type" | "title"> {
  const words = code.toLowerCase().split("_");
  const title = words.join(" ");
  return { code, type: `urn:rollcall:problem:${words.join("-")}`, title: title[0]!.toUpperCase() + title.slice(1) };
}

/** Errors by which Express and its body parser refuse a request carry a status below 500. */
function frameworkProblem(error: unknown): Problem | undefined {
  if (typeof error !== "object" || error === null || !("status" in error)) return undefined;
  const { status, type, message } = error as { status: unknown; type?: unknown; message?: unknown };
  if (typeof status !== "number" || status < 400 || status > 499) return undefined;
  if (type === "entity.parse.failed") return problem("MALFORMED_JSON", `The body is not JSON: ${String(message)}.`);
  if (status === 413) return problem("BODY_TOO_LARGE", `The body is larger than ${bodyLimitBytes} bytes.`);
  if (status === 415) return problem("UNSUPPORTED_MEDIA_TYPE", `${String(message)}. Send JSON in UTF-8.`);
  return problem("MALFORMED_REQUEST", `The request cannot be read: ${String(message)}.`);
}

/** Largest request body, in bytes. */
export const bodyLimitBytes = 100 * 1024;
