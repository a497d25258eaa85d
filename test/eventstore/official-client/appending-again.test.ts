/** What the official client's documentation says of an append that is sent again: an event's id tells the server. */

import { ANY, NO_STREAM, WrongExpectedVersionError } from "@eventstore/db-client";
import { expect } from "chai";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, newStream, oneEvent, rejected, waysToAppend } from "./terms.js";

for (const { way, options } of waysToAppend)
  describe(`The official client's ${way} of what was appended before`, () => {
    const node = useNode();
    const append: typeof node.client.appendToStream = (stream, events, more) =>
      node.client.appendToStream(stream, events, { ...options, ...more });
    const read = (stream: string) => collect(node.client.readStream(stream));

    for (const expectedRevision of [ANY, NO_STREAM] as const)
      it(`appends it once and answers as it did then, expecting ${expectedRevision}`, async () => {
        const stream = newStream();
        const events = jsonEvents(4);
        const first = await append(stream, events, { expectedRevision });
        const again = await append(stream, events, { expectedRevision });
        expect(again).to.deep.equal(first);
        expect(await read(stream)).to.have.length(4);
      });

    it("appends it once and answers as it did then, expecting the revision before it", async () => {
      const stream = newStream();
      await append(stream, jsonEvents(2));
      const events = jsonEvents(3);
      const first = await append(stream, events, { expectedRevision: 1n });
      await append(stream, oneEvent());
      expect(await append(stream, events, { expectedRevision: 1n })).to.deep.equal(first);
      expect(await read(stream)).to.have.length(6);
    });

    for (const { from, to, expectedRevision } of [
      { from: 0, to: 1, expectedRevision: NO_STREAM },
      { from: 1, to: 2, expectedRevision: 0n },
      { from: 1, to: 2, expectedRevision: ANY },
      { from: 0, to: 2, expectedRevision: NO_STREAM },
    ] as const)
      it(`knows part of it, too: ${from} to ${to} of three, expecting ${expectedRevision}`, async () => {
        const stream = newStream();
        const events = jsonEvents(3);
        await append(stream, events, { expectedRevision: NO_STREAM });
        expect((await append(stream, events.slice(from, to), { expectedRevision })).success).to.equal(true);
        expect(idsOf(await read(stream))).to.deep.equal(idsOf(events));
      });

    it("refuses it with more behind it", async () => {
      const stream = newStream();
      const events = jsonEvents(3);
      await append(stream, events.slice(0, 2), { expectedRevision: NO_STREAM });
      await rejected(WrongExpectedVersionError, append(stream, events, { expectedRevision: NO_STREAM }));
      expect(await read(stream)).to.have.length(2);
    });

    it("appends it again at a revision where it was not", async () => {
      const stream = newStream();
      const events = jsonEvents(3);
      await append(stream, events, { expectedRevision: NO_STREAM });
      const again = await append(stream, events[0]!, { expectedRevision: 2n });
      expect(again.nextExpectedRevision).to.equal(3n);
      expect(await read(stream)).to.have.length(4);
    });

    it("knows an id in capital letters, too", async () => {
      const stream = newStream();
      const event = oneEvent();
      await append(stream, event);
      await append(stream, { ...event, id: event.id.toUpperCase() });
      expect(idsOf(await read(stream))).to.deep.equal([event.id]);
    });

    it("appends it again to another stream", async () => {
      const [stream, other] = [newStream(), newStream()];
      const event = oneEvent();
      await append(stream, event);
      await append(other, event);
      expect([...(await read(stream)), ...(await read(other))]).to.have.length(2);
    });

    it("appends the same event as often as one append holds it", async () => {
      const stream = newStream();
      const event = oneEvent();
      const events = [event, event, event];
      expect((await append(stream, events, { expectedRevision: NO_STREAM })).nextExpectedRevision).to.equal(2n);
      expect((await append(stream, events, { expectedRevision: NO_STREAM })).nextExpectedRevision).to.equal(2n);
      expect(await read(stream)).to.have.length(3);
    });
  });
