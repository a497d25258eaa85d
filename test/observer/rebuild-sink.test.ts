import { expect } from "chai";
import { Divergence, HistoryTruncated, MemoryEventStore, StoreUnavailable, type AlarmData } from "../../src/index.js";
import { flagEvent, flagStream, recordFlags, type RecordableFlag } from "../../src/observer/flag-stream.js";
import { passedBy, RebuildSink } from "../../src/observer/rebuild-sink.js";
import { declaredDefinition } from "../../src/observer/rows.js";
import { observerOf, plainTerms } from "./feed.js";
import { TruncatedStore } from "./truncated-store.js";

const chain = [1, 2, 3].map((version) => observerOf([plainTerms], { declared: { version } }).definition);
const [first, second, third] = chain as [(typeof chain)[0], (typeof chain)[0], (typeof chain)[0]];

const flag = (sequence: number, position = 1n, more: Partial<RecordableFlag> = {}): RecordableFlag => ({
  kind: "Missing",
  case: "k",
  definition: 0,
  sequence,
  run: { slot: "slot" },
  deadlineMs: 10 + sequence,
  decidedAtMs: 20,
  position,
  backfill: false,
  provisional: false,
  ...more,
});
const idOf = (of: RecordableFlag) => flagEvent(first, of).id;

describe("what the generation that serves has passed", () => {
  const building = { id: 2, name: "watch" };
  const serving = (more: object = {}) => ({
    id: 1,
    definition: declaredDefinition(second.hash),
    checkpoint: { position: 5n, storeId: "log" },
    ...more,
  });
  const passed = (generation: object | undefined, log: object = {}) => {
    const store = { head: async () => 9n, storeId: async () => "log", ...log };
    const readModels = { activeGeneration: async () => generation };
    return passedBy({ readModels, store, generation: building } as never, chain);
  };

  it("is all up to where it stands, under the definitions that it judged by", async () => {
    expect(await passed(serving())).to.deep.equal({ position: 5n, definitions: new Set([first.hash, second.hash]) });
    expect((await passed(serving(), { head: async () => 5n }))!.position).to.equal(5n);
    const own = serving({ definition: declaredDefinition(third.hash) });
    expect((await passed(own))!.definitions).to.deep.equal(new Set(chain.map(({ hash }) => hash)));
  });

  it("is nothing where none serves, or that is of another definition, or of another log", async () => {
    for (const generation of [
      undefined,
      serving({ id: building.id }),
      serving({ checkpoint: undefined }),
      serving({ checkpoint: { storeId: "log" } }),
      serving({ definition: declaredDefinition("other") }),
      serving({ checkpoint: { position: 5n, storeId: "other" } }),
    ])
      expect(
        await passed(generation),
        JSON.stringify(generation, (_, value) => String(value)),
      ).to.equal(undefined);
    expect(await passed(serving(), { head: async () => undefined })).to.equal(undefined);
    expect(await passed(serving(), { head: async () => 4n })).to.equal(undefined);
  });
});

