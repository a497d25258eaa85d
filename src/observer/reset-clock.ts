/** Resetting a wild clock: log time goes back to a stated time, and open deadlines with it. */

import { InvalidReset } from "../errors.js";
import { derivedId } from "../message/index.js";
import type { ReadModelStore } from "../projection/read-model-store.js";
import type { EventStore } from "../store/event-store.js";
import { clockStreamOf } from "../subscription/index.js";
import { appendOnce } from "./append-once.js";
import type { ObserverState } from "./observer-state.js";
import { resetType, type ClockResetData } from "./control-events.js";
import type { ObserverDefinition } from "./definition.js";

/** What the time of an observer stands at. */
export interface ClockStanding {
  readonly observer: string;
  readonly timeBase: ObserverDefinition["timeBase"];
  /** The greatest time read so far, as the log says it; absent before the first event. */
  readonly atMs?: number;
}

export const clockStandings = (
  readModels: ReadModelStore,
  definitions: readonly Pick<ObserverDefinition, "name" | "timeBase">[],
): Promise<readonly ClockStanding[]> =>
  Promise.all(
    definitions.map(async ({ name: observer, timeBase }) => {
      const generation = await readModels.activeGeneration(observer);
      const state = (generation?.checkpoint?.state ?? {}) as Partial<ObserverState>;
      const counted = timeBase === "occurred" ? state.businessTimeMs : state.logTimeMs;
      return {
        observer,
        timeBase,
        ...(typeof counted === "number" && { atMs: counted - (state.offsetMs ?? 0) }),
      };
    }),
  );

/** Those that a reset to `toMs` would take back. */
export const takenBack = (standings: readonly ClockStanding[], toMs: number): readonly ClockStanding[] =>
  standings.filter(({ atMs }) => atMs !== undefined && atMs > toMs);

/**
 * Whether a reset makes sense.
 * @throws InvalidReset for a time in the future, or one that no observer's time has passed
 */
export function checkReset(standings: readonly ClockStanding[], toMs: number, nowMs: number): void {
  const iso = (ms: number) => new Date(ms).toISOString();
  if (toMs > nowMs)
    throw new InvalidReset(
      `A clock cannot be reset to ${iso(toMs)}: that lies in the future, it is ${iso(nowMs)}. State a time that has been.`,
    );
  if (takenBack(standings, toMs).length > 0) return;
  const found = standings.map(({ observer, atMs }) =>
    atMs === undefined ? `${observer} has read nothing yet` : `${observer} stands at ${iso(atMs)}`,
  );
  throw new InvalidReset(
    `A reset to ${iso(toMs)} would change nothing: expected a time before the present log time of an observer; ${found.join(", ") || "there is no observer"}.`,
  );
}

/** Records the reset; `by` says who wants it. The same one, said twice, counts once. @throws WrongExpectedRevision */
export async function resetClock(
  store: EventStore,
  standings: readonly ClockStanding[],
  { toMs, by }: { readonly toMs: number; readonly by: string },
): Promise<{ readonly streamName: string; readonly revision: bigint; readonly duplicate: boolean }> {
  const streamName = clockStreamOf(store);
  const data: ClockResetData = { to: new Date(toMs).toISOString(), by };
  // To the same time again, once another wild time was read, is another reset.
  const id = derivedId("clock-reset", data.to, by, ...standings.map(({ observer, atMs }) => `${observer} ${atMs}`));
  const { revision, duplicate } = await appendOnce(store, streamName, { id, type: resetType, data });
  return { streamName, revision, duplicate };
}
