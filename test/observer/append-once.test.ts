import { expect } from "chai";
import { MemoryEventStore, StoreUnavailable, StreamDeleted, WrongExpectedRevision } from "../../src/index.js";
import { raiseAlarm } from "../../src/observer/alarms.js";
import { appendOnce } from "../../src/observer/append-once.js";
import { truncatedAmong } from "../../src/observer/truncation.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { TruncatedStore } from "./truncated-store.js";

const event = (n: number) => ({
  id: `0b0e6f1c-1c7c-4a7e-8d5c-${String(n).padStart(12, "0")}`,
  type: "noted",
  data: { n },
});
const failureOf = (done: Promise<unknown>) =>
  done.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("what is to be recorded once", () => {
  let store: FaultyStore;
  beforeEach(() => {
    store = new FaultyStore(new MemoryEventStore());
  });

  it("is recorded at the end, and found again wherever it stands", async () => {
    for (const n of [1, 2, 3])
      expect(await appendOnce(store, "notes-1", event(n))).to.include({ revision: BigInt(n - 1), duplicate: false });
    for (const n of [3, 1])
      expect(await appendOnce(store, "notes-1", event(n))).to.include({ revision: BigInt(n - 1), duplicate: true });
    expect(await appendOnce(store, "notes-2", event(4))).to.include({ revision: 0n, duplicate: false });
  });

  it("follows on what others have recorded meanwhile, ten times at most", async () => {
    let others = 0;
    let most = 9;
    store.beforeAppend = async (streamName) => {
      if (others >= most) return;
      await store.inner.append(streamName, [event(100 + others++)], { expectedRevision: "any" });
    };
    expect(await appendOnce(store, "notes-1", event(1))).to.include({ revision: 9n, duplicate: false });
    others = 0;
    most = 10;
    expect(await failureOf(appendOnce(store, "notes-2", event(1)))).to.be.instanceOf(WrongExpectedRevision);
    store.beforeAppend = () => Promise.reject(new StoreUnavailable("it is down"));
    expect(await failureOf(appendOnce(store, "notes-3", event(1)))).to.be.instanceOf(StoreUnavailable);
  });

  it("goes on where the stream ends, though nothing of it is left", async () => {
    const left = new TruncatedStore(store.inner);
    for (const n of [1, 2]) await appendOnce(left, "notes-1", event(n));
    left.truncate("notes-1", 2n);
    expect(await appendOnce(left, "notes-1", event(3))).to.include({ revision: 2n, duplicate: false });
  });
});

describe("an alarm", () => {
  const definition = { name: "watch", version: 2, hash: "0123456789abcdef" };
  const error = new Error("another is recorded");
  const alarm = { type: "observer.Divergence", flagId: "id", streamName: "flags", error } as const;
  const recorded = async (store: MemoryEventStore) => {
    const events = [];
    for await (const page of store.readStream("rollcall.alarms-watch-0123456789ab")) events.push(...page);
    return events.map(({ type, data, correlationId }) => ({ type, data, correlationId }));
  };
  const told = {
    observer: "watch",
    version: 2,
    definition: definition.hash,
    kind: "Missing",
    flagId: "id",
    streamName: "flags",
    detail: "another is recorded",
  };

  it("says what it is about, once however often it is raised", async () => {
    const store = new MemoryEventStore();
    const flag = { case: "k", run: { slot: "slot" }, kind: "Missing" };
    for (let i = 0; i < 2; i++) await raiseAlarm(store, definition, { ...alarm, flag });
    await raiseAlarm(store, definition, { ...alarm, flag: { kind: "Missing" } });
    expect(await recorded(store)).to.deep.equal([
      { type: alarm.type, data: { ...told, case: "k", slot: "slot" }, correlationId: "k" },
      { type: alarm.type, data: told, correlationId: undefined },
    ]);
  });

  it("does not hide what it is about when the log does not take it", async () => {
    const store = new FaultyStore();
    store.goDown();
    await raiseAlarm(store, definition, { ...alarm, flag: { kind: "Missing" } });
  });
});

describe("a stream whose beginning is gone", () => {
  it("is the first of several, and none that was never written to", async () => {
    const left = new TruncatedStore(new MemoryEventStore());
    for (const stream of ["one", "two", "three"]) for (const n of [1, 2]) await appendOnce(left, stream, event(n));
    expect(await truncatedAmong(left, ["one", "never", "two"])).to.equal(undefined);
    left.truncate("two", 1n);
    left.truncate("three", 1n);
    expect(await truncatedAmong(left, ["one", "never", "two", "three"])).to.deep.equal({
      streamName: "two",
      firstRevision: 1n,
    });
  });

  it("is one that was deleted; what else the log says is told", async () => {
    const failing = (error: Error) => {
      const store = new MemoryEventStore();
      store.readStream = () => {
        throw error;
      };
      return truncatedAmong(store, ["one"]);
    };
    expect(await failing(new StreamDeleted("one"))).to.deep.equal({ streamName: "one", firstRevision: undefined });
    const other = new StoreUnavailable("it is down");
    expect(await failureOf(failing(other))).to.equal(other);
  });
});
