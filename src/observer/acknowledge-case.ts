/** Acknowledging a case: somebody has seen what is amiss, and escalation stops. Nothing else changes. */

import { NothingAmiss, UnknownCase } from "../errors.js";
import { derivedId } from "../message/index.js";
import type { ReadModelStore } from "../projection/read-model-store.js";
import type { EventStore } from "../store/event-store.js";
import { acknowledgementStream } from "./acknowledgements.js";
import { appendOnce } from "./append-once.js";
import type { Case } from "./case.js";
import { acknowledgedType, type AcknowledgedData } from "./control-events.js";
import type { ObserverDefinition } from "./definition.js";
import { findCase } from "./find-case.js";
import { runOf } from "./runs.js";
import type { Slot } from "./slot.js";

export interface AcknowledgementRequest {
  /** The case's key, or an alias of it. */
  readonly case: string;
  /** Every slot unless stated. */
  readonly slot?: string | undefined;
  /** Who has seen it. */
  readonly by: string;
  readonly note?: string | undefined;
}

export interface AcknowledgementResult {
  readonly observer: string;
  readonly case: string;
  /** What is amiss in it, by run (`payment`, `payment#2`): this is acknowledged now. */
  readonly slots: readonly string[];
  readonly streamName: string;
  /** It had been acknowledged before; nothing was recorded. */
  readonly duplicate: boolean;
}

/**
 * Records the acknowledgement; said twice it counts once.
 * @throws UnknownCase, NothingAmiss, WrongExpectedRevision; UnknownReadModel when the observer has not been built
 */
export async function acknowledgeCase(
  { store, readModels }: { readonly store: EventStore; readonly readModels: ReadModelStore },
  definition: ObserverDefinition,
  { case: asked, slot, by, note }: AcknowledgementRequest,
): Promise<AcknowledgementResult> {
  const { name: observer } = definition;
  const found = await findCase(readModels, observer, asked);
  if (!found) throw new UnknownCase(observer, asked);
  const { key, row } = found;
  const amiss = Object.entries(row.slots).filter(
    ([run, { state }]) =>
      (state === "MISSING" || state === "ORPHAN") && (slot === undefined || runOf(run).slot === slot),
  );
  if (amiss.length === 0) throw new NothingAmiss(observer, key, whatIs(row, slot));
  const streamName = acknowledgementStream(store, observer, key);
  const result = { observer, case: key, slots: amiss.map(([run]) => run).toSorted(), streamName };
  const unseen = amiss.filter(([, { acknowledged }]) => !acknowledged);
  if (unseen.length === 0) return { ...result, duplicate: true };
  const data: AcknowledgedData = {
    observer,
    case: key,
    ...(slot !== undefined && { slot }),
    by,
    ...(note !== undefined && { note }),
  };
  const metadata = definition.joinsByCorrelation ? { $correlationId: key } : {};
  // Whoever says it comes first; what goes amiss later is another matter.
  const id = derivedId("acknowledged", observer, key, slot ?? "", ...unseen.map(occasion).toSorted());
  const { duplicate } = await appendOnce(store, streamName, { id, type: acknowledgedType, data, metadata });
  return { ...result, duplicate };
}

const occasion = ([run, { state, triggerId, deadlineMs, early }]: [string, Slot]): string =>
  [run, state, triggerId ?? early?.[0]?.id ?? "", deadlineMs ?? ""].join(" ");

function whatIs({ status, slots }: Case, slot: string | undefined): string {
  const runs = Object.entries(slots).filter(([run]) => slot === undefined || runOf(run).slot === slot);
  if (status === "closed") return "it is closed";
  const states = runs.map(([run, { state }]) => `${run} is ${state}`).toSorted();
  if (slot === undefined) return [`it is ${status}`, ...states].join(", ");
  if (states.length > 0) return states.join(", ");
  const others = [...new Set(Object.keys(slots).map((run) => runOf(run).slot))].join(", ");
  return `nothing of a slot ${JSON.stringify(slot)} in it, but of: ${others || "none"}`;
}
