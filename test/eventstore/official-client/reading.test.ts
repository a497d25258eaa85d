/** What the official client's documentation says of reading a stream: directions, places to start, counts, links, errors. */

import { BACKWARDS, END, FORWARDS, START, StreamDeletedError, StreamNotFoundError } from "@eventstore/db-client";
import { expect } from "chai";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, linkTo, newStream, oneEvent, rejected, revisionsOf } from "./terms.js";

type ReadOptions = Parameters<ReturnType<typeof useNode>["client"]["readStream"]>[1];

describe("The official client reading a stream", () => {
  const node = useNode();
  const read = (stream: string, options?: ReadOptions) => collect(node.client.readStream(stream, options));
  const ten = newStream("ten");

  before(() => node.client.appendToStream(ten, jsonEvents(10)));

  for (const { of, options, expected } of [
    { of: "everything by default", options: {}, expected: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    { of: "from the start", options: { direction: FORWARDS, fromRevision: START, maxCount: 3 }, expected: [0, 1, 2] },
    { of: "from a revision on, with it", options: { fromRevision: 7n }, expected: [7, 8, 9] },
    { of: "one event anywhere", options: { fromRevision: 4n, maxCount: 1 }, expected: [4] },
    { of: "no more than there is", options: { fromRevision: 8n, maxCount: 5n }, expected: [8, 9] },
    { of: "nothing beyond the end", options: { fromRevision: 10n }, expected: [] },
    { of: "nothing far beyond the end", options: { fromRevision: 2n ** 62n }, expected: [] },
    {
      of: "backwards from the end",
      options: { direction: BACKWARDS, fromRevision: END },
      expected: [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    },
    { of: "the last event", options: { direction: BACKWARDS, fromRevision: END, maxCount: 1 }, expected: [9] },
    {
      of: "backwards from a revision, with it",
      options: { direction: BACKWARDS, fromRevision: 2n },
      expected: [2, 1, 0],
    },
    {
      of: "some backwards",
      options: { direction: BACKWARDS, fromRevision: 3n, maxCount: 2 },
      expected: [3, 2],
    },
    { of: "the first one backwards", options: { direction: BACKWARDS, fromRevision: START }, expected: [0] },
    {
      of: "backwards from beyond the end",
      options: { direction: BACKWARDS, fromRevision: 20n, maxCount: 2 },
      expected: [9, 8],
    },
  ] satisfies { of: string; options: ReadOptions; expected: number[] }[])
    it(`gets ${of}`, async () => {
      expect(revisionsOf(await read(ten, options))).to.deep.equal(expected.map(BigInt));
    });

  for (const direction of [FORWARDS, BACKWARDS] as const)
    for (const fromRevision of [START, 3n, END] as const)
      if (direction === BACKWARDS || fromRevision !== END)
        it(`fails where there is no stream, ${direction} from ${fromRevision}`, async () => {
          const stream = newStream();
          const error = await rejected(StreamNotFoundError, read(stream, { direction, fromRevision, maxCount: 20 }));
          expect(error.streamName).to.equal(stream);
        });

  for (const direction of [FORWARDS, BACKWARDS] as const)
    it(`fails at a tombstone, ${direction}`, async () => {
      const stream = newStream();
      await node.client.appendToStream(stream, oneEvent());
      await node.client.tombstoneStream(stream);
      const fromRevision = direction === FORWARDS ? START : END;
      const error = await rejected(StreamDeletedError, read(stream, { direction, fromRevision }));
      expect(error.streamName).to.equal(stream);
    });

  it("gets many more than come at once, in both directions, also when it takes them one by one", async () => {
    const stream = newStream();
    const events = jsonEvents(3_000);
    await node.client.appendToStream(stream, events);
    expect(idsOf(await read(stream))).to.deep.equal(idsOf(events));
    const back = await read(stream, { direction: BACKWARDS, fromRevision: END });
    expect(idsOf(back)).to.deep.equal(idsOf(events.toReversed()));
    const slowly = [];
    for await (const event of node.client.readStream(stream, {}, { highWaterMark: 1 })) {
      slowly.push(event);
      if (slowly.length % 100 === 0) await new Promise(setImmediate);
    }
    expect(idsOf(slowly)).to.deep.equal(idsOf(events));
  });

  it("gets events of half a mebibyte", async () => {
    const stream = newStream();
    const text = "a".repeat(500_000);
    for (let index = 0; index < 4; index++)
      await node.client.appendToStream(stream, { ...oneEvent(), data: { index, text } });
    const found = await read(stream);
    expect(found.map(({ event }) => event!.data)).to.deep.equal([0, 1, 2, 3].map((index) => ({ index, text })));
  });

  it("may stop before the end", async () => {
    const stream = newStream();
    await node.client.appendToStream(stream, jsonEvents(2_000));
    for (let round = 0; round < 30; round++) {
      let seen = 0;
      for await (const _ of node.client.readStream(stream)) if (++seen === 12) break;
      expect(seen).to.equal(12);
    }
    const reading = node.client.readStream(stream);
    await reading.cancel();
    expect(await read(ten, { maxCount: 1 })).to.have.length(1);
  });

  it("takes a snapshot that does not wait for what comes later", async () => {
    const stream = newStream();
    await node.client.appendToStream(stream, oneEvent());
    const [found] = await Promise.all([read(stream), node.client.appendToStream(stream, jsonEvents(5))]);
    expect([1, 6]).to.include(found.length);
    expect(await read(stream)).to.have.length(6);
  });

  describe("of links", () => {
    const links = newStream("links");

    before(() => node.client.appendToStream(links, [linkTo(ten, 2), linkTo(ten, 7)]));

    it("gets the links themselves by default", async () => {
      const found = await read(links);
      expect(found.map(({ event, link }) => [event!.type, link])).to.deep.equal([
        ["$>", undefined],
        ["$>", undefined],
      ]);
      expect(Buffer.from(found[0]!.event!.data as Uint8Array).toString()).to.equal(`2@${ten}`);
    });

    for (const direction of [FORWARDS, BACKWARDS] as const)
      it(`gets their targets and the links when asked to, ${direction}`, async () => {
        const fromRevision = direction === FORWARDS ? START : END;
        const found = await read(links, { resolveLinkTos: true, direction, fromRevision });
        if (direction === BACKWARDS) found.reverse();
        expect(revisionsOf(found)).to.deep.equal([2n, 7n]);
        expect(found.map(({ link }) => [link!.streamId, link!.revision, link!.type])).to.deep.equal([
          [links, 0n, "$>"],
          [links, 1n, "$>"],
        ]);
        const [target] = await read(ten, { fromRevision: 2n, maxCount: 1 });
        expect(found[0]!.event).to.deep.equal(target!.event);
        expect(target!.link).to.equal(undefined);
      });

    it("leaves events that are no links as they are when asked to resolve", async () => {
      const found = await read(ten, { resolveLinkTos: true });
      expect(revisionsOf(found)).to.have.length(10);
      expect(found.some(({ link }) => link !== undefined)).to.equal(false);
    });

    const client = () => node.client;
    for (const { what, lose } of [
      { what: "was deleted with its stream", lose: (stream: string) => client().deleteStream(stream) },
      { what: "was closed by a tombstone", lose: (stream: string) => client().tombstoneStream(stream) },
      {
        what: "was cut off",
        lose: (stream: string) => client().setStreamMetadata(stream, { truncateBefore: 1 }),
      },
      {
        what: "has more than its stream's most behind it",
        lose: (stream: string) => client().setStreamMetadata(stream, { maxCount: 1 }),
      },
    ])
      it(`gets a link alone whose target ${what}`, async () => {
        const [stream, toIt] = [newStream(), newStream()];
        await node.client.appendToStream(stream, jsonEvents(2));
        await node.client.appendToStream(toIt, linkTo(stream, 0));
        await lose(stream);
        for (const direction of [FORWARDS, BACKWARDS] as const) {
          const fromRevision = direction === FORWARDS ? START : END;
          const [found] = await read(toIt, { resolveLinkTos: true, direction, fromRevision });
          expect(found!.event).to.equal(undefined);
          expect(found!.link).to.include({ streamId: toIt, revision: 0n });
        }
      });

    it("gets a link alone whose target never was", async () => {
      const toIt = newStream();
      await node.client.appendToStream(toIt, [linkTo(newStream(), 0), linkTo(ten, 99)]);
      const found = await read(toIt, { resolveLinkTos: true });
      expect(found.map(({ event, link }) => [event, link!.revision])).to.deep.equal([
        [undefined, 0n],
        [undefined, 1n],
      ]);
    });
  });
});