describe("the flags of a rebuild", () => {
  let store: TruncatedStore;
  let sink: RebuildSink;
  const stream = flagStream({ streamPrefix: "rollcall." }, first, "k");
  beforeEach(() => {
    store = new TruncatedStore(new MemoryEventStore());
    sinkTo(5n);
  });
  const sinkTo = (position: bigint) => {
    const dataOf = ({ data }: { readonly data: unknown }) => data;
    sink = new RebuildSink(store, { position, definitions: new Set([first.hash]) }, dataOf);
  };
  const read = async (prefix: string) => {
    const events = [];
    for await (const page of store.readLog({ filter: { streamPrefixes: [prefix] } })) events.push(...page);
    return events;
  };
  const recorded = async () => (await read("rollcall.flags-")).map(({ id }) => id);
  const alarms = async () =>
    (await read("rollcall.alarms-")).map(({ type, data }) => ({ type, ...(data as AlarmData) }));
  const failureOf = (done: Promise<unknown>) =>
    done.then(
      () => undefined,
      (error: unknown) => error as Divergence,
    );
  const other = flag(1, 1n, { kind: "Orphan", eventId: "b" });

  it("are appended where nobody has been, under whatever definition", async () => {
    await sink.record(first, [flag(0, 6n), flag(1, 7n)]);
    await sink.record(second, [flag(0, 1n)]);
    expect(await recorded()).to.deep.equal([idOf(flag(0)), idOf(flag(1)), flagEvent(second, flag(0)).id]);
    await sink.finish();
  });

  it("must be recorded as they are where the other has been, and those beyond are appended", async () => {
    await recordFlags(store, first, [flag(0)]);
    await sink.record(first, [flag(0, 5n), flag(1, 6n)]);
    expect(await recorded()).to.deep.equal([idOf(flag(0)), idOf(flag(1))]);
    await sink.finish();
    expect(await alarms()).to.deep.equal([]);
  });

  it("are refused where none is recorded, and nothing is appended", async () => {
    const failure = await failureOf(sink.record(first, [flag(0, 5n), flag(1, 6n)]));
    expect(failure).to.be.instanceOf(Divergence);
    expect(failure).to.include({ streamName: stream, sequence: 0n, expectedId: idOf(flag(0)), foundId: "none" });
    expect(await recorded()).to.deep.equal([]);
    expect(await alarms()).to.deep.equal([
      {
        type: "observer.Divergence",
        observer: "watch",
        version: 1,
        definition: first.hash,
        case: "k",
        slot: "slot",
        kind: "Missing",
        flagId: idOf(flag(0)),
        streamName: stream,
        detail: failure!.message,
      },
    ]);
  });

  it("are refused where another is recorded, whether the other has been there or not", async () => {
    await recordFlags(store, first, [flag(0), other]);
    for (const position of [5n, 6n]) {
      const failure = await failureOf(sink.record(first, [flag(0), flag(1, position), flag(2, position)]));
      expect(failure).to.be.instanceOf(Divergence);
      expect(failure).to.include({ sequence: 1n, expectedId: idOf(flag(1)), foundId: idOf(other) });
    }
    expect((await alarms()).map(({ kind, flagId }) => [kind, flagId])).to.deep.equal([["Missing", idOf(flag(1))]]);
    store.goDown();
    expect(await failureOf(sink.record(first, [flag(2, 9n)]))).to.be.instanceOf(StoreUnavailable);
    store.comeBack();
  });

  it("are refused at the end where more is recorded than history gives, as far as the other has been", async () => {
    await recordFlags(store, first, [flag(0), other]);
    await sink.record(first, [flag(0)]);
    const failure = await failureOf(sink.finish());
    expect(failure).to.be.instanceOf(Divergence);
    expect(failure).to.include({
      sequence: 1n,
      expectedId: "none (history gives no more)",
      foundId: idOf(other),
    });
    expect((await alarms()).map(({ case: key, slot, kind, flagId }) => ({ key, slot, kind, flagId }))).to.deep.equal([
      { key: "k", slot: "slot", kind: "Orphan", flagId: idOf(other) },
    ]);
  });

  it("are whole where the next one is derived later, or was recorded beyond where the other has been", async () => {
    await recordFlags(store, first, [flag(0), other]);
    await sink.record(first, [flag(0)]);
    await sink.record(first, [other]);
    await sink.finish();
    // The second flag is at position 2 of the log.
    sinkTo(1n);
    await sink.record(first, [flag(0)]);
    await sink.finish();
    sinkTo(2n);
    await sink.record(first, [flag(0)]);
    expect(await failureOf(sink.finish())).to.be.instanceOf(Divergence);
    // Flags beside a log that is only read have positions of their own.
    Object.assign(store, { own: store });
    sinkTo(2n);
    await sink.record(first, [flag(0)]);
    await sink.finish();
  });

  it("are refused in other words where the beginning of a stream is gone that they are of", async () => {
    const { case: _, run: __, ...rest } = flag(0);
    const ofObserver = { ...rest, kind: "Uncorrelated", case: undefined, eventId: "lost" } as const;
    const append = (streamName: string, id: number, correlationId: string) =>
      store.inner.append(
        streamName,
        [
          {
            id: `0b0e6f1c-1c7c-4a7e-8d5c-00000000000${id}`,
            type: "a",
            data: {},
            metadata: { $correlationId: correlationId },
          },
        ],
        { expectedRevision: "any" },
      );
    for (const id of [1, 2]) await append("orders-1", id, "k");
    store.truncate("orders-1", 1n);
    const ofCase = await failureOf(sink.record(first, [flag(0)]));
    expect(ofCase).to.be.instanceOf(HistoryTruncated);
    expect(ofCase).to.include({ caseKey: "k", streamName: "orders-1", firstRevision: 1n });
    expect(String(ofCase)).to.include(`${stream} at 0: derived ${idOf(flag(0))}, recorded none`);
    expect(await alarms()).to.deep.include({
      type: "observer.HistoryTruncated",
      observer: "watch",
      version: 1,
      definition: first.hash,
      case: "k",
      slot: "slot",
      kind: "Missing",
      flagId: idOf(flag(0)),
      streamName: "orders-1",
      detail: ofCase!.message,
    });
    const named = { ...ofObserver, details: { streamName: "orders-1" } };
    const onObserver = await failureOf(sink.record(first, [named]));
    expect(onObserver).to.be.instanceOf(HistoryTruncated).and.include({ caseKey: undefined, streamName: "orders-1" });
    for (const details of [undefined, { streamName: 7 }, { streamName: "orders-2" }])
      expect(await failureOf(sink.record(first, [{ ...ofObserver, ...(details && { details }) }]))).to.be.instanceOf(
        Divergence,
      );
    for (const id of [3, 4]) await append("rollcall.acknowledgements-watch-x", id, "none");
    store.truncate("rollcall.acknowledgements-watch-x", 1n);
    const acknowledged = await failureOf(sink.record(first, [flag(0, 1n, { case: "x" })]));
    expect(acknowledged).to.be.instanceOf(HistoryTruncated);
    expect(acknowledged).to.include({ streamName: "rollcall.acknowledgements-watch-x" });
  });
});
