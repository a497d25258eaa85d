/** What PostgreSQL and the way to it say when something fails: try again, or what to do. */

import { AccessDenied, InvalidConfiguration, UntrustedConnection, type RollcallError } from "../../errors.js";

/** Code of PostgreSQL (SQLSTATE), of the system, or none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : "";
}

/** The table is not there: it was dropped together with its generation. */
export const isMissingTable = (error: unknown): boolean => codeOf(error) === "42P01";

/** Somebody held a lock for longer than we wait. */
export const isLocked = (error: unknown): boolean => codeOf(error) === "55P03";

const passing = [
  // The connection, seen from here.
  /^E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_AGAIN|NOTFOUND)/,
  // The connection, seen by the server or a pooler before it.
  /^08/,
  // A server that starts, stops, or has no room; one that took another's place, and cannot be written to yet.
  /^57|^53|^25006/,
  // Transactions that met: one of them is to begin again. An idle one that the server ended.
  /^40|^55P03|^25P0[34]/,
];
const brokenOff =
  /connection terminated|connection ended|connection timeout|timeout exceeded|read timeout|not queryable|closed the connection/i;

/** Whether the same may succeed when it is tried again. */
export function isInterruption(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== "") return passing.some((pattern) => pattern.test(code));
  // Several addresses of one name, none of which answered.
  if (error instanceof AggregateError) return error.errors.some(isInterruption);
  return error instanceof Error && brokenOff.test(error.message);
}

/** What the server, or the way to it, does not allow, in our own words; `undefined` for anything else. */
export function refusal(error: unknown, place: string, user: string | undefined): RollcallError | undefined {
  const code = codeOf(error);
  const words = error instanceof Error ? error.message : String(error);
  const who = user ?? "this user";
  if (code.startsWith("28")) return denied(who, `enter ${place}: ${words}`, "Check the name and the password.", error);
  if (code === "42501")
    return denied(
      who,
      `${words}, at ${place}`,
      "Let an administrator grant it: the schema and its tables are to belong to this user.",
      error,
    );
  if (code === "3D000") return new InvalidConfiguration([`${place}: ${words}. Create it, in UTF8, or name another.`]);
  if (/CERT|SELF_SIGNED|^ERR_(SSL|TLS)|UNABLE_TO_(VERIFY|GET)/.test(code) || /support SSL connections/.test(words))
    return new UntrustedConnection(
      place,
      words,
      "Name the authority of its certificate by sslrootcert; sslmode=no-verify takes any certificate, sslmode=disable does without TLS.",
      { cause: error },
    );
  return undefined;
}

const denied = (who: string, what: string, remedy: string, cause: unknown) =>
  new AccessDenied(who, [what], { cause, server: "PostgreSQL", remedy });

/** The words of an error for another's message. */
export const wordsOf = (error: unknown): string =>
  error instanceof AggregateError && error.message === ""
    ? error.errors.map(wordsOf).join("; ")
    : error instanceof Error
      ? error.message || error.name
      : String(error);
