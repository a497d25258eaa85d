/** Appends that two processes can both work out: several lanes, each a stream, and what is appended to it one by one. */

import { derivedId } from "../../../src/message/index.js";
import type { EventData, EventStore } from "../../../src/store/index.js";

export const laneCount = 5;

export const laneStream = (writer: string, lane: number): string => `lane-${writer}-${lane}`;

const eventsIn = (index: number): number => 1 + (index % 3);

export function laneAppend(writer: string, lane: number, index: number) {
  let before = 0;
  for (let i = 0; i < index; i++) before += eventsIn(i);
  const events: EventData[] = Array.from({ length: eventsIn(index) }, (_, i) => ({
    id: derivedId(writer, lane, before + i),
    type: "test.Written",
    data: { writer, lane, number: before + i },
    metadata: { $correlationId: writer },
  }));
  return {
    streamName: laneStream(writer, lane),
    events,
    expectedRevision: before === 0 ? "no_stream" : BigInt(before - 1),
  } as const;
}

/** Appends `count` times to a lane, one after the other; tells of each acknowledgement. */
export async function writeLane(
  store: EventStore,
  writer: string,
  lane: number,
  count: number,
  told: (index: number) => void,
) {
  for (let index = 0; index < count; index++) {
    const { streamName, events, expectedRevision } = laneAppend(writer, lane, index);
    await store.append(streamName, events, { expectedRevision });
    told(index);
  }
}
