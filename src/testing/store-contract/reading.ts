/** Contract: reading streams, the log, and correlations. */

import { expect } from "chai";
import type { ReadStreamOptions } from "../../store/event-store.js";
import { eventsOf, eventually, idsOf, type Fixture } from "./fixture.js";

export function readingCases(fixture: Fixture): void {
  it("finds no events in a stream that does not exist", async () => {
    const f = fixture();
    expect(await f.stream(f.newStream())).to.deep.equal([]);
    expect(await eventsOf(f.store.readStream(f.newStream(), { direction: "backwards" }))).to.deep.equal([]);
  });

  const reads: readonly [options: ReadStreamOptions, revisions: number[]][] = [
    [{}, [0, 1, 2, 3, 4]],
    [{ from: 0n }, [0, 1, 2, 3, 4]],
    [{ from: 3n }, [3, 4]],
    [{ from: 4n }, [4]],
    [{ from: 5n }, []],
    [{ from: 2n ** 62n }, []],
    [{ limit: 0 }, []],
    [{ limit: 1 }, [0]],
    [{ limit: 5 }, [0, 1, 2, 3, 4]],
    [{ limit: 100 }, [0, 1, 2, 3, 4]],
    [{ from: 1n, limit: 2 }, [1, 2]],
    [{ direction: "backwards" }, [4, 3, 2, 1, 0]],
    [{ direction: "backwards", from: 2n }, [2, 1, 0]],
    [{ direction: "backwards", from: 0n }, [0]],
    [{ direction: "backwards", from: 9n }, [4, 3, 2, 1, 0]],
    [{ direction: "backwards", limit: 2 }, [4, 3]],
    [{ direction: "backwards", from: 3n, limit: 2 }, [3, 2]],
    [{ direction: "backwards", limit: 0 }, []],
  ];
  it("reads a stream both ways, from any revision, up to a limit", async () => {
    const f = fixture();
    const streamName = f.newStream();
    await f.append(streamName, f.events(5));
    await f.append(f.newStream(), f.events(2));
    for (const [options, revisions] of reads) {
      const found = await eventsOf(f.store.readStream(streamName, options));
      const title = `from ${options.from}, ${options.direction}, limit ${options.limit}`;
      expect(
        found.map(({ revision }) => Number(revision)),
        title,
      ).to.deep.equal(revisions);
    }
  });

  it("reads streams and the log over many pages, each event once and in order", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const ids: string[] = [];
    for (let appended = 0; appended < 1_500; appended += 300) {
      const events = f.events(300);
      ids.push(...idsOf(events));
      await f.append(streamName, events, appended === 0 ? "no_stream" : BigInt(appended - 1));
    }
    expect(idsOf(await f.stream(streamName))).to.deep.equal(ids);
    const backwards = f.store.readStream(streamName, { direction: "backwards", limit: 1_400 });
    expect(idsOf(await eventsOf(backwards))).to.deep.equal(ids.slice(100).toReversed());
    expect(idsOf(await eventsOf(f.store.readLog({ filter: f.own })))).to.deep.equal(ids);
    const unfiltered = (await eventsOf(f.store.readLog())).filter((event) => event.streamName === streamName);
    expect(idsOf(unfiltered)).to.deep.equal(ids);
  });

  it("reads the log after any position, and nothing after its head", async () => {
    const f = fixture();
    for (let i = 0; i < 4; i++) await f.append(f.newStream(), f.events(2));
    const all = await eventsOf(f.store.readLog({ filter: f.own }));
    expect(all).to.have.length(8);
    for (const [i, { position }] of all.entries()) {
      const rest = await eventsOf(f.store.readLog({ after: position, filter: f.own }));
      expect(idsOf(rest)).to.deep.equal(idsOf(all.slice(i + 1)));
    }
    const head = (await f.store.head())!;
    expect(head >= all.at(-1)!.position).to.equal(true);
    expect(await eventsOf(f.store.readLog({ after: head, filter: f.own }))).to.deep.equal([]);
  });

  it("ends a read of the log when its signal aborts", async () => {
    const f = fixture();
    await f.append(f.newStream(), f.events(1_500));
    const controller = new AbortController();
    let seen = 0;
    for await (const page of f.store.readLog({ filter: f.own, signal: controller.signal })) {
      seen += page.length;
      controller.abort();
    }
    expect(seen).to.be.greaterThan(0).and.lessThan(1_500);
    expect(await eventsOf(f.store.readLog({ signal: controller.signal }))).to.deep.equal([]);
  });

  it("filters by event type, exactly", async () => {
    const f = fixture();
    const types = ["Placed", "Placed2", "placed", "Pla_ed", "Pla%", "零'\"\\"].map((type) => `${f.prefix}.${type}`);
    await f.append(
      f.newStream(),
      types.map((type) => f.event({ type })),
    );
    const found = async (eventTypes: string[]) =>
      (await eventsOf(f.store.readLog({ filter: { eventTypes } }))).map(({ type }) => type);
    for (const type of types) expect(await found([type])).to.deep.equal([type]);
    expect(await found([types[5]!, types[0]!, `${f.prefix}.unknown`])).to.deep.equal([types[0], types[5]]);
    expect(await found([`${f.prefix}.unknown`])).to.deep.equal([]);
  });

  it("filters by the beginning of the stream name, exactly", async () => {
    const f = fixture();
    const last = "\u{10ffff}";
    const names = [
      "order-1",
      "order-12",
      "order_1",
      "Order-1",
      "orders-1",
      "o%-1",
      "o",
      `z${last}`,
      `z${last}a`,
      "🗝-1",
      "\ud7ffa",
      "\ue000a",
      "zz",
      "零-1",
    ].map((name) => f.prefix + name);
    for (const name of names) await f.append(name, [f.event()]);
    const found = async (...prefixes: string[]) => {
      const filter = { streamPrefixes: prefixes.map((prefix) => f.prefix + prefix) };
      return (await eventsOf(f.store.readLog({ filter }))).map(({ streamName }) => streamName);
    };
    for (const prefix of [
      "",
      "order-",
      "order-1",
      "order_",
      "order",
      "O",
      "o",
      "o%",
      "_",
      "%",
      `z${last}`,
      "z",
      "零",
      "x",
      "\ud7ff",
    ])
      expect(await found(prefix), prefix).to.deep.equal(names.filter((name) => name.startsWith(f.prefix + prefix)));
    // Half a character begins nothing.
    expect(await found("\ud83d")).to.deep.equal([]);
    expect(await found("orders-", "order-1", "order-12")).to.deep.equal([names[0], names[1], names[4]]);
  });

  it("finds the few events that pass a filter among many", async () => {
    const f = fixture();
    const wanted = f.event({ type: `${f.prefix}.Rare` });
    await f.append(f.newStream(), f.events(700));
    await f.append(f.newStream(), [wanted]);
    await f.append(f.newStream(), f.events(700));
    const filter = { eventTypes: [wanted.type] };
    expect(idsOf(await eventsOf(f.store.readLog({ filter })))).to.deep.equal([wanted.id]);
  });

  it("reads the events of one correlation in the order of the log", async () => {
    const f = fixture();
    const metadata = { $correlationId: `${f.prefix}-process'"%` };
    const correlated = () => f.event({ metadata });
    const events = [correlated(), correlated(), correlated()];
    await f.append(f.newStream(), [events[0]!, f.event()]);
    await f.append(f.newStream(), [f.event({ metadata: { $correlationId: `${f.prefix}-process` } }), events[1]!]);
    await f.append(f.newStream(), [f.event(), events[2]!]);
    const found = await eventually(
      () => eventsOf(f.store.readCorrelation(metadata.$correlationId)),
      ({ length }) => length >= 3,
    );
    expect(idsOf(found)).to.deep.equal(idsOf(events));
    expect(found.every(({ correlationId }) => correlationId === metadata.$correlationId)).to.equal(true);
    expect(await eventsOf(f.store.readCorrelation(`${f.prefix}-unknown`))).to.deep.equal([]);
  });

  it("gives the same event whichever way it is read", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const { position } = await f.append(streamName, [f.event({ metadata: { $correlationId: f.prefix, extra: 1 } })]);
    const [one] = await f.stream(streamName);
    const [two] = await eventsOf(f.store.readLog({ filter: f.own }));
    for (const event of [one!, two!]) {
      expect(event.position).to.equal(position);
      expect(event.metadata).to.deep.equal({ $correlationId: f.prefix, extra: 1 });
      expect([event.category, event.aggregateId]).to.deep.equal([f.prefix, streamName.slice(f.prefix.length + 1)]);
    }
    expect([one!.id, one!.recordedAtMs, one!.data]).to.deep.equal([two!.id, two!.recordedAtMs, two!.data]);
  });
}
