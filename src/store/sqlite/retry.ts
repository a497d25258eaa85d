/** What to do when SQLite says no: wait for a lock, up to a deadline; say the rest in our own words. */

import { setTimeout as sleep } from "node:timers/promises";
import { RollcallError, StoreUnavailable } from "../../errors.js";
import { isSqliteError } from "./file-kind.js";

export const isBusy = (error: unknown): boolean => isSqliteError(error, "SQLITE_BUSY");

/** Different for everyone who waits, so that they do not meet again. */
export const retryDelayMs = (): number => 1 + Math.random() * 20;

/** The error for something that failed below us; errors of our own stay what they are. */
export function unavailable(what: string, file: string, cause: unknown, remedy: string): RollcallError {
  if (cause instanceof RollcallError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreUnavailable(`${what}: ${file} could not be used (${reason}). ${remedy}`, { cause });
}

/**
 * Runs `step` until no lock is in its way.
 * @throws StoreUnavailable when it failed otherwise, or the lock stayed.
 */
export async function whileBusy<T>(what: string, file: string, deadlineMs: number, step: () => T): Promise<T> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error)) throw unavailable(what, file, error, "Mend the cause, then try again.");
      if (performance.now() >= until)
        throw unavailable(
          what,
          file,
          error,
          `It stayed locked for ${deadlineMs} ms. End what locks it, then try again.`,
        );
    }
    await sleep(retryDelayMs());
  }
}
