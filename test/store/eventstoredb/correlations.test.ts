/** Events of one correlation over EventStoreDB, answer by answer: by the links of its projection, and when they are of no use. */

import { status } from "@grpc/grpc-js";
import messages from "@eventstore/db-client/generated/projections_pb.js";
import type { ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import { expect } from "chai";
import { until } from "../../until.js";
import { randomId } from "../../../src/message/index.js";
import { failing, type ReadingCall, type Script } from "./scripted-server.js";
import { closeAll, eventsOf, scripted } from "./stores.js";
import {
  caughtUp,
  checkpoint,
  confirmation,
  isSubscription,
  notFound,
  positionAsked,
  readEvent,
  type Stored,
} from "./wire.js";

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

const answering =
  (...answers: Parameters<ReadingCall["write"]>[0][]) =>
  (call: ReadingCall) => {
    for (const answer of answers) call.write(answer);
    call.end();
  };

const identity = { streamName: "rollcall.store", type: "store.Identified", id: randomId(), revision: 0, position: 1 };

/** A server whose projection runs; `byProjection` answers the read of the stream of links. */
const serverWith = (byProjection: (call: ReadingCall) => void): Script => ({
  statistics: (call) => {
    const details = new messages.StatisticsResp.Details().setStatus("Running").setProgress(100);
    call.write(new messages.StatisticsResp().setDetails(details));
    call.end();
  },
  read: (call) => {
    const streamName = streamAsked(call.request);
    if (streamName === "$bc-process-7") return byProjection(call);
    if (streamName === "rollcall.store") return answering(readEvent(identity))(call);
    if (streamName !== undefined) return answering(notFound())(call);
    const log = [
      ofProcess(0),
      ofProcess(1, { metadata: '{"$correlationId":"process-8"}' }),
      ofProcess(2, { type: "$metadata" }),
      ofProcess(3),
    ];
    if (isSubscription(call.request))
      for (const each of [confirmation(), ...log.map((stored) => readEvent(stored)), caughtUp()]) call.write(each);
    else
      answering(readEvent(log.find(({ position }) => String(position) === positionAsked(call.request)) ?? log[3]))(
        call,
      );
  },
});

describe("the events of a correlation of EventStoreDB", () => {
  afterEach(closeAll);

  it("come from the stream of links, without links that lead nowhere", async () => {
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
    expect(server.reads.map(streamAsked)).to.deep.equal(["$projections-$by_correlation_id", "$bc-process-7"]);
    expect(server.reads[1]!.getOptions()!.getResolveLinks()).to.equal(true);
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
    expect(server.reads[2]!.getOptions()!.getStream()!.getRevision()).to.equal("1");
  });

  const ofNoUse: Record<string, (call: ReadingCall) => void> = {
    "the user may not read it": (call) =>
      void call.emit("error", failing(status.PERMISSION_DENIED, "no", { exception: "access-denied" })),
    "it was deleted": (call) =>
      void call.emit("error", failing(status.FAILED_PRECONDITION, "no", { exception: "stream-deleted" })),
    "the projection goes by something else": answering(
      readEvent(ofProcess(9, { metadata: '{"order":"process-7"}' }), link(0)),
    ),
  };
  for (const [what, byProjection] of Object.entries(ofNoUse))
    it(`come from the log where ${what}`, async () => {
      const { store } = await scripted(serverWith(byProjection));
      const found = await eventsOf(store.readCorrelation("process-7"));
      expect(found.map(({ revision }) => revision)).to.deep.equal([0n, 3n]);
    });

  it("are looked for only where nobody looked before, though the stretch held nothing and the reader left", async () => {
    const { read } = serverWith(answering());
    // Asked when nothing has come for a while: what came before has been looked at by then.
    const isQuiet = (request: ReadReq) => !isSubscription(request) && request.getOptions()!.hasFilter();
    const { server, store } = await scripted({
      read: (call, nth) => {
        if (isQuiet(call.request)) return answering(readEvent(ofProcess(3)))(call);
        if (!isSubscription(call.request)) return read!(call, nth);
        const isFirst = positionAsked(call.request) === undefined;
        const rest = isFirst ? [checkpoint(12), checkpoint(20)] : [readEvent(ofProcess(3)), caughtUp()];
        for (const each of [confirmation(), ...rest]) call.write(each);
      },
    });
    const leaving = store.readCorrelation("process-7")[Symbol.asyncIterator]();
    const waiting = leaving.next();
    await until("the checkpoints were looked at", () => server.reads.some(isQuiet));
    await leaving.return!();
    await waiting;
    const found = await eventsOf(store.readCorrelation("process-7"));
    expect(found.map(({ revision }) => revision)).to.deep.equal([3n]);
    expect(server.reads.filter(isSubscription).map(positionAsked)).to.deep.equal([undefined, "20"]);
  });
});
