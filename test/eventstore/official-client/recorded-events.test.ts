/** What the official client gets back of an event is what it appended: data, metadata, type, names, time. */

import { binaryEvent, jsonEvent, type EventData } from "@eventstore/db-client";
import { expect } from "chai";
import { useNode } from "./node.js";
import { collect, newStream, waysToAppend } from "./terms.js";

for (const { way, options } of waysToAppend)
  describe(`An event that the official client appended by ${way}`, () => {
    const node = useNode();
    const recorded = async (event: EventData, stream = newStream()) => {
      await node.client.appendToStream(stream, event, options);
      const [found] = await collect(node.client.readStream(stream));
      return found!.event!;
    };

    for (const { what, data } of [
      { what: "an object", data: { index: 1, nested: { list: [1, "two", null, true] }, "": "" } },
      { what: "an empty object", data: {} },
      { what: "a list", data: [1, 2, 3] },
      { what: "a string", data: "Straße – 1830" },
      { what: "control and foreign characters", data: { control: "\u0018\u0000", ogonek: "\u0118", cat: "😾" } },
      { what: "numbers at their limits", data: { most: Number.MAX_SAFE_INTEGER, least: 5e-324 } },
    ])
      it(`holds ${what} as JSON`, async () => {
        const event = jsonEvent({ type: "test.Json", data });
        expect(await recorded(event)).to.deep.include({ id: event.id, type: "test.Json", isJson: true, data });
      });

    for (const { what, data } of [
      { what: "every byte there is", data: Uint8Array.from({ length: 256 }, (_, index) => index) },
      { what: "no byte", data: new Uint8Array() },
      { what: "what looks like JSON", data: new Uint8Array(Buffer.from('{"a":1}')) },
    ])
      it(`holds ${what} as it is`, async () => {
        const event = binaryEvent({ type: "test.Binary", data });
        const found = await recorded(event);
        expect(found).to.include({ id: event.id, type: "test.Binary", isJson: false });
        expect(Buffer.from(found.data as Uint8Array).equals(data)).to.equal(true);
      });

    const kinds = {
      json: (metadata?: unknown) => jsonEvent({ type: "test.Json", data: { a: 1 }, metadata }),
      binary: (metadata?: unknown) => binaryEvent({ type: "test.Binary", data: Buffer.from("a"), metadata }),
    };
    for (const [kind, make] of Object.entries(kinds)) {
      it(`has the metadata of a ${kind} event`, async () => {
        const metadata = { $correlationId: "c-1", $causationId: "c-0", own: ["x", 1] };
        expect((await recorded(make(metadata))).metadata).to.deep.equal(metadata);
      });

      it(`has the metadata of a ${kind} event that is bytes`, async () => {
        const { metadata } = await recorded(make(Buffer.from("no JSON \u0000\u0001")));
        expect(Buffer.from(metadata as Uint8Array).toString()).to.equal("no JSON \u0000\u0001");
      });

      it(`has no metadata where the ${kind} event had none`, async () => {
        expect((await recorded(make())).metadata).to.equal(undefined);
      });
    }

    it("has the time at which it was recorded", async () => {
      const before = Date.now();
      const { created } = await recorded(kinds.json());
      expect(created).to.be.instanceOf(Date);
      expect(created.valueOf()).to.be.within(before, Date.now());
    });

    for (const name of ["größer als – ?", "a b/c@d?e=f&g", "x".repeat(200), "日本-1", "@", "$lone"])
      it(`may be in a stream, and have a type, of the name ${name.slice(0, 20)}`, async () => {
        const found = await recorded(jsonEvent({ type: name, data: {} }), name);
        expect(found).to.include({ streamId: name, type: name, revision: 0n });
      });

    it("is in the stream of exactly its name", async () => {
      const own = newStream();
      const names = [own, own.toUpperCase(), `${own} `, ` ${own}`, `${own}é`, `${own}e\u0301`, `${own}%`, `${own}_`];
      for (const name of names) await recorded(jsonEvent({ type: "test.Named", data: { name } }), name);
      for (const name of names) {
        const found = await collect(node.client.readStream(name));
        expect(found.map(({ event }) => event!.data)).to.deep.equal([{ name }]);
      }
    });

    it("has an id of its own where none was given", async () => {
      const [one, other] = [await recorded(kinds.json()), await recorded(kinds.json())];
      expect(one.id).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(one.id).not.to.equal(other.id);
    });
  });
