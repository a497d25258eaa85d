/** One delivery: which flags it concerns, and how often it is tried. */

import type { Clock } from "../clock.js";
import { DeliveryFailed, DeliveryRefused } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { DeliveryOutcome } from "../subscription/index.js";
import type { Notification } from "./notification.js";
import { raisedFlag, type RaisedFlag } from "./raised-flag.js";

/** Longest wait between two attempts, whatever a receiver asks for. */
const longestWaitMs = 5 * 60_000;

export class DeliveryAttempts {
  private readonly notifyFromMs: number;

  constructor(
    private readonly notification: Notification,
    private readonly clock: Clock,
    private readonly maxAttempts: number,
  ) {
    this.notifyFromMs = notification.notifyFrom === undefined ? -Infinity : Date.parse(notification.notifyFrom);
  }

  /** True also for what cannot be told: its delivery fails, in sight. */
  concerns(recorded: RecordedEvent): boolean {
    try {
      return this.tells(raisedFlag(recorded));
    } catch {
      return true;
    }
  }

  private tells(flag: RaisedFlag): boolean {
    const { notification } = this;
    if (flag.backfill === true && !notification.includeBackfill) return false;
    if (flag.decidedAt !== undefined && Date.parse(flag.decidedAt) < this.notifyFromMs) return false;
    return notification.filter?.(flag) ?? true;
  }

  async run(recorded: RecordedEvent, signal: AbortSignal, maxAttempts = this.maxAttempts): Promise<DeliveryOutcome> {
    const { notification, clock } = this;
    let flag;
    try {
      flag = raisedFlag(recorded);
      // Once more, so that what a filter throws is told as why the flag was parked.
      if (!this.tells(flag)) return { kind: "done" };
    } catch (error) {
      return { kind: "failed", attempts: 1, error };
    }
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) return { kind: "interrupted" };
      try {
        await notification.deliver(flag, { attempt, signal, clock });
        return { kind: "done" };
      } catch (error) {
        if (signal.aborted) return { kind: "interrupted" };
        if (error instanceof DeliveryRefused || attempt >= maxAttempts)
          return { kind: "failed", attempts: attempt, error };
        const asked = error instanceof DeliveryFailed ? (error.retryAfterMs ?? 0) : 0;
        await clock.sleep(Math.min(longestWaitMs, Math.max(backoffMs(attempt), asked)), signal);
      }
    }
  }
}

/** Trebles from 1 s to 5 minutes, with jitter: eight attempts take five to eleven minutes. */
const backoffMs = (attempt: number) => Math.min(longestWaitMs, 1_000 * 3 ** (attempt - 1)) * (0.5 + Math.random() / 2);
