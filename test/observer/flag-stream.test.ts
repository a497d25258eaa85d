import { expect } from "chai";
import { Divergence, MemoryEventStore, WrongExpectedRevision, type RecordedEvent } from "../../src/index.js";
import { flagEvent, flagStream, recordFlags, type RecordableFlag } from "../../src/observer/flag-stream.js";
import { observerOf, plainTerms } from "./feed.js";

const { definition } = observerOf([plainTerms]);

const flag = (sequence: number, more: Partial<RecordableFlag> = {}): RecordableFlag => ({
  kind: "Missing",
  case: "k",
  definition: 0,
  sequence,
  run: { slot: "slot" },
  deadlineMs: 10 + sequence,
  triggerId: "trigger",
  decidedAtMs: 20,
  position: 1n,
  backfill: false,
  provisional: false,
  ...more,
});
const idOf = (more: Partial<RecordableFlag>) => flagEvent(definition, flag(0, more)).id;

describe("a flag as an event", () => {
  it("says what is amiss, and nothing that does not apply", () => {
    const { hash } = definition;
    expect(flagEvent(definition, flag(0))).to.deep.equal({
      id: idOf({}),
      type: "observer.Missing",
      data: {
        observer: "watch",
        version: 1,
        definition: hash,
        case: "k",
        slot: "slot",
        sequence: 0,
        deadline: "1970-01-01T00:00:00.010Z",
        triggerId: "trigger",
        decidedAt: "1970-01-01T00:00:00.020Z",
      },
      metadata: { $correlationId: "k", $causationId: "trigger" },
    });
    const ownKey = { ...definition, joinsByCorrelation: false };
    expect(flagEvent(ownKey, flag(0)).metadata, "a key is no correlation id").to.deep.equal({
      $causationId: "trigger",
    });
    const more = {
      kind: "LateArrival",
      eventId: "b",
      occurredInTime: false,
      backfill: true,
      provisional: true,
    } as const;
    const late = flagEvent(definition, flag(3, { ...more, run: { slot: "slot", round: 2 } }));
    expect(late.data).to.include({ eventId: "b", occurredInTime: false, backfill: true, provisional: true, round: 2 });
    expect(late.metadata).to.deep.equal({ $correlationId: "k", $causationId: "b", imported: true });
    expect(flagEvent(definition, flag(0, { kind: "Escalated", step: 2 })).data).to.include({ step: 2 });
    const { deadlineMs: _, triggerId: __, run: ___, ...own } = flag(0, { case: undefined, details: { count: 7 } });
    const ofObserver = flagEvent(definition, { ...own, kind: "Uncorrelated", eventId: "lost" });
    expect(ofObserver.data).to.deep.equal({
      observer: "watch",
      version: 1,
      definition: hash,
      sequence: 0,
      eventId: "lost",
      decidedAt: "1970-01-01T00:00:00.020Z",
      count: 7,
    });
    expect(ofObserver.metadata).to.deep.equal({ $causationId: "lost" });
  });

  it("says the furthest time that a calendar can, where time is further", () => {
    expect(flagEvent(definition, flag(0, { deadlineMs: 1e18, decidedAtMs: -1e18 })).data).to.include({
      deadline: "+275760-09-13T00:00:00.000Z",
      decidedAt: "-271821-04-20T00:00:00.000Z",
    });
  });

  it("has an id that follows from what it is about, and from nothing else", () => {
    // Recorded flags have these ids: never change them.
    expect(idOf({})).to.equal(idOf({ decidedAtMs: 99, triggerId: "other", backfill: true, provisional: true }));
    expect(idOf({ eventId: "b" })).to.equal(idOf({ eventId: "b", deadlineMs: 99 }));
    const all = [
      {},
      { sequence: 1 },
      { case: "other" },
      { case: undefined },
      { kind: "Escalated" },
      { deadlineMs: 11 },
      { eventId: "b" },
      { eventId: "c" },
      { run: { slot: "other" } },
      {
        run: {
          slot: "slot",
          round: 2,
        },
      },
      {
        run: {
          slot: "slot",
          pair: "p",
        },
      },
      { run: undefined },
    ] as Partial<RecordableFlag>[];
    const others = observerOf([{ ...plainTerms, withinMs: 11 }]).definition;
    const ids = [...all.map(idOf), flagEvent(others, flag(0)).id, flagEvent({ ...definition, name: "x" }, flag(0)).id];
    expect(new Set(ids).size).to.equal(ids.length);
  });
});

describe("the stream of a case's flags", () => {
  let store: MemoryEventStore;
  beforeEach(() => {
    store = new MemoryEventStore();
  });
  const recorded = async () => {
    const events: RecordedEvent[] = [];
    for await (const page of store.readStream(flagStream(store, definition, "k"))) events.push(...page);
    return events.map(({ id, revision }) => [id, revision]);
  };
  const ids = (...flags: readonly RecordableFlag[]) =>
    flags.map((each, i) => [flagEvent(definition, each).id, BigInt(i)]);
  const failureOf = (done: Promise<unknown>) =>
    done.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("names observer, definition and case", () => {
    const start = `rollcall.flags-watch-${definition.hash.slice(0, 12)}`;
    expect(flagStream(store, definition, "k")).to.equal(`${start}-k`);
    expect(flagStream(store, definition)).to.equal(start);
  });

  it("holds each once, whoever was there before and however far that had come", async () => {
    const flags = [flag(0), flag(1), flag(2), flag(3)];
    await recordFlags(store, definition, flags.slice(0, 2));
    await recordFlags(store, definition, flags.slice(0, 3));
    await recordFlags(store, definition, flags.slice(1, 2));
    await recordFlags(store, definition, flags.slice(1));
    await recordFlags(store, definition, flags);
    expect(await recorded()).to.deep.equal(ids(...flags));
  });

  it("holds no other in the place of one that it holds", async () => {
    const other = flag(1, { kind: "Orphan" });
    await recordFlags(store, definition, [flag(0), other]);
    const failure = await failureOf(recordFlags(store, definition, [flag(0), flag(1), flag(2)]));
    expect(failure).to.be.instanceOf(Divergence);
    expect(failure).to.include({
      observer: "watch",
      streamName: flagStream(store, definition, "k"),
      sequence: 1n,
      expectedId: flagEvent(definition, flag(1)).id,
      foundId: flagEvent(definition, other).id,
    });
    expect(await recorded()).to.deep.equal(ids(flag(0), other));
  });

  it("has no gaps", async () => {
    await recordFlags(store, definition, [flag(0)]);
    const failure = await failureOf(recordFlags(store, definition, [flag(2)]));
    expect(failure).to.be.instanceOf(Divergence);
    expect(failure).to.include({ sequence: 2n, foundId: "none, nor all of those before it" });
    expect(await recorded()).to.deep.equal(ids(flag(0)));
  });

  it("is not written to at any revision, and what the log says of other things is told", async () => {
    const revisions: unknown[] = [];
    const append = store.append.bind(store);
    store.append = (name, events, options) => {
      revisions.push(options.expectedRevision);
      return append(name, events, options);
    };
    await recordFlags(store, definition, [flag(0), flag(1)]);
    await recordFlags(store, definition, [flag(2)]);
    expect(revisions).to.deep.equal(["no_stream", 1n]);
    const unavailable = new Error("it does not answer");
    store.append = () => Promise.reject(unavailable);
    expect(await failureOf(recordFlags(store, definition, [flag(3)]))).to.equal(unavailable);
    expect(unavailable).not.to.be.instanceOf(WrongExpectedRevision);
  });
});
