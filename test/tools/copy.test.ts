import { expect } from "chai";
import {
  InvalidConfiguration,
  MemoryEventStore,
  tick,
  clockStreamOf,
  flagCategoryOf,
  type EventData,
  type EventStore,
  type Page,
  type ReadLogOptions,
  type RecordedEvent,
} from "../../src/index.js";
import { copyLog, verifyCopy, type CopyProgress, type CopyResult } from "../../tools/copy/copy-log.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { temporaryLogs } from "../store/sqlite/folder.js";
import {
  append,
  appendEveryKind,
  earlierLog,
  event,
  eventsOf,
  expectCopy,
  hasPlaceForTime,
  kindsOfData,
  kindsOfMetadata,
  startMs,
} from "./copying.js";

describe("a copy of a log", () => {
  const files = temporaryLogs();

  const targets: Record<string, () => Promise<EventStore>> = {
    "in memory": async () => new MemoryEventStore(),
    "in a file": () => files.open({ file: files.file("copy.sqlite") }),
  };
  for (const [where, open] of Object.entries(targets))
    for (const inFlight of [1, 1000])
      it(`has every kind of event, unharmed, ${where}, ${inFlight} in flight`, async () => {
        const { store: from, clock } = earlierLog();
        await appendEveryKind(from, clock);
        const to = await open();
        const result = await copyLog({ from, to, inFlight });
        const events = kindsOfData.length * kindsOfMetadata.length;
        expect(result).to.include({ streams: 5, events, copied: events, alreadyThere: 0, leftOut: 0 });
        expect(result).to.include({ targetGoesOn: false, sourceGrew: false });
        await expectCopy(from, to);
      });

  it("has one digest with its source, and with a copy of itself in whatever store", async () => {
    const { store: from, clock } = earlierLog();
    await appendEveryKind(from, clock);
    const digests: string[] = [];
    let last: EventStore = from;
    for (const next of [new MemoryEventStore(), await files.open(), new MemoryEventStore()]) {
      digests.push((await copyLog({ from: last, to: next })).digest);
      await expectCopy(from, next);
      digests.push((await verifyCopy({ from, to: next })).digest);
      last = next;
    }
    expect(new Set(digests).size).to.equal(1);
    expect(digests[0]).to.match(/^[0-9a-f]{64}$/);
  });

  it("keeps the order of the log across streams, whatever its stores make of positions", async () => {
    const { store: from } = earlierLog();
    for (let i = 0; i < 40; i++) await append(from, `s-${(i * 7) % 5}`, event(), ...(i % 3 ? [] : [event()]));
    const to = new MemoryEventStore();
    await copyLog({ from, to });
    expect((await eventsOf(to)).map(({ id }) => id)).to.deep.equal((await eventsOf(from)).map(({ id }) => id));
  });

  describe("and time", () => {
    const copyOfOne = async (metadata?: EventData["metadata"]): Promise<[RecordedEvent, CopyResult]> => {
      const { store: from } = earlierLog();
      await append(from, "order-1", event({ ...(metadata && { metadata }) }));
      const to = new MemoryEventStore();
      const result = await copyLog({ from, to });
      return [(await eventsOf(to))[0]!, result];
    };
    const recordedAt = new Date(startMs).toISOString();

    it("says when it was recorded, and has that for its business time where the writer stated none", async () => {
      const [copy] = await copyOfOne({ $correlationId: "p" });
      expect(copy.metadata).to.deep.equal({
        $correlationId: "p",
        occurredAt: recordedAt,
        copied: { recordedAt, added: ["occurredAt"] },
      });
      expect(copy.occurredAtMs).to.equal(startMs);
      expect(copy.recordedAtMs).to.be.greaterThan(startMs);
    });

    it("keeps the business time that the writer stated, and says when it was recorded all the same", async () => {
      const [copy] = await copyOfOne({ occurredAt: "2019-12-31T23:00:00Z" });
      expect(copy.metadata).to.deep.equal({ occurredAt: "2019-12-31T23:00:00Z", copied: { recordedAt } });
    });

    it("marks nothing as imported: what nobody has reacted to yet must still count", async () => {
      expect((await copyOfOne({}))[0].imported).to.equal(false);
      expect((await copyOfOne({ imported: true }))[0].imported).to.equal(true);
    });

    it("counts the events whose metadata has no place for it", async () => {
      for (const metadata of kindsOfMetadata) {
        const [copy, { withoutTime }] = await copyOfOne(metadata);
        const kept = hasPlaceForTime(metadata) && copy.metadata.occurredAt !== "soon";
        expect(withoutTime, JSON.stringify(metadata)).to.equal(kept ? 0 : 1);
        if (kept) expect(copy.occurredAtMs, JSON.stringify(metadata)).to.be.a("number");
      }
    });
  });

  it("has the flags and ticks that Rollcall recorded, under the same ids", async () => {
    const { store: from, clock } = earlierLog();
    await append(from, `${flagCategoryOf(from)}-o-1234-case`, event({ type: "observer.Missing" }));
    for (let i = 0; i < 3; i++) {
      await tick(from, clock.now());
      await clock.advance(1000);
    }
    const to = new MemoryEventStore();
    await copyLog({ from, to });
    await expectCopy(from, to);
    // The next tick of the copy finds the clock as it would have been.
    await tick(to, Date.now() + 1000);
    const ids = (await eventsOf(to)).filter(({ streamName }) => streamName === clockStreamOf(to)).map(({ id }) => id);
    expect(new Set(ids).size).to.equal(4);
  });

  it("has neither the store's own streams, nor which log it is a copy of, nor streams that were named", async () => {
    const { store: from } = earlierLog();
    for (const streamName of ["$users", "a-1", "$ce-a", "rollcall.store", "b-1", "a-1", "b-12", "rollcall.stores"])
      await append(from, streamName, event());
    const to = new MemoryEventStore();
    const result = await copyLog({ from, to, leaveOut: ["b-1"] });
    expect(result).to.include({ events: 4, copied: 4, streams: 3, leftOut: 4 });
    const names = (await eventsOf(to)).map(({ streamName }) => streamName);
    expect(names).to.deep.equal(["a-1", "a-1", "b-12", "rollcall.stores"]);
    expect(await verifyCopy({ from, to, leaveOut: ["b-1"] })).to.include({ events: 4, leftOut: 4 });
  });

  it("takes the streams of Rollcall by the prefix that both stores have", async () => {
    const [from, to] = [
      new MemoryEventStore({ streamPrefix: "shop." }),
      new MemoryEventStore({ streamPrefix: "shop." }),
    ];
    for (const streamName of ["shop.store", "rollcall.store", "shop.clock"]) await append(from, streamName, event());
    await copyLog({ from, to });
    expect((await eventsOf(to)).map(({ streamName }) => streamName)).to.deep.equal(["rollcall.store", "shop.clock"]);
    const error = await copyLog({ from, to: new MemoryEventStore() }).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(InvalidConfiguration);
    expect((error as Error).message).to.include('begin with "shop." in the source, with "rollcall." in the target');
  });

  it("goes into a store that has events of its own kind already", async () => {
    const { store: from } = earlierLog();
    await append(from, "a-1", event());
    const to = new MemoryEventStore();
    await append(to, "$users", event());
    await append(to, "rollcall.store", event());
    expect(await copyLog({ from, to })).to.include({ copied: 1 });
    expect(await verifyCopy({ from, to })).to.include({ events: 1, targetGoesOn: false });
  });

  it("of an empty log is empty", async () => {
    const [from, to] = [new MemoryEventStore(), new MemoryEventStore()];
    expect(await copyLog({ from, to })).to.include({ events: 0, copied: 0, streams: 0, withoutTime: 0 });
    expect(await to.head()).to.equal(undefined);
  });

  it("cannot be made of a log in itself", async () => {
    const store = new MemoryEventStore();
    const error = await copyLog({ from: store, to: store }).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(InvalidConfiguration);
  });

  it("leaves no read open, however it ends", async () => {
    const [from, to] = [new ReadsInSight(), new ReadsInSight()];
    for (let i = 0; i < 1_200; i++) await append(from, `s-${i % 3}`, event());
    const open = () => [from.open, to.open];
    const controller = new AbortController();
    const onProgress = ({ phase }: CopyProgress) => phase === "copying" && controller.abort();
    await copyLog({ from, to, signal: controller.signal, onProgress }).catch(() => undefined);
    expect(open(), "stopped").to.deep.equal([0, 0]);
    expect(await copyLog({ from, to })).to.include({ events: 1_200 });
    expect(open(), "copied").to.deep.equal([0, 0]);
    await append(to, "s-1", event());
    await copyLog({ from, to });
    await verifyCopy({ from, to });
    expect(open(), "verified").to.deep.equal([0, 0]);
    await append(from, "s-1", event());
    for (const run of [copyLog, verifyCopy])
      expect(await run({ from, to }).catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(open(), "refused").to.deep.equal([0, 0]);
  });

  it("appends neighbours of one stream together, up to a size, and never an id twice", async () => {
    const { store: from } = earlierLog();
    const twice = event();
    await append(from, "a-1", ...Array.from({ length: 7 }, () => event()));
    await append(from, "a-1", event(), twice);
    await append(from, "a-1", twice, event());
    await append(from, "b-1", event({ data: "x".repeat(200_000) }), event({ data: "x".repeat(200_000) }));
    await append(from, "b-1", event({ data: new Uint8Array(2_000_000), contentType: "x/y" }), event());
    const to = new FaultyStore();
    const appends: string[] = [];
    to.beforeAppend = async (streamName, events) => void appends.push(`${streamName} ${events.length}`);
    await copyLog({ from, to, inFlight: 1000 });
    expect(appends).to.deep.equal(["a-1 9", "a-1 2", "b-1 1", "b-1 1", "b-1 1", "b-1 1"]);
    await expectCopy(from, to);
  });

  it("has one append in flight, unless it is told more", async () => {
    const { store: from } = earlierLog();
    for (let i = 0; i < 300; i++) await append(from, `s-${i}`, event());
    for (const inFlight of [1, 7, 1000]) {
      const to = new FaultyStore();
      let most = 0;
      let now = 0;
      to.beforeAppend = async () => {
        most = Math.max(most, ++now);
        await Promise.resolve();
      };
      to.afterAppend = async () => void now--;
      await copyLog({ from, to, inFlight });
      expect(most).to.equal(Math.min(300, inFlight));
      await expectCopy(from, to);
    }
  });
});

/** A log that tells how many of its reads were begun and not ended. */
class ReadsInSight extends MemoryEventStore {
  open = 0;

  override async *readLog(options?: ReadLogOptions): AsyncGenerator<Page, void> {
    this.open++;
    try {
      yield* super.readLog(options);
    } finally {
      this.open--;
    }
  }
}
