/** What the documentation says of deleting a stream through the official client: softly, with recreation, and for good. */

import {
  BACKWARDS,
  END,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from "@eventstore/db-client";
import { expect } from "chai";
import { useNode } from "./node.js";
import {
  collect,
  idsOf,
  jsonEvents,
  newStream,
  newStreamOf,
  oneEvent,
  rejected,
  revisionsOf,
  waysToAppend,
} from "./terms.js";

describe("The official client deleting a stream", () => {
  const node = useNode();
  const read = (stream: string) => collect(node.client.readStream(stream));
  const streamOf = (count: number) => newStreamOf(node.client, count);

  describe("softly", () => {
    it("makes it unknown to readers, and says where in the log that is", async () => {
      const stream = newStream();
      const appended = await node.client.appendToStream(stream, jsonEvents(4));
      const { position } = await node.client.deleteStream(stream);
      expect(position!.commit > appended.position!.commit).to.equal(true);
      await rejected(StreamNotFoundError, read(stream));
      await rejected(
        StreamNotFoundError,
        collect(node.client.readStream(stream, { direction: BACKWARDS, fromRevision: END })),
      );
    });

    it("does so at the expected revision and at no other", async () => {
      const stream = await streamOf(4);
      const error = await rejected(
        WrongExpectedVersionError,
        node.client.deleteStream(stream, { expectedRevision: 2n }),
      );
      expect(error).to.include({ streamName: stream, expectedVersion: 2n, actualVersion: 3n });
      expect(await read(stream)).to.have.length(4);
      await node.client.deleteStream(stream, { expectedRevision: 3n });
      await rejected(StreamNotFoundError, read(stream));
    });

    it("refuses to expect no stream where there is one", async () => {
      const stream = await streamOf(4);
      const doing = node.client.deleteStream(stream, { expectedRevision: NO_STREAM });
      expect(await rejected(WrongExpectedVersionError, doing)).to.include({ streamName: stream, actualVersion: 3n });
    });

    for (const expectedRevision of ["any", NO_STREAM, 0n] as const)
      it(`refuses a stream that never was, expecting ${expectedRevision}`, async () => {
        const stream = newStream();
        const doing = node.client.deleteStream(stream, { expectedRevision });
        expect(await rejected(WrongExpectedVersionError, doing)).to.include({
          streamName: stream,
          actualVersion: NO_STREAM,
        });
      });

    it("takes a stream that has only metadata for one, of no events", async () => {
      const stream = newStream();
      await node.client.setStreamMetadata(stream, { cacheControl: 10 });
      await node.client.deleteStream(stream, { expectedRevision: NO_STREAM });
      await rejected(StreamNotFoundError, read(stream));
    });

    it("leaves a mark in its metadata: everything before the highest revision is cut off", async () => {
      const stream = await streamOf(2);
      await node.client.setStreamMetadata(stream, { maxCount: 100 });
      await node.client.deleteStream(stream);
      expect((await node.client.getStreamMetadata(stream)).metadata).to.deep.equal({
        truncateBefore: Number(2n ** 63n - 1n),
      });
    });

    it("leaves other streams alone", async () => {
      const [stream, other] = [await streamOf(2), await streamOf(2)];
      await node.client.deleteStream(stream);
      expect(await read(other)).to.have.length(2);
    });

    for (const { way, options } of waysToAppend)
      describe(`lets ${way} create it again`, () => {
        for (const expectedRevision of ["any", NO_STREAM, 1n] as const)
          it(`where it left off, expecting ${expectedRevision}`, async () => {
            const stream = await streamOf(2);
            await node.client.deleteStream(stream);
            const events = jsonEvents(3);
            const result = await node.client.appendToStream(stream, events, { ...options, expectedRevision });
            expect(result.nextExpectedRevision).to.equal(4n);
            const found = await read(stream);
            expect(idsOf(found)).to.deep.equal(idsOf(events));
            expect(revisionsOf(found)).to.deep.equal([2n, 3n, 4n]);
            expect(found.at(-1)!.event!.position).to.deep.equal(result.position);
            expect((await node.client.getStreamMetadata(stream)).metadata).to.deep.equal({ truncateBefore: 2 });
          });

        it("with no_stream once, and not when that has happened", async () => {
          const stream = await streamOf(2);
          await node.client.deleteStream(stream);
          await node.client.appendToStream(stream, jsonEvents(3), { ...options, expectedRevision: NO_STREAM });
          const again = node.client.appendToStream(stream, oneEvent(), { ...options, expectedRevision: NO_STREAM });
          expect(await rejected(WrongExpectedVersionError, again)).to.include({ actualVersion: 4n });
        });

        it("in several steps", async () => {
          const stream = await streamOf(2);
          await node.client.deleteStream(stream);
          const events = jsonEvents(5);
          await node.client.appendToStream(stream, events.slice(0, 3), options);
          const result = await node.client.appendToStream(stream, events.slice(3), options);
          expect(result.nextExpectedRevision).to.equal(6n);
          expect(idsOf(await read(stream))).to.deep.equal(idsOf(events));
        });

        it("but not when it expects a stream, nor another revision than the last one", async () => {
          const stream = await streamOf(2);
          await node.client.deleteStream(stream);
          const expecting = (expectedRevision: typeof STREAM_EXISTS | bigint) =>
            node.client.appendToStream(stream, oneEvent(), { ...options, expectedRevision });
          expect(await rejected(StreamDeletedError, expecting(STREAM_EXISTS))).to.include({ streamName: stream });
          await rejected(WrongExpectedVersionError, expecting(0n));
          await rejected(WrongExpectedVersionError, expecting(7n));
          await rejected(StreamNotFoundError, read(stream));
        });
      });

    it("lets new metadata open it again, empty", async () => {
      const stream = await streamOf(2);
      await node.client.deleteStream(stream);
      const result = await node.client.setStreamMetadata(
        stream,
        { maxCount: 100, own: true },
        { expectedRevision: 0n },
      );
      expect(result.nextExpectedRevision).to.equal(1n);
      expect(await read(stream)).to.deep.equal([]);
      const { metadata } = await node.client.getStreamMetadata(stream);
      expect(metadata).to.deep.equal({ truncateBefore: 2, maxCount: 100, own: true });
      expect((await node.client.appendToStream(stream, oneEvent())).nextExpectedRevision).to.equal(2n);
    });

    it("can be done again when the stream was created again", async () => {
      const stream = await streamOf(2);
      await node.client.deleteStream(stream);
      await node.client.appendToStream(stream, oneEvent());
      await node.client.deleteStream(stream, { expectedRevision: 2n });
      await rejected(StreamNotFoundError, read(stream));
      expect((await node.client.appendToStream(stream, oneEvent())).nextExpectedRevision).to.equal(3n);
      expect(revisionsOf(await read(stream))).to.deep.equal([3n]);
    });

    it("can be followed by a tombstone", async () => {
      const stream = await streamOf(2);
      await node.client.deleteStream(stream);
      await node.client.tombstoneStream(stream);
      await rejected(StreamDeletedError, read(stream));
    });
  });

  describe("for good, by a tombstone", () => {
    it("closes a stream to readers, and says where in the log that is", async () => {
      const stream = newStream();
      const appended = await node.client.appendToStream(stream, jsonEvents(2));
      const { position } = await node.client.tombstoneStream(stream);
      expect(position!.commit > appended.position!.commit).to.equal(true);
      expect(await rejected(StreamDeletedError, read(stream))).to.include({ streamName: stream });
    });

    it("closes it at the expected revision and at no other", async () => {
      const stream = await streamOf(4);
      const error = await rejected(
        WrongExpectedVersionError,
        node.client.tombstoneStream(stream, { expectedRevision: 2n }),
      );
      expect(error).to.include({ streamName: stream, expectedVersion: 2n, actualVersion: 3n });
      expect(await read(stream)).to.have.length(4);
      await node.client.tombstoneStream(stream, { expectedRevision: 3n });
      await rejected(StreamDeletedError, read(stream));
    });

    it("does not expect no stream where there is one, nor a revision where there is none", async () => {
      const stream = await streamOf(4);
      const present = node.client.tombstoneStream(stream, { expectedRevision: NO_STREAM });
      expect(await rejected(WrongExpectedVersionError, present)).to.include({ streamName: stream, actualVersion: 3n });
      const absent = node.client.tombstoneStream(newStream(), { expectedRevision: 0n });
      expect(await rejected(WrongExpectedVersionError, absent)).to.include({ actualVersion: NO_STREAM });
    });

    for (const expectedRevision of ["any", NO_STREAM] as const)
      it(`closes a stream that never was, expecting ${expectedRevision}`, async () => {
        const stream = newStream();
        await node.client.tombstoneStream(stream, { expectedRevision });
        await rejected(StreamDeletedError, read(stream));
      });

    for (const { way, options } of waysToAppend)
      for (const expectedRevision of ["any", NO_STREAM, STREAM_EXISTS, 1n, 5n] as const)
        it(`refuses every ${way} afterwards, expecting ${expectedRevision}`, async () => {
          const stream = await streamOf(2);
          await node.client.tombstoneStream(stream);
          const doing = node.client.appendToStream(stream, oneEvent(), { ...options, expectedRevision });
          expect(await rejected(StreamDeletedError, doing)).to.include({ streamName: stream });
        });

    it("is for good: neither a second one nor a deletion nor metadata pass it", async () => {
      const stream = await streamOf(2);
      await node.client.tombstoneStream(stream);
      await rejected(StreamDeletedError, node.client.tombstoneStream(stream));
      await rejected(StreamDeletedError, node.client.tombstoneStream(stream, { expectedRevision: NO_STREAM }));
      await rejected(StreamDeletedError, node.client.deleteStream(stream));
      await rejected(StreamDeletedError, node.client.setStreamMetadata(stream, { maxCount: 1 }));
    });

    it("closes the metadata, too", async () => {
      const stream = await streamOf(2);
      await node.client.setStreamMetadata(stream, { maxCount: 1 });
      await node.client.tombstoneStream(stream);
      expect(await rejected(StreamDeletedError, node.client.getStreamMetadata(stream))).to.include({
        streamName: `$$${stream}`,
      });
    });
  });
});
