/** Folds a part of history: the events of the keys that are in one part, as if there were no others. */

import type { EventStore } from "../store/event-store.js";
import { partOf, type KeyPart, type Part } from "../store/key-part.js";
import type { RecordedEvent } from "../message/index.js";
import { tickType, type Checkpoint } from "../subscription/index.js";
import { byAggregateId, byCorrelationId } from "./decorators.js";
import type { ProjectionReadModel, RowWriterContext } from "./projection-read-model.js";

export interface PartFoldingOptions extends Omit<RowWriterContext, "mode"> {
  readonly part: Part;
  /** Up to where to read, that included. It is asked for at each page: it may come nearer meanwhile. */
  readonly through: () => bigint;
  /** Called after each page with the events folded, and the position that was reached. */
  readonly onProgress: (events: number, position: bigint) => void;
}

/**
 * Reads the log from its beginning and commits the rows of the part.
 * @returns where the part stands: its last event, and how many there were
 * @throws HandlingFailed at the first event of the part that cannot be folded, or has no key
 */
export async function foldPart(readModel: ProjectionReadModel, options: PartFoldingOptions): Promise<Checkpoint> {
  const { store, signal, part, through, onProgress } = options;
  const writer = await readModel.open({ ...options, mode: "rebuild" });
  for await (const page of readPart(readModel, store, part, signal)) {
    const reached = page.at(-1)!.position;
    const due = page.filter((event) => isOfPart(readModel, event, part));
    const isBeyond = reached > through();
    const own = isBeyond ? due.filter(({ position }) => position <= through()) : due;
    if (own.length > 0) await writer.handle(own);
    onProgress(writer.checkpoint.handled, reached);
    if (isBeyond) break;
  }
  await writer.flush();
  return writer.checkpoint;
}

/** Where a generation stands when all parts are written, which have no event in common: as far as the furthest of them. */
export const wholeOf = (beginning: Checkpoint, parts: readonly Checkpoint[]): Checkpoint =>
  parts.reduce((whole, part) => {
    const { position, recordedAtMs } = (part.position ?? -1n) > (whole.position ?? -1n) ? part : whole;
    return { ...whole, position, recordedAtMs, handled: whole.handled + part.handled };
  }, beginning);

function readPart(readModel: ProjectionReadModel, store: EventStore, part: Part, signal: AbortSignal) {
  const by = keyOfLog(readModel.keyOf);
  return store.readLog({ filter: readModel.filter, signal, ...(by && { part: { ...part, by } }) });
}

/** What a store knows of a key without decoding the event; of a function of somebody's own nothing. */
function keyOfLog(key: ProjectionReadModel["keyOf"]): KeyPart["by"] | undefined {
  if (key === byAggregateId) return "aggregateId";
  if (key === byCorrelationId) return "correlationId";
  return undefined;
}

/** Ticks concern everybody. What has no key fails, and so it is for whoever comes across it. */
function isOfPart(readModel: ProjectionReadModel, recorded: RecordedEvent, { of, index }: Part): boolean {
  if (recorded.type === tickType) return true;
  try {
    return partOf(readModel.rowKeyOf(recorded), of) === index;
  } catch {
    return true;
  }
}
