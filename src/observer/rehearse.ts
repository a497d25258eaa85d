/** Rehearses what an observer would make of all of history, without recording anything. */

import { Aside, type AsideOptions } from "../projection/aside.js";
import { DerivedFlags, type FlagCounts } from "./derived-flags.js";
import type { FlagSink } from "./flag-sink.js";
import type { ObserverReadModel } from "./observer-read-model.js";

export interface Rehearsal extends FlagCounts {
  readonly observer: string;
  readonly version: number;
  readonly position: bigint | undefined;
  readonly events: number;
}

/** @throws whatever a rebuild of the observer would meet */
export async function rehearse(readModel: ObserverReadModel, options: AsideOptions): Promise<Rehearsal> {
  const derived = new DerivedFlags(options.store);
  const judging = await judgeAside(readModel, derived, options);
  const head = await options.store.head();
  if (head !== undefined) await judging.through(head);
  const { name, version } = readModel.definition;
  return { observer: name, version, position: judging.position, events: judging.events, ...derived.counts };
}

/** Judges history in a store of its own: nothing is recorded. @param sink takes the flags */
export const judgeAside = (readModel: ObserverReadModel, sink: FlagSink, options: AsideOptions): Promise<Aside> =>
  Aside.begin(readModel, options, (context) => readModel.openInto(context, { sink, servedBy: options.readModels }));
