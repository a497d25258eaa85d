/**
 * Verifies an observer: judges its history again, aside, and compares flags and cases with what is recorded and serves.
 * What serves is read and never touched.
 */

import { ReadModelOutdated } from "../errors.js";
import { Aside, type AsideOptions } from "../projection/aside.js";
import type { Generation } from "../projection/read-model-store.js";
import { isDeclaredBy } from "../projection/generation-rules.js";
import { compareWithServing, servingOf } from "../projection/row-comparison.js";
import type { ObserverState } from "./observer-state.js";
import { DerivedFlags, RecordedFlags } from "./derived-flags.js";
import { rowDifference, type Difference } from "./differences.js";
import { definitionsOfRows } from "./find-case.js";
import { judgeAside } from "./rehearse.js";
import type { ObserverReadModel } from "./observer-read-model.js";
import { casePrefix } from "./rows.js";

export interface Verification {
  readonly observer: string;
  readonly version: number;
  /** Up to where the log was judged again: where the serving read model stands. */
  readonly position: bigint | undefined;
  readonly events: number;
  readonly flags: number;
  readonly cases: number;
  /** Empty when history gives what is there. */
  readonly differences: readonly Difference[];
}

/**
 * @throws UnknownReadModel when it has not been built; ReadModelOutdated when what serves was declared otherwise, and
 * whatever the rebuild of the observer would meet
 */
export async function verifyObserver(readModel: ObserverReadModel, options: AsideOptions): Promise<Verification> {
  const { store, readModels, signal } = options;
  const { declaration } = readModel;
  const { name, version } = declaration;
  const serving = await servingOf(readModels, declaration);
  if (!isDeclaredBy(serving, declaration)) throw new ReadModelOutdated(name, declaration, serving);
  const derived = new DerivedFlags(store);
  const judging = await judgeAside(readModel, derived, options);
  let cases = 0;
  const onRow = (key: string) => {
    if (key.startsWith(casePrefix)) cases++;
  };
  const compared = await compareWithServing(judging, { ...options, onRow });
  const { position } = compared;
  const rows = [...compared.differences.map(rowDifference), ...stateDifferences(judging, compared.serving)];
  const { chain } = await definitionsOfRows(store, readModel.known, serving);
  // Flags are recorded before the checkpoint that counts them, so all of these are.
  const recorded = await RecordedFlags.read(store, chain, signal);
  const flags = derived.missingFrom(recorded);
  if (derived.beyond(recorded).length > 0) {
    // Those may be of what has been judged, and is not committed: the rest of the log tells.
    const head = await store.head();
    if (head !== undefined) await judging.through(head);
  }
  const { flags: count } = derived.counts;
  const differences = [...flags, ...derived.beyond(recorded), ...rows];
  return { observer: name, version, position, events: judging.events, flags: count, cases, differences };
}

/** Counted beside the rows; only of the very same position. */
function stateDifferences(judging: Aside, { checkpoint }: Generation): Difference[] {
  if (checkpoint?.position === undefined || checkpoint.position !== judging.position) return [];
  const [is, serves] = [judging.state, checkpoint.state] as Partial<ObserverState>[];
  return (["uncorrelated", "logTimeMs", "businessTimeMs"] as const).flatMap((field): Difference[] =>
    is?.[field] === serves?.[field]
      ? []
      : [{ kind: "row-differs", detail: `${field} is ${is?.[field]} by history, ${serves?.[field]} serves.` }],
  );
}
