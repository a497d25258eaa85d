/** Stories of a projection: given these events, then its rows are these. */

import assert from "node:assert/strict";
import { Upcasters, type AnyEvent } from "../../message/index.js";
import { ProjectionReadModel, type Row } from "../../projection/index.js";
import { encodeRow } from "../../projection/row-encoding.js";
import { declaredAs, same } from "./outcome.js";
import { Recording, type GivenEvent } from "./recording.js";

type ProjectedBy<M> = M extends (event: infer E, ...rest: never[]) => unknown
  ? E extends AnyEvent
    ? E
    : never
  : never;
/** The events that a projection folds, read from the types of its methods. */
export type ProjectedOf<P> = { [K in keyof P]: ProjectedBy<P[K]> }[keyof P];

type FoldedInto<M> = M extends (...args: never[]) => infer R ? Exclude<R, undefined> : never;
/** The rows that it folds them into. */
export type RowOf<P> = { [K in keyof P]: FoldedInto<P[K]> }[keyof P];

export interface ProjectionStory<P> {
  /** Events in the order of the log. */
  given(...events: GivenEvent<ProjectedOf<P>>[]): ProjectionStory<P>;
  /** The row under this key, as a store would keep it. @throws AssertionError */
  thenRow(key: string, expected: RowOf<P>): void;
  /** No row under this key. @throws AssertionError */
  thenNoRow(key: string): void;
}

/** Begins a story: `projection(OrderSummaryProjection).given({ event, correlationId: "7" }).thenRow("7", row)`. */
export function projection<P extends object>(type: new () => P): ProjectionStory<P> {
  const readModel = new ProjectionReadModel(declaredAs("projection", type), new Upcasters());
  return story(readModel, type.name, []);
}

function story<P>(readModel: ProjectionReadModel, name: string, history: readonly GivenEvent[]): ProjectionStory<P> {
  const row = (key: string): unknown => {
    const encoded = encodeRow(readModel.declaration.name, key, folded(readModel, name, history).get(key));
    return encoded?.doc && JSON.parse(encoded.doc);
  };
  return {
    given: (...events) => story(readModel, name, [...history, ...(events as GivenEvent[])]),
    thenRow: (key, expected) =>
      same(row(key), JSON.parse(JSON.stringify(expected)), `${name} has another row "${key}" than expected.`),
    thenNoRow: (key) => same(row(key), undefined, `${name} has a row "${key}". Expected: none.`),
  };
}

function folded(readModel: ProjectionReadModel, name: string, history: readonly GivenEvent[]): Map<string, Row> {
  const recording = new Recording();
  const rows = new Map<string, Row>();
  for (const given of history) {
    const recorded = recording.record(given);
    assert.ok(readModel.folds.has(recorded.type), `${name} has no method that projects ${recorded.type}.`);
    for (const key of [readModel.rowKeysOf(recorded)].flat()) {
      const row = readModel.fold(recorded, rows.get(key), key);
      if (row === undefined) rows.delete(key);
      else rows.set(key, row);
    }
  }
  return rows;
}
