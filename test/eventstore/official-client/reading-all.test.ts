/** What the official client's documentation says of reading `$all`: the whole log, by position. */

import { BACKWARDS, END, FORWARDS, START } from "@eventstore/db-client";
import { expect } from "chai";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, linkTo, newStream, oneEvent, typesOf, usersOwn } from "./terms.js";

type ReadOptions = Parameters<ReturnType<typeof useNode>["client"]["readAll"]>[0];

describe("The official client reading $all", () => {
  const node = useNode();
  const read = (options?: ReadOptions) => collect(node.client.readAll(options));
  const [one, other] = [newStream("one"), newStream("other")];
  const events = jsonEvents(8);
  const lastOf = async () => (await read({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }))[0]!.event!.position;

  before(async () => {
    await node.client.appendToStream(one, events.slice(0, 3));
    await node.client.appendToStream(other, events.slice(3, 6));
    await node.client.appendToStream(one, events.slice(6));
  });

  it("gets the events of all streams in the order in which they were appended", async () => {
    expect(idsOf(usersOwn(await read()))).to.deep.equal(idsOf(events));
  });

  it("gets the server's own events, too, whose types begin with $", async () => {
    expect((await read()).length).to.be.greaterThan(events.length);
    await node.client.setStreamMetadata(one, { cacheControl: 3 });
    const [last] = await read({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
    expect(last!.event).to.include({ streamId: `$$${one}`, type: "$metadata" });
  });

  it("gets them backwards from the end", async () => {
    const found = await read({ direction: BACKWARDS, fromPosition: END });
    expect(idsOf(usersOwn(found))).to.deep.equal(idsOf(events.toReversed()));
    expect(idsOf(found.toReversed())).to.deep.equal(idsOf(await read()));
  });

  it("gets no more than asked for", async () => {
    expect(await read({ maxCount: 2 })).to.have.length(2);
    expect(await read({ maxCount: 2n, direction: BACKWARDS, fromPosition: END })).to.have.length(2);
    expect(await read({ maxCount: Number.MAX_SAFE_INTEGER })).to.deep.equal(await read());
  });

  it("gives each event a position, higher than the one before", async () => {
    const positions = (await read()).map(({ event }) => event!.position);
    positions.forEach(({ commit, prepare }, index) => {
      expect(commit >= prepare).to.equal(true);
      if (index > 0) expect(commit > positions[index - 1]!.commit).to.equal(true);
    });
  });

  it("shows an event at the position that its append gave", async () => {
    const result = await node.client.appendToStream(newStream(), oneEvent());
    expect(await lastOf()).to.deep.equal(result.position);
  });

  it("starts with the event at the given position, forwards", async () => {
    const all = await read();
    for (const index of [0, 3, all.length - 1]) {
      const fromPosition = all[index]!.event!.position;
      expect(await read({ fromPosition, maxCount: 1 })).to.deep.equal([all[index]]);
      expect(await read({ fromPosition })).to.deep.equal(all.slice(index));
    }
  });

  it("starts with the event before the given position, backwards", async () => {
    const all = await read();
    const fromPosition = all[4]!.event!.position;
    expect(await read({ direction: BACKWARDS, fromPosition })).to.deep.equal(all.slice(0, 4).toReversed());
  });

  it("gets nothing beyond either end", async () => {
    expect(await read({ direction: FORWARDS, fromPosition: END })).to.deep.equal([]);
    expect(await read({ direction: BACKWARDS, fromPosition: START })).to.deep.equal([]);
  });

  it("pages through the log by positions without gap or repetition", async () => {
    const all = await read();
    const paged = await read({ maxCount: 3 });
    for (;;) {
      const [, ...next] = await read({ fromPosition: paged.at(-1)!.event!.position, maxCount: 4 });
      if (next.length === 0) break;
      paged.push(...next);
    }
    expect(idsOf(paged)).to.deep.equal(idsOf(all));
  });

  it("resolves links when asked to, and not by default", async () => {
    const links = newStream("links");
    const { position } = await node.client.appendToStream(links, linkTo(other, 1));
    const [plain] = await read({ fromPosition: position! });
    expect([plain!.event!.type, plain!.link]).to.deep.equal(["$>", undefined]);
    const [resolved] = await read({ fromPosition: position!, resolveLinkTos: true });
    expect(resolved!.event).to.include({ streamId: other, revision: 1n });
    expect(resolved!.link).to.deep.include({ streamId: links, type: "$>", position });
  });

  it("still gets what was deleted, and the tombstone", async () => {
    const [deleted, closed] = [newStream(), newStream()];
    const gone = jsonEvents(2);
    await node.client.appendToStream(deleted, gone[0]!);
    await node.client.appendToStream(closed, gone[1]!);
    await node.client.deleteStream(deleted);
    const { position } = await node.client.tombstoneStream(closed);
    const found = await read();
    expect(idsOf(found)).to.include.members(idsOf(gone));
    expect(found.at(-1)!.event).to.deep.include({ streamId: closed, type: "$streamDeleted", position });
  });

  it("gets a large log whole", async () => {
    const fromPosition = await lastOf();
    const many = jsonEvents(1_500, "test.Many");
    await node.client.appendToStream(newStream(), many.slice(0, 700));
    await node.client.appendToStream(newStream(), many.slice(700));
    const found = await read({ fromPosition });
    expect(idsOf(found.filter((_, index) => index > 0))).to.deep.equal(idsOf(many));
    expect(new Set(typesOf(found.slice(1)))).to.deep.equal(new Set(["test.Many"]));
  });
});
