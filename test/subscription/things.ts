/** Things are counted: an event, a projection of it, and what it takes to run subscriptions over both. */

import {
  byAggregateId,
  DomainEvent,
  LiveReadModel,
  Processor,
  Projection,
  ProjectionPart,
  ProjectionReadModel,
  Projects,
  randomId,
  type AnyEvent,
  type EventMetadata,
  type EventStore,
  type ProcessorOptions,
  type ProcessorStatus,
  type ProjectionLimits,
  type ReadModel,
  type ReadModelStore,
  type RecordedEvent,
  type Subscriber,
  type Upcaster,
} from "../../src/index.js";
import { buildModel, type AnyClass } from "../../src/model/index.js";

export class Counted extends DomainEvent("things.Counted") {
  readonly amount!: number;
}

export class Dropped extends DomainEvent("things.Dropped") {}

export interface Total {
  readonly total: number;
  /** Positions of the events that went into it: none may be there twice. */
  readonly from: readonly string[];
}

const nothing: Total = { total: 0, from: [] };

/** Sums what was counted; the amount that `poison` holds cannot be folded. */
export function totals({ version = 1, poison }: { version?: number; poison?: { amount: number } } = {}) {
  @Projection<Total>({ name: "totals", version, key: byAggregateId, indexes: ["total"] })
  class Totals {
    @Projects(Counted)
    counted({ amount }: Counted, row: Total = nothing, { position }: RecordedEvent): Total {
      if (amount === poison?.amount) throw new RangeError(`${amount} is no amount`);
      return { total: row.total + amount, from: [...row.from, String(position)] };
    }

    @Projects(Dropped)
    dropped(_: Dropped, __: Total | undefined): undefined {
      return undefined;
    }
  }
  return Totals;
}

/** The same rows by other terms, under the same version: it does not read of what was dropped. */
export function totalsOtherwise() {
  @Projection<Total>({ name: "totals", version: 1, key: byAggregateId, indexes: ["total"] })
  class Totals {
    @Projects(Counted)
    counted({ amount }: Counted, row: Total = nothing, { position }: RecordedEvent): Total {
      return { total: row.total + amount, from: [...row.from, String(position)] };
    }
  }
  return Totals;
}

export function readModelOf(
  projection: AnyClass,
  upcasters: readonly Upcaster[] = [],
  limits: ProjectionLimits = {},
): ProjectionReadModel {
  const model = modelOf(projection, upcasters);
  return new ProjectionReadModel(model.projections[0]!, model.upcasters, limits);
}

/** The same, of one part of its keys. */
export function partOfReadModel(
  projection: AnyClass,
  limits: ProjectionLimits,
  part: { readonly of: number; readonly index: number },
): ProjectionPart {
  const model = modelOf(projection);
  return new ProjectionPart(model.projections[0]!, model.upcasters, limits, part);
}

const modelOf = (projection: AnyClass, upcasters: readonly Upcaster[] = []) =>
  buildModel({ aggregates: [], reactors: [], observers: [], projections: [projection], upcasters });

/** Appends events to one stream, in one append; `undefined` metadata leaves them without. */
export async function record(
  store: EventStore,
  streamName: string,
  events: readonly AnyEvent[],
  metadata?: EventMetadata,
): Promise<bigint> {
  const { position } = await store.append(
    streamName,
    events.map((event) => ({ id: randomId(), type: event.type, data: event, ...(metadata && { metadata }) })),
    { expectedRevision: "any" },
  );
  return position;
}

export const count = (store: EventStore, thing: string, ...amounts: readonly number[]): Promise<bigint> =>
  record(
    store,
    `thing-${thing}`,
    amounts.map((amount) => Counted.of({ amount })),
  );

/** Rows of the newest generation of a read model that serves. */
export async function rowsOf<R extends object>(readModels: ReadModelStore, name: string): Promise<Record<string, R>> {
  const serving = (await readModels.generations()).filter((each) => each.name === name && each.state === "active");
  const generation = serving.at(-1);
  const rows: Record<string, R> = {};
  if (generation)
    for await (const page of readModels.allRows(generation)) for (const { key, row } of page) rows[key] = row as R;
  return rows;
}

/** Totals alone, by thing. */
export const sumsOf = async (readModels: ReadModelStore): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(await rowsOf<Total>(readModels, "totals")).map(([thing, { total }]) => [thing, total]),
  );

/** A processor that remembers what it said. */
export class Watched {
  readonly said: ProcessorStatus[] = [];
  readonly processor: Processor;

  constructor(
    subscriber: Subscriber,
    store: EventStore,
    readModels: ReadModelStore,
    options: Partial<ProcessorOptions> = {},
  ) {
    const onChange = (status: ProcessorStatus) => void this.said.push(status);
    this.processor = new Processor(subscriber, store, readModels, { holder: "here", onChange, ...options });
  }

  get states(): string[] {
    return this.said.map(({ state }) => state);
  }

  get state(): string {
    return this.processor.status.state;
  }

  get error(): Error | undefined {
    return this.processor.status.error;
  }
}

export const live = (
  readModel: ReadModel,
  store: EventStore,
  readModels: ReadModelStore,
  options: Partial<ProcessorOptions> = {},
): Watched => new Watched(new LiveReadModel(readModel, store, readModels), store, readModels, options);
