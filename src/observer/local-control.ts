/**
 * Read-only operation: what counts between two events of the log although the log does not say it. An observer may not
 * write ticks there, so its own clock moves its time on; operators record acknowledgements and resets elsewhere. Each is
 * kept as a row with its place, so that a rebuild takes the same steps.
 */

import { contentsOf, derivedId, jsonContentType, RecordedEvent } from "../message/index.js";
import type { Generation, ReadModelStore } from "../projection/index.js";
import type { EventFilter, EventStore } from "../store/event-store.js";
import { tickType } from "../subscription/index.js";
import { controlRow } from "./rows.js";

/** So long after a deadline a local tick says that it has passed: for what is on its way, and for clocks that differ. */
export const localGraceMs = 5_000;

export interface LocalControl {
  /** It counts after this position of the log and before the next event; absent: before the first. */
  readonly after?: string | undefined;
  /** A local tick: time moves on to here, in milliseconds since the UNIX epoch. */
  readonly atMs?: number;
  /** An event that was recorded for the observer; it moves no time. */
  readonly event?: OwnEvent;
}

export interface OwnEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  /** Position where it was recorded, which is not the log. */
  readonly position: string;
}

/** What an observer keeps of it besides the rows. */
export interface LocalState {
  /** How many rows there are. */
  readonly kept: number;
  /** How many of them have counted. */
  readonly taken: number;
  /** Position of the last event that was recorded for the observer and taken. */
  readonly ownPosition?: string;
}

export const atFirst: LocalState = { kept: 0, taken: 0 };

/** What stands in the checkpoint once a control has counted. */
export const afterTaking = (local: LocalState, { event }: LocalControl): LocalState => ({
  ...local,
  taken: local.taken + 1,
  ...(event && { ownPosition: event.position }),
});

export const placeOf = ({ after }: LocalControl): bigint => (after === undefined ? -1n : BigInt(after));

/** As the observer takes it: what happens between two events happens just after the first of them. */
export function controlEvent(control: LocalControl): RecordedEvent {
  const { atMs = -Infinity, event } = control;
  const { id, type, data } = event ?? {
    id: derivedId("local-tick", atMs),
    type: tickType,
    data: { askedAt: new Date(atMs).toISOString() },
  };
  const [streamName, position] = ["(local)", placeOf(control) + 1n];
  const stated = [id, streamName, type, 0, position, atMs, 1, undefined, undefined, false, jsonContentType] as const;
  return new RecordedEvent(...stated, contentsOf(data));
}

/** Rows at once. */
const pageSize = 200;

/** What is kept in a generation, from this number on. */
export async function controlsFrom(
  readModels: ReadModelStore,
  generation: Generation,
  first: number,
): Promise<LocalControl[]> {
  const controls: LocalControl[] = [];
  for (;;) {
    const keys = Array.from({ length: pageSize }, (_, i) => controlRow(first + controls.length + i));
    const rows = await readModels.rows(generation, keys);
    controls.push(...keys.flatMap((key) => (rows.has(key) ? (rows.get(key) as LocalControl) : [])));
    if (rows.size < pageSize) return controls;
  }
}

/** The first event of the log, as far as it is recorded now, that passes and is not read yet. */
export async function firstUnread(
  store: EventStore,
  filter: EventFilter,
  after: bigint | undefined,
): Promise<bigint | undefined> {
  for await (const [event] of store.readLog({ after, filter })) return event!.position;
  return undefined;
}
