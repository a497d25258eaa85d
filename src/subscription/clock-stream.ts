/** The shared clock stream: a tick proves that everything before it has been read. It is in the filter of every subscriber. */

import { WrongExpectedRevision } from "../errors.js";
import { derivedId } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";

export const clockStreamOf = ({ streamPrefix }: Pick<EventStore, "streamPrefix">): string => `${streamPrefix}clock`;

export const tickType = "observer.ClockTick";

/**
 * Makes sure that the clock stream holds a tick recorded after `afterMs`, if the store's clock is there yet. Ticks of
 * several observers and instances coalesce: the id follows from the revision, so whoever comes second finds it done.
 * @throws StoreUnavailable
 */
export async function tick(store: EventStore, afterMs: number): Promise<void> {
  for (;;) {
    const last = await lastTick(store);
    if (last && last.firstRecordedAtMs > afterMs) return;
    const revision = last ? last.revision + 1n : 0n;
    try {
      await store.append(clockStreamOf(store), [{ id: derivedId("tick", revision), type: tickType, data: {} }], {
        expectedRevision: last?.revision ?? "no_stream",
      });
      return;
    } catch (error) {
      // Somebody else ticked meanwhile; theirs may do.
      if (!(error instanceof WrongExpectedRevision)) throw error;
    }
  }
}

async function lastTick(store: EventStore) {
  for await (const [event] of store.readStream(clockStreamOf(store), { direction: "backwards", limit: 1 }))
    return event;
  return undefined;
}
