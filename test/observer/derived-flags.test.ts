import { expect } from "chai";
import { MemoryEventStore } from "../../src/index.js";
import { DerivedFlags, RecordedFlags } from "../../src/observer/derived-flags.js";
import { flagEvent, flagStream, recordFlags, type RecordableFlag } from "../../src/observer/flag-stream.js";
import { observerOf, plainTerms } from "./feed.js";

const { definition } = observerOf([plainTerms]);
const later = observerOf([plainTerms], { declared: { version: 2 } }).definition;

const flag = (sequence: number, more: Partial<RecordableFlag> = {}): RecordableFlag => ({
  kind: "Missing",
  case: "k",
  definition: 0,
  sequence,
  run: { slot: "slot", round: 2 },
  deadlineMs: 10,
  decidedAtMs: 20,
  position: 1n,
  backfill: false,
  provisional: false,
  ...more,
});
const ofObserver = (sequence: number): RecordableFlag => {
  const { run: _, ...rest } = flag(sequence, { kind: "Uncorrelated", case: undefined, eventId: "lost" });
  return rest;
};
const idOf = (of: RecordableFlag, by = definition) => flagEvent(by, of).id;

describe("flags that were derived, beside those that are recorded,", () => {
  let store: MemoryEventStore;
  beforeEach(() => {
    store = new MemoryEventStore();
  });
  const compared = async (derived: readonly RecordableFlag[][], recorded: readonly RecordableFlag[][]) => {
    const flags = new DerivedFlags(store);
    for (const each of derived) await flags.record(definition, each);
    for (const each of recorded) await recordFlags(store, definition, each);
    const found = await RecordedFlags.read(store, [definition]);
    return { missing: flags.missingFrom(found), beyond: flags.beyond(found), counts: flags.counts };
  };
  const stream = flagStream({ streamPrefix: "rollcall." }, definition, "k");

  it("are counted by kind and by case", async () => {
    const other = flag(0, { case: "other", kind: "Duplicate", eventId: "b" });
    const { counts } = await compared([[flag(0)], [flag(1)], [other], [ofObserver(0)]], []);
    expect(counts).to.deep.equal({ flags: 4, cases: 2, byKind: { Duplicate: 1, Missing: 2, Uncorrelated: 1 } });
    expect(Object.keys(counts.byKind)).to.deep.equal(["Duplicate", "Missing", "Uncorrelated"]);
  });

  it("are the same where history gives what is recorded", async () => {
    const all = [[flag(0), flag(1)], [ofObserver(0)]];
    const { missing, beyond } = await compared(all, all);
    expect([missing, beyond]).to.deep.equal([[], []]);
  });

  it("are named where none is recorded, or another", async () => {
    const orphan = flag(1, { kind: "Orphan", eventId: "b" });
    const { missing, beyond } = await compared([[flag(0), flag(1), flag(2)], [ofObserver(0)]], [[flag(0), orphan]]);
    expect(beyond).to.deep.equal([]);
    expect(missing).to.deep.equal([
      {
        kind: "flag-differs",
        streamName: stream,
        revision: "1",
        derivedId: idOf(flag(1)),
        case: "k",
        recordedId: idOf(orphan),
        detail: `${stream} at 1: history gives Missing slot#2 (${idOf(flag(1))}), recorded is observer.Orphan (${idOf(orphan)}).`,
      },
      {
        kind: "flag-not-recorded",
        streamName: stream,
        revision: "2",
        derivedId: idOf(flag(2)),
        case: "k",
        detail: `${stream} at 2: history gives Missing slot#2 (${idOf(flag(2))}), none is recorded.`,
      },
      {
        kind: "flag-not-recorded",
        streamName: flagStream(store, definition),
        revision: "0",
        derivedId: idOf(ofObserver(0)),
        detail: `${flagStream(store, definition)} at 0: history gives Uncorrelated (${idOf(ofObserver(0))}), none is recorded.`,
      },
    ]);
  });

  it("are named where they are recorded, and history gives none", async () => {
    const { missing, beyond } = await compared([[flag(0)]], [[flag(0), flag(1)], [ofObserver(0)]]);
    expect(missing).to.deep.equal([]);
    expect(beyond).to.deep.equal([
      {
        kind: "flag-not-derived",
        streamName: stream,
        revision: "1",
        recordedId: idOf(flag(1)),
        case: "k",
        detail: `${stream} at 1: observer.Missing slot#2 (${idOf(flag(1))}) is recorded, history gives none.`,
      },
      {
        kind: "flag-not-derived",
        streamName: flagStream(store, definition),
        revision: "0",
        recordedId: idOf(ofObserver(0)),
        detail: `${flagStream(store, definition)} at 0: observer.Uncorrelated (${idOf(ofObserver(0))}) is recorded, history gives none.`,
      },
    ]);
  });

  it("are those of the definitions asked for alone", async () => {
    await recordFlags(store, definition, [flag(0)]);
    await recordFlags(store, later, [flag(0)]);
    // A stream whose name begins alike, of whoever it is.
    for (const [i, data] of [{ definition: "other" }, null].entries())
      await store.append(
        `${flagStream(store, definition)}x`,
        [{ id: `0b0e6f1c-1c7c-4a7e-8d5c-00000000000${i}`, type: "observer.Missing", data }],
        { expectedRevision: "any" },
      );
    const read = async (...of: (typeof definition)[]) =>
      (await RecordedFlags.read(store, of)).all.map(({ data }) => (data as { version: number }).version);
    expect(await read(definition)).to.deep.equal([1]);
    expect(await read(later)).to.deep.equal([2]);
    expect(await read(definition, later)).to.deep.equal([1, 2]);
    const both = await RecordedFlags.read(store, [definition, later]);
    expect(both.at(stream, 0n)?.id).to.equal(idOf(flag(0)));
    expect(both.at(stream, 1n)).to.equal(undefined);
  });
});
