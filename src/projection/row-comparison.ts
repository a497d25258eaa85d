/** Compares the rows that history gives with those that serve, while what serves goes on. */

import { isDeepStrictEqual } from "node:util";
import { NotBuilt } from "../errors.js";
import type { Aside, AsideOptions } from "./aside.js";
import type { Generation, ReadModelDeclaration, ReadModelStore, Row } from "./read-model-store.js";
import { servingGeneration } from "./serving.js";

export interface RowDifference {
  readonly key: string;
  /** By history; absent where it gives none. */
  readonly derived: Row | undefined;
  /** Absent where none serves. */
  readonly serving: Row | undefined;
}

export interface RowComparison {
  readonly differences: readonly RowDifference[];
  /** Where what serves stood when it was compared last. */
  readonly position: bigint | undefined;
  /** What serves, as it was then. */
  readonly serving: Generation;
}

/** How often rows that change while they are compared are compared again. */
const mostRounds = 50;
const pageSize = 500;

export interface ComparisonOptions extends Pick<AsideOptions, "readModels" | "scratch" | "signal"> {
  /** Rows whose keys are to be compared; all unless stated. */
  readonly concerns?: ((key: string) => boolean) | undefined;
  /** Told of every row that history gives, sorted by key. */
  readonly onRow?: ((key: string, row: Row) => void) | undefined;
}

/**
 * Catches up with what serves, and compares; what has changed meanwhile is compared again.
 * @throws NotBuilt when nothing serves; the signal's reason when it aborts
 */
export async function compareWithServing(
  aside: Aside,
  { readModels, scratch, signal, concerns = () => true, onRow }: ComparisonOptions,
): Promise<RowComparison> {
  const { generation: own } = aside;
  let suspects: readonly string[] | undefined;
  for (let round = 1; ; round++) {
    const serving = await servingOf(readModels, own);
    const position = serving.checkpoint?.position;
    if (position !== undefined) await aside.through(position);
    const pages: AsyncIterable<readonly string[]> = suspects
      ? inPages(suspects)
      : keysOf(scratch, aside.generation, readModels, serving);
    const differences: RowDifference[] = [];
    for await (const page of pages) {
      signal?.throwIfAborted();
      const keys = page.filter(concerns);
      const [derived, serves] = [await scratch.rows(aside.generation, keys), await readModels.rows(serving, keys)];
      for (const key of keys) {
        const difference = { key, derived: derived.get(key), serving: serves.get(key) };
        if (!suspects && difference.derived) onRow?.(key, difference.derived);
        if (!isDeepStrictEqual(difference.derived, difference.serving)) differences.push(difference);
      }
    }
    const now = await servingOf(readModels, own);
    const isSettled = now.id === serving.id && now.checkpoint?.position === position;
    if (differences.length === 0 || isSettled || round === mostRounds) return { differences, position, serving: now };
    suspects = differences.map(({ key }) => key);
  }
}

/** @throws NotBuilt when nothing serves */
export async function servingOf(
  readModels: ReadModelStore,
  of: Pick<ReadModelDeclaration, "name" | "version" | "place">,
): Promise<Generation> {
  const serving = await servingGeneration(readModels, of);
  if (!serving) throw new NotBuilt(of.name, of.version);
  return serving;
}

/** All keys of both, each once. */
async function* keysOf(
  scratch: ReadModelStore,
  derived: Generation,
  readModels: ReadModelStore,
  serving: Generation,
): AsyncGenerator<readonly string[]> {
  for await (const page of scratch.allRows(derived)) yield page.map(({ key }) => key);
  for await (const page of readModels.allRows(serving)) {
    const keys = page.map(({ key }) => key);
    const known = await scratch.rows(derived, keys);
    const others = keys.filter((key) => !known.has(key));
    if (others.length > 0) yield others;
  }
}

async function* inPages(keys: readonly string[]): AsyncGenerator<readonly string[]> {
  for (let i = 0; i < keys.length; i += pageSize) yield keys.slice(i, i + pageSize);
}
