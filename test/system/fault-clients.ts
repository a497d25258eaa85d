/** Clients that do not give up: whatever they ask for they ask for again, in the same words, until it is acknowledged. */

import { setTimeout as sleep } from "node:timers/promises";
import { CancelOrder, PlaceOrder } from "../../domains/ordering/index.js";
import {
  derivedId,
  StoreUnavailable,
  WrongExpectedRevision,
  type AnyCommand,
  type EventStore,
  type Rollcall,
} from "../../src/index.js";
import { spanMs } from "./fault-schedule.js";
import { commandIdOf } from "./order-plan.js";
import { Random } from "./random.js";

export const orders = 60;
export const ledgers = 3;
const bursts = 12;
const appendsOfBurst = 3;
export const entriesOfLedger = bursts * appendsOfBurst;
export const isCancelled = (i: number): boolean => i % 7 === 0;

/** Everything that is asked for in a run. */
export const asked = orders + Math.ceil(orders / 7) + ledgers * entriesOfLedger;

/** What a client was told, and by when. Times are those of `performance.now()`. */
export interface Acknowledged {
  /** Of its event; of all its events, for a command. */
  readonly id: string;
  readonly streamName: string;
  /** Absent for a command that was answered from its events: what it says is where the stream ends by now. */
  readonly revision: bigint | undefined;
  readonly position: bigint;
  readonly bytes: number;
  readonly askedAt: number;
  readonly acknowledgedAt: number;
}

/** Longest that a client goes on asking. */
const patienceMs = 120_000;
/** Shorter than most outages; what sixty orders ask meanwhile is work for the machine, too. */
const askAgainMs = 60;

export class FaultClients {
  readonly acknowledged: Acknowledged[] = [];
  /** How often a client was told that the store does not answer. */
  refusals = 0;
  /** Asked for and not acknowledged yet. */
  underWay = 0;
  private readonly waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(
    private readonly rollcall: Rollcall,
    private readonly seed: number,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves as soon as so many are acknowledged. */
  reach(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.acknowledged.length >= count) resolve();
      else this.waiting.push({ count, resolve });
    });
  }

  /** Until everything that is asked for is acknowledged. */
  get areAtWork(): boolean {
    return this.acknowledged.length < asked && !this.signal.aborted;
  }

  /** Places and cancels orders, and writes ledgers beside them. @throws what is no matter of a store that is away */
  async work(): Promise<void> {
    await Promise.all([
      ...Array.from({ length: orders }, (_, i) => this.order(i)),
      ...Array.from({ length: ledgers }, (_, i) => this.ledger(i)),
    ]);
  }

  private async order(i: number): Promise<void> {
    await sleep((i * spanMs) / orders);
    const aggregateId = orderIdOf(this.seed, i);
    await this.command(aggregateId, "place", PlaceOrder.of({ aggregateId, total: 10 + i, currency: "EUR" }));
    if (!isCancelled(i)) return;
    await sleep((i % 11) * 30);
    await this.command(aggregateId, "cancel", CancelOrder.of({ aggregateId, reason: "changed my mind" }));
  }

  private command(orderId: string, what: string, command: AnyCommand): Promise<void> {
    const commandId = commandIdOf(orderId, what);
    return this.ask(commandId, 0, async () => {
      const { duplicate, streamName, revision, position } = await this.rollcall.dispatch(command, { commandId });
      return { streamName, revision: duplicate ? undefined : revision, position: position! };
    });
  }

  /** Events of some size, several appends at once: each is to come after the one before it. */
  private async ledger(number: number): Promise<void> {
    const { store } = this.rollcall;
    for (let burst = 0; burst < bursts; burst++) {
      await sleep(spanMs / bursts);
      const first = burst * appendsOfBurst;
      await Promise.all(
        Array.from({ length: appendsOfBurst }, (_, i) => this.entry(store, ledgerEntry(this.seed, number, first + i))),
      );
    }
  }

  private entry(store: EventStore, { id, streamName, data, revision }: LedgerEntry): Promise<void> {
    const expectedRevision = revision === 0n ? ("no_stream" as const) : revision - 1n;
    const event = { id, type: ledgerType, data, metadata: { commandId: id } };
    return this.ask(id, data.text.length, async () => ({
      streamName,
      ...(await store.append(streamName, [event], { expectedRevision })),
    }));
  }

  private async ask(
    id: string,
    bytes: number,
    attempt: () => Promise<Pick<Acknowledged, "streamName" | "revision" | "position">>,
  ): Promise<void> {
    const askedAt = performance.now();
    this.underWay++;
    for (;;) {
      try {
        const answer = await attempt();
        const acknowledgedAt = performance.now();
        this.underWay--;
        this.acknowledged.push({ ...answer, id, bytes, askedAt, acknowledgedAt });
        for (const each of this.waiting) if (this.acknowledged.length >= each.count) each.resolve();
        return;
      } catch (error) {
        const isOver = this.signal.aborted || performance.now() > askedAt + patienceMs;
        if (!this.mayTryAgain(error) || isOver)
          throw new Error(`${id} was not acknowledged: ${String(error)}`, { cause: error });
        if (error instanceof StoreUnavailable) this.refusals++;
      }
      await sleep(askAgainMs);
    }
  }

  /** The store is away; or was, for the append before, so that the stream is not yet where this one continues it. */
  private mayTryAgain(error: unknown): boolean {
    if (error instanceof StoreUnavailable) return true;
    if (this.refusals === 0 || !(error instanceof WrongExpectedRevision)) return false;
    const { expected, actual } = error;
    return typeof expected === "bigint" && (actual === "no_stream" || actual < expected);
  }
}

export const orderIdOf = (seed: number, i: number): string => `${seed}-${i}`;

export const ledgerType = "test.LedgerEntry";

export interface LedgerEntry {
  readonly id: string;
  readonly streamName: string;
  readonly revision: bigint;
  readonly data: { readonly text: string };
}

/** Follows from its place alone. */
export function ledgerEntry(seed: number, number: number, revision: number): LedgerEntry {
  const streamName = `ledger-${seed}x${number}`;
  const random = new Random(seed * 1_000_000 + number * 1_000 + revision);
  return {
    id: derivedId("ledger", streamName, revision),
    streamName,
    revision: BigInt(revision),
    data: {
      text: String.fromCharCode(97 + (revision % 26)).repeat(random.whole(10, random.pick([100, 10_000, 40_000]))),
    },
  };
}
