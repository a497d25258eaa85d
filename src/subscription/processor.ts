/** Runs one subscriber: holds its lease, feeds it the log, hands over to a standby, and stops in sight when it fails. */

import { systemClock, type Clock } from "../clock.js";
import { Fenced, ReadModelOutdated, StoreUnavailable, TooManyParked } from "../errors.js";
import type { EventStore } from "../store/event-store.js";
import type { Lease, LeaseStore } from "./checkpoint-store.js";
import { tick } from "./clock-stream.js";
import { holdLease } from "./hold-lease.js";
import { pauseCheckMs, pauseOf, untilPaused, type Pause, type PauseStore } from "./pauses.js";
import type { RunControl, Subscriber } from "./subscriber.js";
import { tell } from "./tell.js";
import { verifyCheckpoint } from "./verify-checkpoint.js";

/**
 * `standby`: another process holds the lease. `retrying`: a store does not answer. `outdated`: another version than the
 * one that this process declares serves; it goes on by itself once its own does. `stopped`: it failed and needs help;
 * the error says which. `paused`: an operator wants it to stand still; it goes on by itself when that is taken back.
 * `idle`: not started, or stopped on purpose.
 */
export type ProcessorState =
  "idle" | "standby" | "catching-up" | "live" | "retrying" | "outdated" | "stopped" | "paused";

export interface ProcessorStatus {
  readonly name: string;
  readonly state: ProcessorState;
  /** Last position handled. */
  readonly position: bigint | undefined;
  /** When the last event handled was recorded, in milliseconds since the UNIX epoch. */
  readonly recordedAtMs: number | undefined;
  readonly error?: Error;
  /** Who paused it, and why. */
  readonly pause?: Pause;
}

/** What a processor asks of the store of the leases. */
export interface ProcessorLeases extends LeaseStore, Pick<PauseStore, "pauses"> {}

export interface ProcessorOptions {
  /** Names this process in leases. */
  readonly holder: string;
  readonly clock?: Clock;
  /** How long a lease lasts without renewal, in milliseconds: so long a takeover waits after a crash. */
  readonly leaseTtlMs?: number;
  /** Called on every change of state. */
  readonly onChange?: (status: ProcessorStatus) => void;
  /** Told what `onChange` throws, which stops nothing; a warning of the process unless stated. */
  readonly onError?: (error: unknown) => void;
  /**
   * What serves now, compared by `===`. An outdated processor takes the lease again only when it is something else, so
   * that it is never in the way of a process of the right version. Without it, it opens to see.
   */
  readonly serving?: () => Promise<unknown>;
  /** From 0 to 1: spreads what many retry at once. `Math.random` unless stated; a simulation states its own. */
  readonly random?: () => number;
}

export class Processor {
  private state: ProcessorState = "idle";
  private error: Error | undefined;
  private pause: Pause | undefined;
  private recordedAtMs: number | undefined;
  private abort = new AbortController();
  private running: Promise<void> | undefined;
  private readonly clock: Clock;
  private readonly leaseTtlMs: number;

  constructor(
    readonly subscriber: Subscriber,
    private readonly store: EventStore,
    private readonly leases: ProcessorLeases,
    private readonly options: ProcessorOptions,
  ) {
    this.clock = options.clock ?? systemClock;
    this.leaseTtlMs = options.leaseTtlMs ?? 5_000;
  }

  get status(): ProcessorStatus {
    const { state, error, pause, recordedAtMs } = this;
    const { name, position } = this.subscriber;
    return { name, state, position, recordedAtMs, ...(error && { error }), ...(pause && { pause }) };
  }

  /** Starts, or starts again after it stopped. */
  start(): void {
    if (this.running) return;
    this.abort = new AbortController();
    this.running = this.run(this.abort.signal).finally(() => (this.running = undefined));
  }

