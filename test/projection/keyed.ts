/** One fold by three keys, and histories to fold: what is counted and dropped, with and without a correlation id. */

import fc from "fast-check";
import {
  byAggregateId,
  byCorrelationId,
  Projection,
  Projects,
  randomId,
  rebuild,
  type EventStore,
  type Generation,
  type ReadModel,
  type ReadModelStore,
  type RebuildOptions,
  type RecordedEvent,
  type RowKeys,
} from "../../src/index.js";
import { tickType } from "../../src/subscription/index.js";
import { Counted, Dropped, type Total } from "../subscription/things.js";

const byBoth = ({ aggregateId, correlationId }: RecordedEvent) => `${aggregateId.length} ${correlationId}`;

/** A key of their own for events of one type. */
@Projection<Total>({ name: "partly", version: 1, key: byAggregateId })
class PartlyByCorrelation {
  @Projects(Counted, { key: (_, { correlationId }) => correlationId })
  counted({ amount }: Counted, row: Total = { total: 0, from: [] }, { position }: RecordedEvent): Total {
    return { total: row.total + amount, from: [...row.from, String(position)] };
  }

  @Projects(Dropped)
  dropped(_: Dropped, row: Total = { total: 0, from: [] }): Total {
    return { ...row, total: row.total + 1 };
  }
}

/** None, one or several rows of an event. */
const severally = ({ aggregateId, correlationId, revision }: RecordedEvent) =>
  [aggregateId, correlationId!, `r${revision}`].slice(0, Number(revision % 4n));

/** Fails at 13, and ends the process at 99, as no fold should. */
function keyed(name: string, key: (recorded: RecordedEvent) => RowKeys) {
  @Projection<Total>({ name, version: 1, key, indexes: ["total"] })
  class Keyed {
    @Projects(Counted)
    counted({ amount }: Counted, row: Total = { total: 0, from: [] }, { position }: RecordedEvent): Total {
      if (amount === 13) throw new RangeError("13 is no amount");
      if (amount === 99) process.exit(3);
      return { total: row.total + amount, from: [...row.from, String(position)] };
    }

    @Projects(Dropped)
    dropped(): undefined {
      return undefined;
    }
  }
  return Keyed;
}

export const keyedProjections = [
  keyed("by-aggregate", byAggregateId),
  keyed("by-correlation", byCorrelationId),
  keyed("by-both", byBoth),
  keyed("severally", severally),
  PartlyByCorrelation,
];

export type Happening = { readonly thing: string; readonly correlation: string } & (
  { readonly kind: "counted"; readonly amount: number } | { readonly kind: "dropped" | "tick" }
);

const place = {
  thing: fc.constantFrom("a", "b", "bb", "é", "7-c", ""),
  correlation: fc.constantFrom("p", "q", "ü", "r-1", "r-2"),
};
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ...place, kind: fc.constant("counted"), amount: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ ...place, kind: fc.constant("dropped") }) },
  { weight: 1, arbitrary: fc.record({ ...place, kind: fc.constant("tick") }) },
);

export async function record(store: EventStore, happenings: readonly Happening[]): Promise<void> {
  for (const each of happenings) {
    const type = { counted: Counted.type, dropped: Dropped.type, tick: tickType }[each.kind];
    const data = each.kind === "counted" ? { amount: each.amount } : {};
    const metadata = { $correlationId: each.correlation };
    const stream = each.kind === "tick" ? `${store.streamPrefix}clock` : `thing-${each.thing}`;
    await store.append(stream, [{ id: randomId(), type, data, metadata }], { expectedRevision: "any" });
  }
}

/** Everything that serves of a read model: rows to the letter, and where it stands. */
export async function digest(readModels: ReadModelStore, place: string): Promise<string> {
  const generation = (await readModels.activeGeneration(place))!;
  return digestOf(readModels, generation);
}

async function digestOf(readModels: ReadModelStore, generation: Generation): Promise<string> {
  const rows = [];
  for await (const page of readModels.allRows(generation)) rows.push(...page);
  return JSON.stringify([generation.checkpoint, rows], (_, value: unknown) =>
    typeof value === "bigint" ? `${value}` : value,
  );
}

/** Rebuilds, and tells what serves then. */
export async function rebuilt(
  readModel: ReadModel,
  store: EventStore,
  readModels: ReadModelStore,
  options: Partial<RebuildOptions> = {},
): Promise<string> {
  await rebuild(readModel, { store, readModels, holder: "test", fresh: true, ...options });
  return digest(readModels, readModel.declaration.place);
}
