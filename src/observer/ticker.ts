/** Asks the log whether a deadline has passed: the observer's own clock only says when to ask. */

import type { Clock } from "../clock.js";
import { StoreUnavailable } from "../errors.js";
import type { EventStore } from "../store/event-store.js";
import { tick } from "../subscription/index.js";

/** Shortest time between two ticks of one observer, in milliseconds. */
const tickFloorMs = 100;
/** The same while ticks do not move the time that the log has reached: its clock was set back, and catches up by itself. */
const longestFloorMs = 1_000;

/** Is told what an observer waits for, and sees to it that the observer learns when that time has come. */
export interface DeadlineWatch {
  /**
   * @param deadlineMs `undefined`: nothing to wait for
   * @param nowMs the time that the log has reached. Both are times of recording.
   */
  await(deadlineMs: number | undefined, nowMs: number): void;
}

export class Ticker implements DeadlineWatch {
  private awaited: number | undefined;
  private reachedMs: number | undefined;
  private timer: AbortController | undefined;
  private lastTickMs = -Infinity;
  /** What the log had reached at the last tick, and how long to wait for the next one. */
  private tickedAtMs: number | undefined;
  private floorMs = tickFloorMs;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
    private readonly fail: (error: unknown) => void,
  ) {}

  /**
   * Appends a tick once the own clock has passed `deadlineMs`; not before `nowMs`, the time that the log has reached,
   * can have reached it. Both are times of recording. `undefined`: nothing to wait for.
   */
  await(deadlineMs: number | undefined, nowMs: number): void {
    // What the log has reached counts too: a wait that began before the last tick was read may be far too long.
    if (this.timer && deadlineMs === this.awaited && nowMs === this.reachedMs) return;
    this.timer?.abort();
    this.timer = undefined;
    this.awaited = deadlineMs;
    this.reachedMs = nowMs;
    if (deadlineMs === undefined || this.signal.aborted) return;
    const timer = new AbortController();
    this.timer = timer;
    this.wait(deadlineMs, nowMs, timer).catch(this.fail);
  }

  private async wait(deadlineMs: number, nowMs: number, timer: AbortController): Promise<void> {
    const { clock } = this;
    const signal = AbortSignal.any([timer.signal, this.signal]);
    // The store's clock said `nowMs` at our last tick: when it is slow, our own must run on by what it lacks.
    const lackingMs = this.lastTickMs > deadlineMs ? deadlineMs - nowMs : 0;
    const isStuck = nowMs === this.tickedAtMs;
    const floorMs = isStuck ? this.floorMs : tickFloorMs;
    const wakeMs = Math.max(deadlineMs + 1, clock.now() + lackingMs, this.lastTickMs + floorMs);
    while (clock.now() < wakeMs && !signal.aborted) await clock.sleep(wakeMs - clock.now(), signal);
    if (signal.aborted) return;
    this.floorMs = isStuck ? Math.min(2 * floorMs, longestFloorMs) : tickFloorMs;
    this.tickedAtMs = nowMs;
    // From here on whoever is awaited, this deadline too, is awaited anew: the tick may be read before it is acknowledged.
    if (this.timer === timer) this.timer = undefined;
    for (let delayMs = tickFloorMs; !signal.aborted; delayMs = Math.min(2 * delayMs, 10_000)) {
      this.lastTickMs = clock.now();
      try {
        // A deadline that had passed when it was set needs a tick that has not been read.
        return await tick(this.store, Math.max(deadlineMs, nowMs), clock.now());
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await clock.sleep(delayMs, signal);
      }
    }
  }
}
