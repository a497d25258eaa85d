/** An append that is not answered yet: how far it is, and what it fails with when no answer comes. */

import { StoreUnavailable } from "../../errors.js";
import type { AppendRequest, Placed } from "./append-messages.js";
import { Interruption } from "./failures.js";
import { unavailable } from "./patience.js";

export interface PendingAppend extends AppendRequest {
  readonly deadline: number;
  /** Of the attempt under way; another one for each, so that a late answer to an earlier one counts for nothing. */
  correlationId: string | undefined;
  wasSent: boolean;
  failures: number;
  lastFailure: Error | undefined;
  isSettled: boolean;
  resolve(placed: Placed): void;
  reject(error: Error): void;
}

/** Its deadline, `lastedMs` after it began, is over. */
export const late = (append: PendingAppend, lastedMs: number): StoreUnavailable =>
  unavailable(whatOf(append), lastedMs, append.lastFailure ?? noAnswer(), remedyFor(append));

/** The store is closed, and waits no longer. */
export function leftBehind(append: PendingAppend): StoreUnavailable {
  const failure = append.lastFailure ?? noAnswer();
  return new StoreUnavailable(
    `${whatOf(append)}: the store was closed before EventStoreDB answered (${failure.message}). ${remedyFor(append)}`,
    { cause: failure },
  );
}

export const whatOf = ({ streamName }: PendingAppend): string => `append to ${streamName}`;

const noAnswer = () => new Interruption("no answer came");

const remedyFor = ({ wasSent }: PendingAppend): string =>
  wasSent ? "The append may have been committed: retry it with the same event ids." : "Nothing was written: try again.";
