import { expect } from "chai";
import { Divergence, MemoryEventStore, StoreUnavailable, type AlarmData } from "../../src/index.js";
import type { Flag } from "../../src/observer/case.js";
import { FlagRecorder } from "../../src/observer/flag-recorder.js";
import { logSink } from "../../src/observer/flag-sink.js";
import { flagEvent, flagStream, type RecordableFlag } from "../../src/observer/flag-stream.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { observerOf, plainTerms } from "./feed.js";

const flag = (sequence: number, more: Partial<Flag> = {}): Flag => ({
  kind: "Missing",
  case: "k",
  definition: 0,
  sequence,
  run: { slot: "slot" },
  deadlineMs: 110,
  decidedAtMs: 120,
  ...more,
});
const chain = [1, 2].map((version) => observerOf([plainTerms], { declared: { version } }).definition);

describe("flags on their way", () => {
  const recorder = () => {
    const recorded: [number, readonly RecordableFlag[]][] = [];
    const sink = {
      record: async ({ version }: { version: number }, flags: readonly RecordableFlag[]) =>
        void recorded.push([version, flags]),
    };
    const history = { isBackfill: (position: bigint) => position < 5n };
    const time = { inLog: (ms: number) => ms - 100 };
    return { recorder: new FlagRecorder(sink as never, history as never, time as never), recorded };
  };

  it("say their times as the log does, and whether they are of the past, or not proved", async () => {
    const to = recorder();
    to.recorder.add([flag(0)], 4n);
    to.recorder.provisional = true;
    const { deadlineMs: _, ...undated } = flag(1);
    to.recorder.add([undated], 5n);
    expect(to.recorder.count).to.equal(2);
    await to.recorder.record(chain);
    const { deadlineMs: __, ...said } = { ...flag(1), decidedAtMs: 20 };
    expect(to.recorded).to.deep.equal([
      [
        1,
        [
          { ...flag(0), deadlineMs: 10, decidedAtMs: 20, position: 4n, backfill: true, provisional: false },
          { ...said, position: 5n, backfill: false, provisional: true },
        ],
      ],
    ]);
    expect(to.recorder.count).to.equal(0);
    await to.recorder.record(chain);
    expect(to.recorded).to.have.length(1);
  });

  it("are recorded stream by stream, in their order", async () => {
    const to = recorder();
    const { run: _, ...own } = flag(0, { case: undefined, kind: "Uncorrelated" });
    to.recorder.add([flag(0), flag(0, { case: "other" }), flag(0, { definition: 1 }), own, flag(1)], 9n);
    to.recorder.add([flag(2), flag(0, { case: "" })], 9n);
    await to.recorder.record(chain);
    expect(
      to.recorded.map(([version, flags]) => [version, flags.map((each) => `${each.case} ${each.sequence}`)]),
    ).to.deep.equal([
      [1, ["k 0", "k 1", "k 2"]],
      [1, ["other 0"]],
      [2, ["k 0"]],
      [1, ["undefined 0"]],
      [1, [" 0"]],
    ]);
  });
});

describe("flags that go into the log", () => {
  const definition = chain[0]!;
  const recordable = (sequence: number, more: Partial<RecordableFlag> = {}): RecordableFlag => ({
    ...flag(sequence),
    position: 1n,
    backfill: false,
    provisional: false,
    ...more,
  });

  it("raise an alarm where another one stands in the place of one of them, and none where the log is away", async () => {
    const store = new FaultyStore(new MemoryEventStore());
    const sink = logSink(store);
    await sink.record(definition, [recordable(0), recordable(1, { kind: "Orphan" })]);
    const failed = (flags: RecordableFlag[]) =>
      sink.record(definition, flags).then(
        () => undefined,
        (error: unknown) => error as Divergence,
      );
    const error = await failed([recordable(0), recordable(1, { run: { slot: "second" } }), recordable(2)]);
    expect(error).to.be.instanceOf(Divergence);
    const alarms: AlarmData[] = [];
    for await (const page of store.readLog({ filter: { streamPrefixes: ["rollcall.alarms-"] } }))
      alarms.push(...page.map(({ data }) => data as AlarmData));
    expect(alarms).to.deep.equal([
      {
        observer: "watch",
        version: 1,
        definition: definition.hash,
        case: "k",
        slot: "second",
        kind: "Missing",
        flagId: flagEvent(definition, recordable(1, { run: { slot: "second" } })).id,
        streamName: flagStream(store, definition, "k"),
        detail: error!.message,
      },
    ]);
    store.goDown();
    expect(await failed([recordable(2)])).to.be.instanceOf(StoreUnavailable);
    store.comeBack();
    expect((await store.head())!).to.equal(3n);
  });
});
