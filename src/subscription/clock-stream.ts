/** The shared clock stream: a tick proves that everything before it has been read. It is in the filter of every subscriber. */

import { WrongExpectedRevision } from "../errors.js";
import { derivedId } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";

export const clockStreamOf = ({ streamPrefix }: Pick<EventStore, "streamPrefix">): string => `${streamPrefix}clock`;

export const tickType = "observer.ClockTick";

/** What a tick says. */
export interface TickData {
  /** What the clock of whoever wrote it said then. ISO 8601. */
  readonly askedAt?: string;
}

/**
 * Makes sure that the clock stream holds a tick recorded after `afterMs`, if the store's clock is there yet. Ticks of
 * several observers and instances coalesce: the id follows from the revision, so whoever comes second finds it done.
 * @param askedAtMs what the clock of whoever asks says, in milliseconds since the UNIX epoch
 * @throws StoreUnavailable
 */
export async function tick(store: EventStore, afterMs: number, askedAtMs?: number): Promise<void> {
  const data: TickData = askedAtMs === undefined ? {} : { askedAt: new Date(askedAtMs).toISOString() };
  for (;;) {
    const last = await lastOfStream(store);
    // What stood there before a clock was reset says nothing of the time after it.
    if (last?.type === tickType && last.firstRecordedAtMs > afterMs) return;
    const revision = last ? last.revision + 1n : 0n;
    try {
      await store.append(clockStreamOf(store), [{ id: derivedId("tick", revision), type: tickType, data }], {
        expectedRevision: last?.revision ?? "no_stream",
      });
      return;
    } catch (error) {
      // Somebody else ticked meanwhile; theirs may do.
      if (!(error instanceof WrongExpectedRevision)) throw error;
    }
  }
}

async function lastOfStream(store: EventStore) {
  for await (const [event] of store.readStream(clockStreamOf(store), { direction: "backwards", limit: 1 }))
    return event;
  return undefined;
}
