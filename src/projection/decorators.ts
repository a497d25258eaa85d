/** Projections: a pure fold of events into the rows of a read model. */

import type { AnyEvent, EventClass, RecordedEvent } from "../message/index.js";
import { recordRole, recordUse, type RoleOptions } from "../model/index.js";

export interface ProjectionOptions extends RoleOptions {
  /** Raise it when the fold changes: the read model is then to be rebuilt. */
  readonly version: number;
  /**
   * Which row an event belongs to, or which rows: each of a list, none for an empty one. It must depend on the event alone,
   * whose data it sees in its present shape.
   */
  readonly key: (recorded: RecordedEvent) => RowKeys;
  /** Top-level fields of a row that queries may filter on. */
  readonly indexes?: readonly string[];
  /**
   * What becomes of an event that cannot be folded. `stop`, unless stated: the projection stops there, in sight. `park-row`: its
   * row stands still and says so in `$state` and `$failure`, with all later events of its key, until it is made anew; the
   * others go on.
   */
  readonly onFailure?: "stop" | "park-row";
}

/** `undefined`: it has none although it should, which stops the projection. */
export type RowKeys = string | readonly string[] | undefined;

export interface ProjectsOptions<E> {
  /** Which row an event of this type belongs to, or which rows, where that differs from the projection's key. */
  readonly key: (event: E, recorded: RecordedEvent) => RowKeys;
}

export const byAggregateId = (recorded: RecordedEvent): string => recorded.aggregateId;
export const byCorrelationId = (recorded: RecordedEvent): string | undefined => recorded.correlationId;

type FoldsInto<T, Row> = {
  readonly [K in keyof T]: (event: never, row: Row | undefined, recorded: never, key: never) => Row | undefined;
};

/** Marks a class as a projection into rows of type `Row`; a fold that returns `undefined` removes the row. */
export function Projection<Row extends object>(
  options: Omit<ProjectionOptions, "indexes"> & { readonly indexes?: readonly (keyof Row & string)[] },
) {
  return <T extends FoldsInto<T, Row>>(target: new () => T): void => recordRole(target, "projection", options);
}

/**
 * Marks the method that folds an event into a row: `(event, row, recorded, key) => row`. Pure: no effects, no clock. Where an
 * event belongs to several rows, it is called for each of them.
 */
export function Projects<E extends AnyEvent>(event: EventClass<E>, options?: ProjectsOptions<E>) {
  return <M extends (event: E, row: never, recorded: RecordedEvent, key: string) => unknown>(
    target: object,
    method: string,
    _: TypedPropertyDescriptor<M>,
  ): void => recordUse(target, method, "projects", event, options);
}
