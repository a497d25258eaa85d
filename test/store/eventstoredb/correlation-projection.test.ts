/** Reading by correlation id where the server's projection `$by_correlation_id` runs, and where it only seems to. */

import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { StoreUnavailable } from "../../../src/errors.js";
import { randomId } from "../../../src/message/index.js";
import type { EventStoreDbEventStore } from "../../../src/store/eventstoredb/index.js";
import { startProxy } from "../../eventstore/proxy.js";
import {
  append,
  correlated,
  CorrelationServer,
  ForwardClock,
  idsOf,
  projection,
  truncate,
  type StatusAnswer,
} from "./correlation-server.js";
import { closeAll, rejection, storeOf } from "./stores.js";
import { event } from "./wire.js";

describe("Reading by correlation id where a projection runs", () => {
  let server: CorrelationServer;
  let clock: ForwardClock;
  let store: EventStoreDbEventStore;
  beforeEach(async () => {
    server = await CorrelationServer.start();
    clock = new ForwardClock();
    store = storeOf({ connectionString: server.server.connectionString }, { readTimeoutMs: 20_000, clock });
  });
  afterEach(async () => {
    await closeAll();
    await server.server.remove();
  });

  const linked = () => server.projections.caughtUp(projection);
  const oftenIndexed = () => server.subscribedFrom.length;

  it("follows its links, and indexes nothing", async () => {
    const ids = await append(store, "a-1", correlated("x"), correlated("y"), correlated("x"));
    await server.enable();
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal([ids[0], ids[2]]);
    expect(await idsOf(store.readCorrelation("unknown"))).to.deep.equal([]);
    expect(server.streamsRead).to.include("$bc-x").and.to.include("$bc-unknown");
    expect(oftenIndexed()).to.equal(0);
  });

  it("follows thousands of links", async () => {
    const ids = await append(store, "a-1", ...Array.from({ length: 3_000 }, () => correlated("x")));
    await server.enable();
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
  });

  it("asks once for many reads, and again after some seconds", async () => {
    await server.enable();
    await Promise.all(Array.from({ length: 9 }, () => idsOf(store.readCorrelation("x"))));
    await idsOf(store.readCorrelation("x"));
    expect(server.questions).to.equal(1);
    clock.advance(5_000);
    await idsOf(store.readCorrelation("x"));
    expect(server.questions).to.equal(2);
  });

  it("misses nothing for long once it was disabled, nor once it goes on", async () => {
    const ids = await append(store, "a-1", correlated("x"));
    await server.enable();
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
    await server.disable();
    ids.push(...(await append(store, "b-1", correlated("x"))));
    clock.advance(5_000);
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
    expect(oftenIndexed()).to.equal(1);
    await server.enable();
    ids.push(...(await append(store, "a-1", correlated("x"))));
    await linked();
    clock.advance(5_000);
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
    expect(oftenIndexed()).to.equal(1);
  });

  it("leaves out what the streams do not show any more", async () => {
    const three = () => [correlated("x"), correlated("x"), correlated("x")];
    await append(store, "deleted", ...three());
    await append(store, "tombstoned", ...three());
    const truncated = await append(store, "truncated", ...three());
    await server.enable();
    await store.deleteStream("deleted", { expectedRevision: "any" });
    await store.deleteStream("tombstoned", { expectedRevision: "any", permanently: true });
    await truncate(store, "truncated", 2);
    const again = await append(store, "deleted", correlated("x"));
    await linked();
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal([...truncated.slice(2), ...again]);
  });

  it("gives each event once, in the order of the log, though links of users are linked again", async () => {
    const ids = await append(store, "a-1", correlated("x"), correlated("x"), correlated("y"));
    const link = (to: string) => correlated("x", { type: "$>", data: new TextEncoder().encode(to) });
    await append(store, "mine", link("0@a-1"), link("2@a-1"));
    await server.enable();
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids.slice(0, 2));
    expect(oftenIndexed()).to.equal(0);
  });

  it("indexes by itself when the stream of links was deleted for good", async () => {
    const ids = await append(store, "a-1", correlated("x"));
    await server.enable();
    await store.deleteStream("$bc-x", { expectedRevision: "any", permanently: true });
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
    expect(oftenIndexed()).to.equal(1);
  });

  const statistics = (words: string, percent: number): StatusAnswer => {
    return (details) => details.setStatus(words).setProgress(percent);
  };
  const running: Record<string, StatusAnswer> = {
    "it says more than one word": statistics("Running/Subscribed", 100),
    "it is a little behind": statistics("Running", 99.5),
  };
  const notRunning: Record<string, StatusAnswer> = {
    "we may not ask": { code: status.PERMISSION_DENIED, details: "Access Denied" },
    "we are not known": { code: status.UNAUTHENTICATED, details: "who?" },
    "the server has no projections": { code: status.UNIMPLEMENTED, details: "Unimplemented" },
    "the projection is not there": { code: status.NOT_FOUND, details: "no such projection" },
    "the projection is not there, in the words of a real server": {
      code: status.UNKNOWN,
      details: "Envelope callback expected Statistics, received NotFound instead",
    },
    "the server says nothing": { code: status.OK, details: "" },
    "the projection is faulted": statistics("Faulted (Enabled)", 100),
    "the projection is stopping": statistics("Stopping/Running", 100),
    "the projection was aborted": statistics("Aborted/Stopped", 100),
    "the projection has much to do": statistics("Running", 12),
    "the projection has not begun": statistics("Running", -1),
    "the question is left unanswered": "silence",
  };
  const answers = [...Object.entries(running), ...Object.entries(notRunning)];
  for (const [when, answer] of answers)
    it(`${when in running ? "follows its links" : "indexes by itself"} when ${when}`, async () => {
      const ids = await append(store, "a-1", correlated("x"));
      await server.enable();
      server.statusAnswer = answer;
      expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
      expect(oftenIndexed()).to.equal(when in running ? 0 : 1);
    });

  it("asks a server that did not answer again later only, because each time takes seconds", async () => {
    await server.enable();
    server.statusAnswer = "silence";
    await idsOf(store.readCorrelation("x"));
    clock.advance(20_000);
    await idsOf(store.readCorrelation("x"));
    expect(server.questions).to.equal(1);
    clock.advance(10_000);
    server.statusAnswer = undefined;
    const indexedBefore = oftenIndexed();
    await idsOf(store.readCorrelation("x"));
    expect([server.questions, oftenIndexed()]).to.deep.equal([2, indexedBefore]);
  });

  it("indexes by itself when the projection goes by another property", async () => {
    const ids = await append(store, "a-1", correlated("x"));
    const configured = (query: unknown) =>
      append(store, `$projections-${projection}`, event({ type: "$ProjectionUpdated", data: { query } }));
    await server.enable();
    await configured('{"correlationIdProperty":"journey"}');
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
    expect(oftenIndexed()).to.equal(1);
    for (const query of ['{"correlationIdProperty":"$correlationId"}', "", undefined]) {
      await configured(query);
      clock.advance(5_000);
      expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
    }
    expect(oftenIndexed()).to.equal(1);
  });

  it("asks again, and takes its links, when the server was away for a moment", async () => {
    const ids = await append(store, "a-1", correlated("x"));
    await server.enable();
    server.statusAnswer = { code: status.UNAVAILABLE, details: "Server Is Not Ready" };
    const reading = idsOf(store.readCorrelation("x"));
    while (server.questions < 2) await new Promise(setImmediate);
    server.statusAnswer = undefined;
    expect(await reading).to.deep.equal(ids);
    expect(oftenIndexed()).to.equal(0);
  });

  it("fails with StoreUnavailable when the server is out of reach, and works once it is back", async () => {
    const proxy = await startProxy({ targetPort: server.server.port });
    try {
      const ids = await append(store, "a-1", correlated("x"));
      const far = storeOf({ connectionString: `esdb://127.0.0.1:${proxy.port}?tls=false` }, { readTimeoutMs: 300 });
      await proxy.refuse();
      const name = `x${randomId()}`;
      expect(await rejection(idsOf(far.readCorrelation(name)))).to.be.instanceOf(StoreUnavailable);
      await proxy.accept();
      await server.enable();
      expect(await idsOf(far.readCorrelation("x"))).to.deep.equal(ids);
    } finally {
      await closeAll();
      await proxy.close();
    }
  });
});
