/** What the official client's documentation says of appending, in both ways in which the client sends an append. */

import {
  ANY,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  binaryEvent,
  jsonEvent,
} from "@eventstore/db-client";
import { expect } from "chai";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, newStream, oneEvent, rejected, revisionsOf, waysToAppend } from "./terms.js";

for (const { way, options } of waysToAppend)
  describe(`The official client's ${way}`, () => {
    const node = useNode();
    const append: typeof node.client.appendToStream = (stream, events, more) =>
      node.client.appendToStream(stream, events, { ...options, ...more });
    const read = (stream: string) => collect(node.client.readStream(stream));

    it("creates a stream with its first event, and says where that is", async () => {
      const stream = newStream();
      const result = await append(stream, oneEvent());
      expect(result).to.include({ success: true, nextExpectedRevision: 0n });
      const [first] = await read(stream);
      expect(first!.event).to.deep.include({ streamId: stream, revision: 0n, position: result.position });
      expect(result.position!.commit).to.equal(result.position!.prepare);
    });

    it("appends several events in their order, and answers with the last one's revision and position", async () => {
      const stream = newStream();
      const events = jsonEvents(100);
      const result = await append(stream, events);
      expect(result.nextExpectedRevision).to.equal(99n);
      const found = await read(stream);
      expect(idsOf(found)).to.deep.equal(idsOf(events));
      expect(revisionsOf(found)).to.deep.equal(events.map((_, index) => BigInt(index)));
      expect(found.at(-1)!.event!.position).to.deep.equal(result.position);
    });

    it("goes on where the stream is, at ever higher positions", async () => {
      const [stream, other] = [newStream(), newStream()];
      const first = await append(stream, jsonEvents(2));
      const second = await append(other, jsonEvents(1));
      const third = await append(stream, jsonEvents(3));
      expect([first, second, third].map(({ nextExpectedRevision }) => nextExpectedRevision)).to.deep.equal([
        1n,
        0n,
        4n,
      ]);
      expect(first.position!.commit < second.position!.commit).to.equal(true);
      expect(second.position!.commit < third.position!.commit).to.equal(true);
    });

    it("creates no stream for no events", async () => {
      const stream = newStream();
      expect((await append(stream, [])).success).to.equal(true);
      await rejected(StreamNotFoundError, read(stream));
    });

    describe("with an expected revision", () => {
      it("takes any: a stream may be there or not", async () => {
        const stream = newStream();
        await append(stream, oneEvent(), { expectedRevision: ANY });
        expect((await append(stream, oneEvent(), { expectedRevision: ANY })).nextExpectedRevision).to.equal(1n);
      });

      it("takes no_stream once, and names the revision that is there the second time", async () => {
        const stream = newStream();
        await append(stream, jsonEvents(2), { expectedRevision: NO_STREAM });
        const error = await rejected(
          WrongExpectedVersionError,
          append(stream, oneEvent(), { expectedRevision: NO_STREAM }),
        );
        expect(error).to.include({ streamName: stream, expectedVersion: NO_STREAM, actualVersion: 1n });
        expect(await read(stream)).to.have.length(2);
      });

      it("takes stream_exists only when there is one", async () => {
        const stream = newStream();
        const error = await rejected(
          WrongExpectedVersionError,
          append(stream, oneEvent(), { expectedRevision: STREAM_EXISTS }),
        );
        expect(error).to.include({ streamName: stream, expectedVersion: STREAM_EXISTS, actualVersion: NO_STREAM });
        await append(stream, oneEvent());
        const { nextExpectedRevision } = await append(stream, oneEvent(), { expectedRevision: STREAM_EXISTS });
        expect(nextExpectedRevision).to.equal(1n);
      });

      it("takes stream_exists for a stream that has only metadata", async () => {
        const stream = newStream();
        await node.client.setStreamMetadata(stream, { maxCount: 10 });
        const { nextExpectedRevision } = await append(stream, oneEvent(), { expectedRevision: STREAM_EXISTS });
        expect(nextExpectedRevision).to.equal(0n);
      });

      it("takes the revision that the last append gave", async () => {
        const stream = newStream();
        const { nextExpectedRevision } = await append(stream, jsonEvents(4));
        const next = await append(stream, oneEvent(), { expectedRevision: nextExpectedRevision });
        expect(next.nextExpectedRevision).to.equal(4n);
      });

      for (const { there, expected, actual } of [
        { there: 4, expected: 2n, actual: 3n },
        { there: 4, expected: 999n, actual: 3n },
        { there: 4, expected: 2n ** 53n + 1n, actual: 3n },
        { there: 0, expected: 1n, actual: NO_STREAM },
      ] as const)
        it(`refuses revision ${expected} where the last one is ${actual}, and appends nothing`, async () => {
          const stream = newStream();
          if (there > 0) await append(stream, jsonEvents(there));
          const error = await rejected(
            WrongExpectedVersionError,
            append(stream, jsonEvents(2), { expectedRevision: expected }),
          );
          expect(error).to.include({ streamName: stream, expectedVersion: expected, actualVersion: actual });
          if (there > 0) expect(await read(stream)).to.have.length(there);
          else await rejected(StreamNotFoundError, read(stream));
        });

      it("lets exactly one of several win who saw the same revision", async () => {
        const stream = newStream();
        const { nextExpectedRevision: expectedRevision } = await append(stream, oneEvent());
        const outcomes = await Promise.allSettled(
          Array.from({ length: 8 }, () => append(stream, oneEvent(), { expectedRevision })),
        );
        expect(outcomes.filter(({ status }) => status === "fulfilled")).to.have.length(1);
        for (const outcome of outcomes)
          if (outcome.status === "rejected") expect(outcome.reason).to.be.instanceOf(WrongExpectedVersionError);
        expect(await read(stream)).to.have.length(2);
      });
    });

    describe("when the client does not throw", () => {
      const lenient = () => node.connect({ throwOnAppendFailure: false });

      it("answers a conflict with a result that is no success", async () => {
        const stream = newStream();
        await append(stream, jsonEvents(3));
        const result = await lenient().appendToStream(stream, oneEvent(), { ...options, expectedRevision: 7n });
        expect(result).to.include({ success: false, position: undefined });
        // Over BatchAppend the client gives 1n whatever the server said.
        if (way === "Append") expect(result.nextExpectedRevision).to.equal(2n);
        expect(await read(stream)).to.have.length(3);
      });

      it("answers -1 where there is no stream", async () => {
        const result = await lenient().appendToStream(newStream(), oneEvent(), { ...options, expectedRevision: 7n });
        expect(result).to.deep.equal({ success: false, nextExpectedRevision: -1n, position: undefined });
      });

      it("still fails at a deleted stream", async () => {
        const stream = newStream();
        await node.client.tombstoneStream(stream);
        await rejected(StreamDeletedError, lenient().appendToStream(stream, oneEvent(), options));
      });
    });

    describe("of too much at once", () => {
      const bytes = (length: number) => binaryEvent({ type: "test.Large", data: Buffer.alloc(length, 1) });
      const mebibyte = 1_048_576;

      for (const { what, events } of [
        { what: "one event", events: [bytes(mebibyte + 1)] },
        { what: "many events", events: Array.from({ length: 40 }, () => bytes(30_000)) },
        { what: "five mebibytes", events: Array.from({ length: 10 }, () => bytes(mebibyte / 2)) },
      ])
        it(`fails for ${what}, names the most there may be, and appends nothing`, async () => {
          const stream = newStream();
          const error = await rejected(MaxAppendSizeExceededError, append(stream, events));
          expect(error.maxAppendSize).to.equal(mebibyte);
          await rejected(StreamNotFoundError, read(stream));
          expect((await append(stream, bytes(1_000_000))).success).to.equal(true);
        });
    });

    it("carries each appender's event to its own stream when there are many at once", async () => {
      const streams = Array.from({ length: 50 }, () => newStream());
      await Promise.all(streams.map((stream) => append(stream, jsonEvent({ type: "test.Named", data: { stream } }))));
      for (const stream of streams) expect((await read(stream))[0]!.event!.data).to.deep.equal({ stream });
    });
  });
