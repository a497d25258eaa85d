/** Rehearses what an observer would make of all of history, without recording anything. */

import { DerivedFlags, type FlagCounts } from "./derived-flags.js";
import { Judging, type JudgingOptions } from "./judge-aside.js";
import type { ObserverReadModel } from "./observer-read-model.js";

export interface Rehearsal extends FlagCounts {
  readonly observer: string;
  readonly version: number;
  readonly position: bigint | undefined;
  readonly events: number;
}

/** @throws whatever a rebuild of the observer would meet */
export async function rehearse(readModel: ObserverReadModel, options: JudgingOptions): Promise<Rehearsal> {
  const derived = new DerivedFlags(options.store);
  const judging = await Judging.begin(readModel, derived, options);
  const head = await options.store.head();
  if (head !== undefined) await judging.through(head);
  const { name, version } = readModel.definition;
  return { observer: name, version, position: judging.position, events: judging.events, ...derived.counts };
}
