/** Events of one correlation over EventStoreDB: by its own projection where that runs, else by looking through the log. */

import { status } from "@grpc/grpc-js";
import type { ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import { expect } from "chai";
import { until } from "../../until.js";
import { TestServer } from "../../eventstore/server.js";
import { closeAll, eventsOf, scripted, storeOf } from "./stores.js";
import { failing, type ReadingCall } from "./scripted-server.js";
import { caughtUp, confirmation, event, isSubscription, notFound, readEvent, type Stored } from "./wire.js";

const ofProcess = (revision: number, changes: Partial<Stored> = {}): Stored => ({
  revision,
  position: revision * 10,
  metadata: '{"$correlationId":"process-7"}',
  ...changes,
});
const link = (revision: number): Stored => ({
  streamName: "$bc-process-7",
  type: "$>",
  revision,
  position: 900 + revision,
});

const streamAsked = (request: ReadReq) => {
  const name = request.getOptions()!.getStream()?.getStreamIdentifier()?.getStreamName_asU8();
  return name && Buffer.from(name).toString();
};

/** What the log holds; `byProjection` answers the read of the stream of links. */
const serverWith = (byProjection: (call: ReadingCall) => void) => ({
  read: (call: ReadingCall) => {
    if (streamAsked(call.request) !== undefined) return byProjection(call);
    const log = [
      readEvent(ofProcess(0)),
      readEvent(ofProcess(1, { metadata: '{"$correlationId":"process-8"}' })),
      readEvent(ofProcess(2, { type: "$metadata" })),
      readEvent(ofProcess(3)),
    ];
    for (const each of isSubscription(call.request) ? [confirmation(), ...log, caughtUp()] : log.slice(-1))
      call.write(each);
    if (!isSubscription(call.request)) call.end();
  },
});

const answering =
  (...answers: Parameters<ReadingCall["write"]>[0][]) =>
  (call: ReadingCall) => {
    for (const answer of answers) call.write(answer);
    call.end();
  };

describe("the events of a correlation of EventStoreDB", () => {
  afterEach(closeAll);

  it("come from the stream of links where there is one, without links that lead nowhere", async () => {
    const { server, store } = await scripted(
      serverWith(
        answering(
          readEvent(ofProcess(0), link(0)),
          readEvent(undefined, link(1)),
          readEvent(ofProcess(3), link(2)),
          readEvent(ofProcess(9, { metadata: '{"$correlationId":7}' }), link(3)),
        ),
      ),
    );
    const found = await eventsOf(store.readCorrelation("process-7"));
    expect(found.map(({ revision, position }) => [revision, position])).to.deep.equal([
      [0n, 0n],
      [3n, 30n],
    ]);
    expect(server.reads.map(streamAsked)).to.deep.equal(["$bc-process-7"]);
    expect(server.reads[0]!.getOptions()!.getResolveLinks()).to.equal(true);
  });

  it("come from where the links were when their read is interrupted", async () => {
    let nth = 0;
    const { server, store } = await scripted(
      serverWith((call) => {
        nth++;
        call.write(readEvent(ofProcess(nth * 5), link(nth - 1)));
        if (nth === 1) call.emit("error", failing(status.UNAVAILABLE, "gone"));
        else call.end();
      }),
    );
    const found = await eventsOf(store.readCorrelation("process-7"));
    expect(found.map(({ revision }) => revision)).to.deep.equal([5n, 10n]);
    expect(server.reads[1]!.getOptions()!.getStream()!.getRevision()).to.equal("1");
  });

  const without: Record<string, (call: ReadingCall) => void> = {
    "there is none": answering(notFound()),
    "the user may not read it": (call) =>
      void call.emit("error", failing(status.PERMISSION_DENIED, "no", { exception: "access-denied" })),
    "it was deleted": (call) =>
      void call.emit("error", failing(status.FAILED_PRECONDITION, "no", { exception: "stream-deleted" })),
    "the projection goes by something else": answering(
      readEvent(ofProcess(9, { metadata: '{"order":"process-7"}' }), link(0)),
    ),
  };
  for (const [what, byProjection] of Object.entries(without))
    it(`come from the log where ${what}`, async () => {
      const { store } = await scripted(serverWith(byProjection));
      const found = await eventsOf(store.readCorrelation("process-7"));
      expect(found.map(({ revision }) => revision)).to.deep.equal([0n, 3n]);
    });

  it("come from a projection that runs", async () => {
    const server = await TestServer.start({ runProjections: true });
    try {
      const store = storeOf({ connectionString: server.connectionString });
      const events = [1, 2, 3].map(() => event({ metadata: { $correlationId: "process-7" } }));
      await store.append("order-1", [events[0]!, event(), events[1]!], { expectedRevision: "no_stream" });
      await store.append("payment-1", [events[2]!], { expectedRevision: "no_stream" });
      await until(
        "the projection has caught up",
        async () => (await eventsOf(store.readStream("$bc-process-7"))).length === 3,
      );
      const found = await eventsOf(store.readCorrelation("process-7"));
      expect(found.map(({ id }) => id)).to.deep.equal(events.map(({ id }) => id));
      expect(found.map(({ streamName }) => streamName)).to.deep.equal(["order-1", "order-1", "payment-1"]);
    } finally {
      await server.remove();
    }
  });
});
