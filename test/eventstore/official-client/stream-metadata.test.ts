/** What the documentation says of a stream's metadata, set and read by the official client, and of what it does to reads. */

import {
  BACKWARDS,
  END,
  NO_STREAM,
  START,
  StreamNotFoundError,
  WrongExpectedVersionError,
  binaryEvent,
  type StreamMetadata,
} from "@eventstore/db-client";
import { expect } from "chai";
import { until } from "../../until.js";
import { useNode } from "./node.js";
import { collect, jsonEvents, newStream, newStreamOf, oneEvent, rejected, revisionsOf } from "./terms.js";

describe("The official client's stream metadata", () => {
  const node = useNode();
  const read = (stream: string) => collect(node.client.readStream(stream));
  const streamOf = (count: number) => newStreamOf(node.client, count);
  const set = (stream: string, metadata: StreamMetadata) => node.client.setStreamMetadata(stream, metadata);

  it("is none where none was set", async () => {
    for (const streamName of [newStream(), await streamOf(4)])
      expect(await node.client.getStreamMetadata(streamName)).to.deep.equal({ streamName });
  });

  const acl = {
    readRoles: ["reader", "$all"],
    writeRoles: ["writer"],
    deleteRoles: ["$admins"],
    metaReadRoles: ["ops"],
    metaWriteRoles: [],
  };
  for (const { what, metadata } of [
    { what: "one key", metadata: { maxAge: 2 } },
    { what: "all keys", metadata: { maxAge: 2, cacheControl: 15, truncateBefore: 1, maxCount: 12, acl } },
    { what: "keys of its owner", metadata: { maxCount: 12, turkey: "🦃", nested: { list: [1, null, "two"] } } },
    { what: "access rights alone", metadata: { acl } },
    { what: "nothing", metadata: {} },
  ])
    it(`comes back as it was set: ${what}`, async () => {
      const stream = newStream();
      const result = await set(stream, metadata);
      expect(result).to.include({ success: true, nextExpectedRevision: 0n });
      const found = await node.client.getStreamMetadata(stream);
      expect(found).to.deep.include({ streamName: stream, metadata });
    });

  it("is replaced as a whole", async () => {
    const stream = newStream();
    await set(stream, { maxCount: 12, turkey: "🦃" });
    await set(stream, { maxCount: 11 });
    expect((await node.client.getStreamMetadata(stream)).metadata).to.deep.equal({ maxCount: 11 });
  });

  it("is an event of the stream's metadata stream, which keeps the last one only", async () => {
    const stream = newStream();
    await set(stream, { maxAge: 3, own: 1 });
    expect((await set(stream, { maxCount: 7, acl: { readRoles: ["a"] } })).nextExpectedRevision).to.equal(1n);
    const found = await read(`$$${stream}`);
    expect(found).to.have.length(1);
    expect(found[0]!.event).to.deep.include({
      streamId: `$$${stream}`,
      type: "$metadata",
      revision: 1n,
      isJson: true,
      data: { $maxCount: 7, $acl: { $r: ["a"] } },
    });
  });

  it("makes no stream of events", async () => {
    const stream = newStream();
    await set(stream, { maxCount: 1 });
    await rejected(StreamNotFoundError, read(stream));
    expect((await node.client.appendToStream(stream, oneEvent(), { expectedRevision: NO_STREAM })).success).to.equal(
      true,
    );
  });

  it("can be set at an expected revision, which is its own and not the stream's", async () => {
    const stream = await streamOf(4);
    await node.client.setStreamMetadata(stream, { maxCount: 5 }, { expectedRevision: NO_STREAM });
    await node.client.setStreamMetadata(stream, { maxCount: 6 }, { expectedRevision: 0n });
    for (const expectedRevision of [NO_STREAM, 0n, 3n] as const) {
      const doing = node.client.setStreamMetadata(stream, { maxCount: 7 }, { expectedRevision });
      expect(await rejected(WrongExpectedVersionError, doing)).to.include({
        streamName: `$$${stream}`,
        expectedVersion: expectedRevision,
        actualVersion: 1n,
      });
    }
    expect((await node.client.getStreamMetadata(stream)).metadata).to.deep.equal({ maxCount: 6 });
  });

  it("is none, for the client and for reads, when it is no JSON", async () => {
    const streamName = await streamOf(3);
    await set(streamName, { maxCount: 1 });
    const data = Buffer.from('{"$maxCount":');
    await node.client.appendToStream(`$$${streamName}`, binaryEvent({ type: "$metadata", data }));
    expect(await node.client.getStreamMetadata(streamName)).to.deep.equal({ streamName });
    expect(await read(streamName)).to.have.length(3);
  });

  for (const metadata of [{ maxCount: 0 }, { maxCount: -1 }, { maxAge: 0 }])
    it(`limits nothing with a limit below 1: ${JSON.stringify(metadata)}`, async () => {
      const stream = await streamOf(3);
      await set(stream, metadata);
      expect(await read(stream)).to.have.length(3);
    });

  it("can be that of $all", async () => {
    const metadata = { acl: { readRoles: ["$all"] } };
    await node.client.setStreamMetadata("$all", metadata, { expectedRevision: "any" });
    expect((await node.client.getStreamMetadata("$all")).metadata).to.deep.equal(metadata);
  });

  describe("with a most count", () => {
    it("leaves only so many events to be read, the last ones", async () => {
      const stream = newStream();
      await set(stream, { maxCount: 2 });
      await node.client.appendToStream(stream, jsonEvents(20));
      expect(revisionsOf(await read(stream))).to.deep.equal([18n, 19n]);
      await node.client.appendToStream(stream, oneEvent());
      expect(revisionsOf(await read(stream))).to.deep.equal([19n, 20n]);
    });

    it("holds in both directions and wherever a read starts", async () => {
      const stream = await streamOf(20);
      await set(stream, { maxCount: 5 });
      const revisions = async (options: Parameters<typeof node.client.readStream>[1]) =>
        revisionsOf(await collect(node.client.readStream(stream, options)));
      expect(await revisions({ fromRevision: START, maxCount: 2 })).to.deep.equal([15n, 16n]);
      expect(await revisions({ fromRevision: 3n, maxCount: 1 })).to.deep.equal([15n]);
      expect(await revisions({ fromRevision: 18n })).to.deep.equal([18n, 19n]);
      expect(await revisions({ direction: BACKWARDS, fromRevision: END })).to.deep.equal([19n, 18n, 17n, 16n, 15n]);
      expect(await revisions({ direction: BACKWARDS, fromRevision: 16n })).to.deep.equal([16n, 15n]);
      expect(await revisions({ direction: BACKWARDS, fromRevision: 3n })).to.deep.equal([]);
    });

    it("may be more than there is, and may be lifted again", async () => {
      const stream = await streamOf(4);
      await set(stream, { maxCount: 10 });
      expect(await read(stream)).to.have.length(4);
      await set(stream, { maxCount: 1 });
      expect(await read(stream)).to.have.length(1);
      await set(stream, {});
      expect(await read(stream)).to.have.length(4);
    });

    it("says nothing about the log, nor about the revision that an append expects", async () => {
      const stream = await streamOf(4);
      await set(stream, { maxCount: 1 });
      const inAll = (await collect(node.client.readAll())).filter(({ event }) => event!.streamId === stream);
      expect(inAll).to.have.length(4);
      const result = await node.client.appendToStream(stream, oneEvent(), { expectedRevision: 3n });
      expect(result.nextExpectedRevision).to.equal(4n);
    });
  });

  describe("with a cut", () => {
    it("leaves the events from that revision on", async () => {
      const stream = await streamOf(4);
      await set(stream, { truncateBefore: 3 });
      expect(revisionsOf(await read(stream))).to.deep.equal([3n]);
    });

    it("leaves an empty stream when it is behind the end, whose next event is the next one", async () => {
      const stream = await streamOf(4);
      await set(stream, { truncateBefore: 4 });
      expect(await read(stream)).to.deep.equal([]);
      await node.client.appendToStream(stream, oneEvent(), { expectedRevision: 3n });
      expect(revisionsOf(await read(stream))).to.deep.equal([4n]);
    });

    it("together with a most count, leaves what both leave", async () => {
      const stream = await streamOf(10);
      await set(stream, { truncateBefore: 8, maxCount: 5 });
      expect(revisionsOf(await read(stream))).to.deep.equal([8n, 9n]);
      await set(stream, { truncateBefore: 2, maxCount: 3 });
      expect(revisionsOf(await read(stream))).to.deep.equal([7n, 8n, 9n]);
    });
  });

  it("with a highest age hides the events that are older, and not from the log", async () => {
    const stream = await streamOf(3);
    await set(stream, { maxAge: 1 });
    await until("they are too old", async () => (await read(stream)).length === 0);
    const inAll = (await collect(node.client.readAll())).filter(({ event }) => event!.streamId === stream);
    expect(inAll).to.have.length(3);
    await node.client.appendToStream(stream, oneEvent(), { expectedRevision: 2n });
    await set(stream, { maxAge: 3_600 });
    expect(revisionsOf(await read(stream))).to.deep.equal([0n, 1n, 2n, 3n]);
  });
});
