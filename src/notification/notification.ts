/** Notifications: who is told of flags, and which. */

import type { Clock } from "../clock.js";
import type { RaisedFlag } from "./raised-flag.js";

/** What can be said of every notification. */
export interface NotificationOptions {
  /** Lower-case letters, digits and dashes. Its checkpoint is kept under it: a notification that is renamed is a new one. */
  readonly name: string;
  /** Which flags it tells; all unless stated. */
  readonly filter?: (flag: RaisedFlag) => boolean;
  /** Mutes what was decided before this time. ISO 8601 with the offset from UTC: `2026-01-01T00:00:00Z`. */
  readonly notifyFrom?: string;
  /** Tells flags that were derived from what had been recorded before the observer was defined. Off unless stated. */
  readonly includeBackfill?: boolean;
  /**
   * Where a notification that has no checkpoint yet begins: after the last event that the log holds at its first start,
   * or with the first one, and so with every flag there is. "now" unless stated.
   */
  readonly startFrom?: "beginning" | "now";
}

/** What a delivery needs to act safely more than once. */
export interface DeliveryContext {
  /** From 1; it begins anew when the process does. */
  readonly attempt: number;
  /** Aborts when the notification stops; the flag is delivered again later. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface Notification extends NotificationOptions {
  /**
   * Tells a flag, at least once, in order within a case; `flag.id` is the same each time. What it throws is tried again
   * with backoff, then parked; a `DeliveryRefused` is parked at once, a `DeliveryFailed` may say when to try again.
   */
  deliver(flag: RaisedFlag, context: DeliveryContext): void | Promise<void>;
  /** What is wrong with how it was declared; the application then does not open. */
  readonly problems?: readonly string[];
  /** What is allowed and should be known; said once, when the application opens. */
  readonly warnings?: readonly string[];
  /** What `GET /metrics` says; one notification of an application may have it. */
  readonly exposition?: () => Promise<Exposition>;
}

/** A text for a scraper. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}
