import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { flagInWords, followFlags, type PrintedFlag } from "../../tools/demo/flag-printer.js";
import { Outage } from "../../tools/demo/outage.js";
import { openEventStoreDb } from "../../src/store/eventstoredb/index.js";
import { TestServer } from "../eventstore/server.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { until } from "../until.js";

const flag: PrintedFlag = {
  flag: "Missing",
  observer: "order-to-cash",
  version: 1,
  definition: "d",
  case: "c-1",
  slot: "payment",
  sequence: 0,
  deadline: "2026-01-02T10:00:05.000Z",
  decidedAt: "2026-01-02T10:00:05.001Z",
  recordedAt: "2026-01-02T10:00:05.004Z",
  correlationId: "c-1",
};

describe("a flag in words", () => {
  it("says when, what, for which expectation, and where to look", () =>
    expect(flagInWords(flag, "http://localhost:3000")).to.equal(
      "10:00:05.004  Missing      order-to-cash/payment: the counterpart did not come (due 10:00:05.000)  http://localhost:3000/correlations/c-1",
    ));

  it("leads to the case where no correlation id joins its events", () =>
    expect(flagInWords({ ...flag, case: "k/1", correlationId: undefined }, "http://localhost:3000")).to.match(
      /:3000\/observers\/order-to-cash\/cases\/k%2F1$/,
    ));

  it("says the day of a deadline that was on another, and the case where nothing serves it", () =>
    expect(flagInWords({ ...flag, deadline: "2011-10-28T11:03:16.000Z" }, undefined)).to.match(
      /\(due 2011-10-28 11:03:16\.000\) {2}c-1$/,
    ));

  it("says nothing of a deadline that there is none of", () => {
    const { deadline: _, ...early } = flag;
    expect(flagInWords({ ...early, flag: "Duplicate" }, undefined)).to.match(/the counterpart came again {2}c-1$/);
  });
});

describe("flags that are followed", () => {
  it("come once each, however long and often the store does not answer, which is told once", async () => {
    const store = new FaultyStore();
    let sequence = 0;
    const raise = async (count: number) => {
      for (let i = 0; i < count; i++)
        await store.inner.append(
          `rollcall.flags-${sequence}`,
          [{ id: randomUUID(), type: "observer.Missing", data: { sequence: sequence++ } }],
          { expectedRevision: "no_stream" },
        );
    };
    const clock = new ManualClock();
    const abort = new AbortController();
    const told: string[] = [];
    const onOutage = (error?: Error) => told.push(error ? "away" : "back");
    const seen: number[] = [];
    const outage = new Outage({ signal: abort.signal, clock, onOutage });
    const following = followFlags(store, undefined, abort.signal, (each) => seen.push(each.sequence), outage);
    const expected = () => Array.from({ length: sequence }, (_, i) => i);
    await raise(3);
    await until("the first are seen", () => seen.length === 3);
    for (const times of [1, 2]) {
      store.goDown();
      await until("the outage is told", () => told.length === times * 2 - 1);
      await raise(2);
      await clock.advance(60_000);
      store.comeBack();
      await clock.advance(2_000);
      await until("all are seen", () => seen.length === sequence);
      await raise(1);
      await until("it follows again", () => seen.length === sequence);
    }
    expect(seen).to.deep.equal(expected());
    expect(told).to.deep.equal(["away", "back", "away", "back"]);
    abort.abort();
    await following;
  });

  it("come once each from an EventStoreDB that was away for longer than the store bears with", async () => {
    const server = await TestServer.start();
    const store = await openEventStoreDb({ connectionString: server.connectionString, readTimeoutMs: 200 });
    const abort = new AbortController();
    const [seen, told]: [number[], string[]] = [[], []];
    const onOutage = (error?: Error) => told.push(error ? "away" : "back");
    const outage = new Outage({ signal: abort.signal, onOutage });
    const raise = (sequence: number) =>
      store.append(`rollcall.flags-${sequence}`, [{ id: randomUUID(), type: "observer.Missing", data: { sequence } }], {
        expectedRevision: "no_stream",
      });
    try {
      await raise(0);
      const following = followFlags(store, undefined, abort.signal, (each) => seen.push(each.sequence), outage);
      await until("the first is seen", () => seen.length === 1);
      await server.kill();
      await until("the outage is told", () => told.length === 1);
      await server.start();
      await until("the end of the outage is told", () => told.length === 2);
      await raise(1);
      await until("the second is seen", () => seen.length >= 2);
      expect(seen).to.deep.equal([0, 1]);
      abort.abort();
      await following;
    } finally {
      await store.close();
      await server.remove();
    }
  });

  it("end at once when they are told to, although the store does not answer", async () => {
    const store = new FaultyStore();
    store.goDown();
    const abort = new AbortController();
    const told: unknown[] = [];
    const outage = new Outage({ signal: abort.signal, clock: new ManualClock(), onOutage: (e) => told.push(e) });
    const following = followFlags(store, undefined, abort.signal, () => undefined, outage);
    await until("the outage is told", () => told.length === 1);
    abort.abort();
    await following;
  });
});
