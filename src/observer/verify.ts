/**
 * Verifies an observer: judges its history again, aside, and compares flags and cases with what is recorded and serves.
 * What serves is read and never touched.
 */

import { ReadModelOutdated, UnknownReadModel } from "../errors.js";
import type { Generation, ReadModelStore } from "../projection/read-model-store.js";
import type { ObserverState } from "./observer-state.js";
import { DerivedFlags, RecordedFlags } from "./derived-flags.js";
import { rowDifference, type Difference } from "./differences.js";
import { definitionsOfRows } from "./find-case.js";
import { Judging, type JudgingOptions } from "./judge-aside.js";
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

/** How often rows that change while they are compared are compared again. */
const mostRounds = 50;
const pageSize = 500;

/**
 * @throws UnknownReadModel when it has not been built; ReadModelOutdated when what serves was declared otherwise, and
 * whatever the rebuild of the observer would meet
 */
export async function verifyObserver(readModel: ObserverReadModel, options: JudgingOptions): Promise<Verification> {
  const { store, readModels, signal } = options;
  const { declaration } = readModel;
  const { name, version } = declaration;
  const serving = await servingOf(readModels, name);
  if (serving.version !== version || serving.definition !== declaration.definition)
    throw new ReadModelOutdated(name, declaration, serving);
  const derived = new DerivedFlags(store);
  const judging = await Judging.begin(readModel, derived, options);
  const { differences: rows, cases, position } = await compareRows(judging, readModel, options);
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

async function servingOf(readModels: ReadModelStore, name: string): Promise<Generation> {
  const serving = await readModels.activeGeneration(name);
  if (!serving) throw new UnknownReadModel(name, []);
  return serving;
}

interface Compared {
  readonly differences: readonly Difference[];
  readonly cases: number;
  readonly position: bigint | undefined;
}

/** Catches up with what serves, and compares; what has changed meanwhile is compared again. */
async function compareRows(
  judging: Judging,
  { declaration: { name } }: ObserverReadModel,
  options: JudgingOptions,
): Promise<Compared> {
  const { readModels, scratch, signal } = options;
  let cases = 0;
  let suspects: ReadonlySet<string> | undefined;
  for (let round = 1; ; round++) {
    const serving = await servingOf(readModels, name);
    const position = serving.checkpoint?.position;
    if (position !== undefined) await judging.through(position);
    const pages: AsyncIterable<readonly string[]> = suspects
      ? inPages([...suspects])
      : keysOf(scratch, judging.generation, readModels, serving);
    const differences = new Map<string, Difference>();
    for await (const keys of pages) {
      signal?.throwIfAborted();
      const [is, serves] = [await scratch.rows(judging.generation, keys), await readModels.rows(serving, keys)];
      if (!suspects) cases += keys.filter((key) => key.startsWith(casePrefix) && is.has(key)).length;
      for (const key of keys) {
        const difference = rowDifference(key, is.get(key), serves.get(key));
        if (difference) differences.set(key, difference);
      }
    }
    const now = await servingOf(readModels, name);
    const isSettled = now.id === serving.id && now.checkpoint?.position === position;
    if (differences.size === 0 || isSettled || round === mostRounds)
      return { differences: [...differences.values(), ...stateDifferences(judging, now)], cases, position };
    suspects = new Set(differences.keys());
  }
}

/** Counted beside the rows; only of the very same position. */
function stateDifferences(judging: Judging, { checkpoint }: Generation): Difference[] {
  if (checkpoint?.position === undefined || checkpoint.position !== judging.position) return [];
  const [is, serves] = [judging.state, checkpoint.state] as Partial<ObserverState>[];
  return (["uncorrelated", "logTimeMs", "businessTimeMs"] as const).flatMap((field): Difference[] =>
    is?.[field] === serves?.[field]
      ? []
      : [{ kind: "row-differs", detail: `${field} is ${is?.[field]} by history, ${serves?.[field]} serves.` }],
  );
}

/** All keys of both, some of them twice. */
async function* keysOf(
  scratch: ReadModelStore,
  judged: Generation,
  readModels: ReadModelStore,
  serving: Generation,
): AsyncGenerator<readonly string[]> {
  for await (const page of scratch.allRows(judged)) yield page.map(({ key }) => key);
  for await (const page of readModels.allRows(serving)) {
    const keys = page.map(({ key }) => key);
    const known = await scratch.rows(judged, keys);
    const others = keys.filter((key) => !known.has(key));
    if (others.length > 0) yield others;
  }
}

async function* inPages(keys: readonly string[]): AsyncGenerator<readonly string[]> {
  for (let i = 0; i < keys.length; i += pageSize) yield keys.slice(i, i + pageSize);
}
