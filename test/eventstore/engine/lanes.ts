/** Writes that two processes can both work out: several lanes, each a stream that is written, deleted and revived. */

import { derivedId } from "../../../src/message/index.js";
import type { ProposedRecord, RecordLog, WriteOutcome } from "../../../tools/eventstore/record-log.js";
import { event } from "./logs.js";

export const laneCount = 4;

export const laneStream = (lane: number): string => `lane-${lane}`;

/** In each round of four steps: two events, three events, a soft delete, and an event that revives the stream. */
const eventsOfStep = [2, 3, 0, 1];
const eventsPerRound = 6;

/** Events of the stream before this step. */
export const eventsBefore = (index: number): number =>
  Math.floor(index / 4) * eventsPerRound + eventsOfStep.slice(0, index % 4).reduce((sum, count) => sum + count, 0);

/** Events of the metastream before this step: the delete writes one, the revival another. */
export const metadataBefore = (index: number): number => Math.floor(index / 4) * 2 + (index % 4 === 3 ? 1 : 0);

export const isDelete = (index: number): boolean => index % 4 === 2;

export const idOf = (lane: number, revision: number): string => derivedId("lane", lane, revision);

/** Does step `index` of a lane, as whoever did all before it; a step may be done again. */
export function laneStep(log: RecordLog, lane: number, index: number): Promise<WriteOutcome> {
  const before = eventsBefore(index);
  const expected = before === 0 ? "no_stream" : BigInt(before - 1);
  const count = eventsOfStep[index % 4]!;
  if (count === 0) return log.delete(laneStream(lane), expected);
  const events: ProposedRecord[] = Array.from({ length: count }, (_, i) => event({ id: idOf(lane, before + i) }));
  return log.append(laneStream(lane), events, expected);
}