  /** Finishes the page under way and gives the lease back. */
  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    if (this.state !== "stopped") this.enter("idle");
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { holder, serving } = this.options;
    const waitMs = this.leaseTtlMs / 3;
    let outdated: { readonly serving: unknown; readonly error: Error } | undefined;
    for (let failures = 0; !signal.aborted;) {
      let seen: unknown;
      try {
        const pause = await pauseOf(this.leases, this.subscriber.name);
        if (pause) {
          this.enter("paused", undefined, pause);
          await this.clock.sleep(pauseCheckMs, signal);
          continue;
        }
        // Before the lease is taken: what is activated in between is looked at once more.
        seen = await serving?.();
        if (outdated && serving && seen === outdated.serving) {
          this.enter("outdated", outdated.error);
          await this.clock.sleep(waitMs, signal);
          continue;
        }
        const lease = await this.leases.acquire(this.subscriber.name, holder, this.leaseTtlMs);
        if (lease) {
          await this.hold(lease, signal, () => {
            failures = 0;
            outdated = undefined;
          });
        } else {
          // With nothing to compare there is no telling whether an outdated one may stand by.
          if (!outdated || serving) this.enter("standby");
          await this.clock.sleep(waitMs, signal);
        }
      } catch (error) {
        if (signal.aborted && error instanceof Fenced) return;
        if (error instanceof Fenced) continue;
        if (error instanceof ReadModelOutdated) {
          outdated = { serving: seen, error };
          this.enter("outdated", error);
          await this.clock.sleep(waitMs, signal);
          continue;
        }
        if (error instanceof TooManyParked) {
          // Not the end: somebody has to be there for what is asked about parked events.
          this.enter("stopped", error);
          continue;
        }
        if (!(error instanceof StoreUnavailable)) return this.enter("stopped", error as Error);
        this.enter("retrying", error);
        await this.clock.sleep(backoffMs(++failures, this.options.random), signal);
      }
    }
  }

  /** Works for as long as the lease is held. @throws Fenced when it is lost */
  private hold(lease: Lease, signal: AbortSignal, onProgress: () => void): Promise<void> {
    const { clock, leaseTtlMs: ttlMs, subscriber, leases } = this;
    const close = () => subscriber.close();
    return holdLease(leases, lease, { clock, ttlMs, signal, close }, async (control) => {
      const paused = new AbortController();
      const done = new AbortController();
      const watching = AbortSignal.any([control.signal, done.signal]);
      void untilPaused(leases, subscriber.name, clock, watching).then((is) => is && paused.abort());
      try {
        const finishing = AbortSignal.any([control.signal, paused.signal]);
        await this.work(lease, { ...control, finishing }, onProgress);
      } finally {
        done.abort();
      }
    });
  }

  private async work(lease: Lease, control: RunControl, onProgress: () => void): Promise<void> {
    const { subscriber, store } = this;
    const { finishing: signal } = control;
    // An outdated one stays so, in sight, until it has found its own version; one that retries until something came.
    const isHindered = this.error instanceof TooManyParked;
    if (this.state !== "outdated" && this.state !== "retrying" && !isHindered) this.enter("catching-up");
    const checkpoint = await subscriber.open(lease, control);
    await verifyCheckpoint(subscriber, checkpoint, store);
    for (let { obstacle } = subscriber; obstacle && !signal.aborted; { obstacle } = subscriber) {
      this.enter("stopped", obstacle.error);
      await obstacle.changed();
    }
    if (signal.aborted) return;
    if (this.state === "outdated" || this.state === "stopped") this.enter("catching-up");
    this.recordedAtMs = checkpoint?.recordedAtMs;
    for await (const message of store.subscribe({ after: checkpoint?.position, filter: subscriber.filter, signal })) {
      if (message.kind === "events") {
        if (this.state === "retrying") this.enter("catching-up");
        await subscriber.handle(message.events);
        this.recordedAtMs = message.events.at(-1)!.recordedAtMs;
      } else {
        await subscriber.flush();
        await subscriber.caughtUp?.();
        this.enter("live");
        // The next one to start would look at all of them again: a tick moves the checkpoint over them, where it may be
        // written.
        if (message.passedOver > mostPassedOver && !store.own) await tick(store, this.recordedAtMs ?? 0);
      }
      onProgress();
    }
    await subscriber.finish?.();
    await subscriber.flush();
  }

  private enter(state: ProcessorState, error?: Error, pause?: Pause): void {
    if (this.state === state && (this.error === error || (state !== "retrying" && sameText(this.error, error)))) return;
    this.state = state;
    this.error = error;
    this.pause = pause;
    tell(this.options.onChange, this.status, this.options.onError);
  }
}

/** Events of other types after which a subscriber asks for a tick. */
const mostPassedOver = 10_000;

const sameText = (one?: Error, other?: Error) => one?.message === other?.message;

/** Doubles from 100 ms to 10 s, with jitter so that many do not come back at once. */
const backoffMs = (failures: number, random = Math.random) =>
  Math.min(10_000, 100 * 2 ** (failures - 1)) * (0.5 + random() / 2);
