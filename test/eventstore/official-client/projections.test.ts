/** What the documentation says of managing the system projections through the official client, and of what they write. */

import { ABORTED, jsonEvent, NotFoundError, RUNNING, STOPPED, UnknownError } from "@eventstore/db-client";
import { expect } from "chai";
import { until } from "../../until.js";
import { follow } from "./following.js";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, newStream, oneEvent, rejected, revisionsOf } from "./terms.js";

const systemProjections = ["$by_category", "$by_correlation_id", "$by_event_type", "$stream_by_category", "$streams"];
const unimplemented = 12;

describe("The official client managing projections", () => {
  const node = useNode({ each: true });
  const statusOf = async (name: string) => (await node.client.getProjectionStatus(name)).projectionStatus;
  /** The events that the links of a stream point to, once there are so many. */
  const linked = async (stream: string, count: number) => {
    const following = follow(node.client.subscribeToStream(stream, { resolveLinkTos: true }));
    const found = [...(await following.has(count))];
    await following.stop();
    return found;
  };

  it("lists the five that a fresh server has, stopped", async () => {
    const found = await node.client.listProjections();
    expect(found.map(({ name }) => name).toSorted()).to.deep.equal(systemProjections);
    expect(found.map(({ projectionStatus }) => projectionStatus)).to.deep.equal(Array(5).fill(STOPPED));
  });

  for (const name of systemProjections)
    it(`starts ${name} and stops it`, async () => {
      expect(await statusOf(name)).to.equal(STOPPED);
      await node.client.enableProjection(name);
      await until("it runs", async () => (await statusOf(name)) === RUNNING);
      await node.client.enableProjection(name);
      await node.client.disableProjection(name);
      await until("it is stopped", async () => (await statusOf(name)) === STOPPED);
      const listed = await node.client.listProjections();
      expect(listed.filter(({ projectionStatus }) => projectionStatus !== STOPPED)).to.deep.equal([]);
    });

  it("says a projection's details", async () => {
    await node.client.enableProjection("$by_category");
    await node.client.appendToStream(newStream("order"), jsonEvents(3));
    await linked("$ce-order", 3);
    const details = await node.client.getProjectionStatus("$by_category");
    expect(details).to.include({ name: "$by_category", effectiveName: "$by_category", projectionStatus: RUNNING });
    for (const field of ["version", "epoch", "coreProcessingTime", "eventsProcessedAfterRestart", "bufferedEvents"])
      expect(details, field).to.have.property(field).that.is.a("bigint");
    for (const field of ["progress", "writesInProgress", "readsInProgress", "partitionsCached"])
      expect(details, field).to.have.property(field).that.is.a("number");
    for (const field of ["status", "stateReason", "position", "lastCheckpoint", "checkpointStatus"])
      expect(details, field).to.have.property(field).that.is.a("string");
    await until("all is processed", async () => {
      const { progress } = await node.client.getProjectionStatus("$by_category");
      return progress === 100;
    });
  });

  it("aborts one", async () => {
    await node.client.enableProjection("$by_category");
    await node.client.abortProjection("$by_category");
    await until("it is aborted", async () => (await statusOf("$by_category")) === ABORTED);
    await node.client.enableProjection("$by_category");
    await until("it runs again", async () => (await statusOf("$by_category")) === RUNNING);
  });

  const unknown = "projection that does not exist";
  for (const [doing, call] of Object.entries({
    "the status of": () => node.client.getProjectionStatus(unknown),
    "to enable": () => node.client.enableProjection(unknown),
    "to disable": () => node.client.disableProjection(unknown),
    "to abort": () => node.client.abortProjection(unknown),
    "to reset": () => node.client.resetProjection(unknown),
    "the state of": () => node.client.getProjectionState(unknown),
    "the result of": () => node.client.getProjectionResult(unknown),
  }))
    it(`is refused ${doing} one that does not exist`, async () => {
      await rejected(NotFoundError, call());
    });

  const query = "fromAll().when({ $any(state, event) { return state; } })";
  for (const [doing, call] of Object.entries({
    create: () => node.client.createProjection("mine", query),
    "create with the streams that it emits tracked": () =>
      node.client.createProjection("mine", query, { trackEmittedStreams: true }),
    update: () => node.client.updateProjection("$by_category", query),
    delete: () => node.client.deleteProjection("$by_category"),
  }))
    it(`is told that a development server cannot ${doing} a projection`, async () => {
      const error = await rejected(UnknownError, call());
      expect(error.code).to.equal(unimplemented);
      expect(error.message).to.match(/projection/i);
    });

  it("starts the subsystem again, after which what ran runs", async () => {
    await node.client.enableProjection("$by_category");
    await node.client.appendToStream("order-1", oneEvent());
    await linked("$ce-order", 1);
    await node.client.restartSubsystem();
    await node.client.appendToStream("order-1", oneEvent());
    expect(idsOf(await linked("$ce-order", 2))).to.have.length(2);
    expect(await statusOf("$by_category")).to.equal(RUNNING);
    expect(await statusOf("$streams")).to.equal(STOPPED);
  });

  it("resets one, which forgets what it wrote and writes it anew", async () => {
    const stream = newStream("order");
    await node.client.enableProjection("$by_category");
    await node.client.appendToStream(stream, jsonEvents(3));
    await linked("$ce-order", 3);
    const anew = follow(node.client.subscribeToStream("$ce-order", { fromRevision: 2n, resolveLinkTos: true }));
    await anew.isLive();
    await node.client.resetProjection("$by_category");
    expect(revisionsOf(await anew.has(3))).to.deep.equal([0n, 1n, 2n]);
    await anew.stop();
    await node.client.appendToStream(stream, oneEvent());
    expect(revisionsOf(await linked("$ce-order", 4))).to.deep.equal([0n, 1n, 2n, 3n]);
  });

  describe("gets links from", () => {
    it("$by_category: to the events of all streams of a category, of before and of after", async () => {
      const events = jsonEvents(6);
      await node.client.appendToStream(newStream("account"), events.slice(0, 2));
      await node.client.appendToStream(newStream("other"), oneEvent());
      await node.client.enableProjection("$by_category");
      await node.client.appendToStream(newStream("account"), events.slice(2, 4));
      await node.client.appendToStream("account", oneEvent());
      await node.client.appendToStream(newStream("account"), events.slice(4));
      const found = await linked("$ce-account", 6);
      expect(idsOf(found)).to.deep.equal(idsOf(events));
      expect(found.map(({ link }) => [link!.streamId, link!.type, link!.revision])).to.deep.equal(
        events.map((_, index) => ["$ce-account", "$>", BigInt(index)]),
      );
    });

    it("$by_category: by what stands before the first dash", async () => {
      await node.client.enableProjection("$by_category");
      await node.client.appendToStream("shopping-cart-1", oneEvent());
      expect(await linked("$ce-shopping", 1)).to.have.length(1);
    });

    it("$by_event_type: to the events of a type, in whatever stream", async () => {
      await node.client.enableProjection("$by_event_type");
      const events = jsonEvents(4, "PaymentProcessed");
      for (const event of events) await node.client.appendToStream(newStream(), [event, oneEvent("Other")]);
      expect(idsOf(await linked("$et-PaymentProcessed", 4))).to.deep.equal(idsOf(events));
    });

    it("$by_correlation_id: to the events that have one", async () => {
      await node.client.enableProjection("$by_correlation_id");
      const correlated = (id: string) =>
        jsonEvent({ type: "test.Correlated", data: {}, metadata: { $correlationId: id, $causationId: "c" } });
      const events = [correlated("process-1"), correlated("process-2"), correlated("process-1")];
      await node.client.appendToStream(newStream(), [events[0]!, oneEvent(), events[1]!]);
      await node.client.appendToStream(newStream(), events[2]!);
      expect(idsOf(await linked("$bc-process-1", 2))).to.deep.equal(idsOf([events[0]!, events[2]!]));
      expect(idsOf(await linked("$bc-process-2", 1))).to.deep.equal(idsOf([events[1]!]));
    });

    it("$streams: to the first event of each stream", async () => {
      await node.client.enableProjection("$streams");
      const streams = [newStream(), newStream()];
      for (const stream of [...streams, ...streams]) await node.client.appendToStream(stream, jsonEvents(2));
      await node.client.appendToStream("last-one", oneEvent());
      const following = follow(node.client.subscribeToStream("$streams", { resolveLinkTos: true }));
      const users = () => following.events.filter(({ event }) => event && !event.streamId.startsWith("$"));
      await until("all are there", () => users().length >= 3);
      expect(users().map(({ event }) => [event!.streamId, event!.revision])).to.deep.equal([
        [streams[0], 0n],
        [streams[1], 0n],
        ["last-one", 0n],
      ]);
      await following.stop();
    });

    it("$stream_by_category: to each stream of a category", async () => {
      await node.client.enableProjection("$stream_by_category");
      const streams = [newStream("account"), newStream("account")];
      for (const stream of [...streams, ...streams]) await node.client.appendToStream(stream, oneEvent());
      await node.client.appendToStream(newStream("other"), oneEvent());
      const found = await linked("$category-account", 2);
      expect(found).to.have.length(2);
      // The server writes a reference to the stream ("$@") rather than a link to an event.
      const targets = found.map(({ event, link }) =>
        link ? event!.streamId : Buffer.from(event!.data as Uint8Array).toString(),
      );
      streams.forEach((stream, index) => expect(targets[index]).to.include(stream));
    });

    it("one whose targets were deleted since: the links stay, unresolved", async () => {
      await node.client.enableProjection("$by_category");
      await node.client.appendToStream("order-1", jsonEvents(2));
      await node.client.appendToStream("order-2", oneEvent());
      await linked("$ce-order", 3);
      await node.client.deleteStream("order-1");
      // Behind them comes one to the deletion itself.
      const found = (await linked("$ce-order", 4)).slice(0, 3);
      expect(found.map(({ event, link }) => [event?.streamId, link!.revision])).to.deep.equal([
        [undefined, 0n],
        [undefined, 1n],
        ["order-2", 2n],
      ]);
    });

    it("one that was stopped and started again, each event once", async () => {
      const stream = newStream("order");
      await node.client.enableProjection("$by_category");
      await node.client.appendToStream(stream, jsonEvents(3));
      await linked("$ce-order", 3);
      await node.client.disableProjection("$by_category");
      await node.client.appendToStream(stream, jsonEvents(3));
      expect(await collect(node.client.readStream("$ce-order"))).to.have.length(3);
      await node.client.enableProjection("$by_category");
      await node.client.appendToStream(stream, oneEvent("test.Last"));
      const found = await linked("$ce-order", 7);
      expect(revisionsOf(found)).to.deep.equal([0n, 1n, 2n, 3n, 4n, 5n, 6n]);
    });

    it("one that was running when the server was started again, each event once", async () => {
      const stream = newStream("order");
      await node.client.enableProjection("$by_category");
      await node.client.appendToStream(stream, jsonEvents(3));
      await linked("$ce-order", 3);
      await node.restart();
      const client = node.connect();
      await client.appendToStream(stream, jsonEvents(2));
      const following = follow(client.subscribeToStream("$ce-order", { resolveLinkTos: true }));
      const found = await following.has(5);
      expect(revisionsOf(found)).to.deep.equal([0n, 1n, 2n, 3n, 4n]);
      expect((await client.getProjectionStatus("$by_category")).projectionStatus).to.equal(RUNNING);
      await following.stop();
    });
  });
});
