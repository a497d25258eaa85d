/** What the official client's documentation says of catch-up subscriptions to `$all`, without a filter. */

import { END } from "@eventstore/db-client";
import { expect } from "chai";
import { follow } from "./following.js";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, linkTo, newStream, oneEvent, usersOwn } from "./terms.js";

type Options = Parameters<ReturnType<typeof useNode>["client"]["subscribeToAll"]>[0];

describe("The official client's subscription to $all", () => {
  const node = useNode();
  const subscribe = (options?: Options) => follow(node.client.subscribeToAll(options));
  const append = (count: number, type?: string) => node.client.appendToStream(newStream(), jsonEvents(count, type));
  /** Everything in the log up to now. */
  const logged = () => collect(node.client.readAll());
  const mark = async () => (await append(1)).position!;

  it("gets the whole log, the server's own events too, says that it has caught up, then gets what comes", async () => {
    await append(4);
    const following = subscribe();
    const history = await following.isLive();
    expect(idsOf(history)).to.deep.equal(idsOf(await logged()));
    expect(history.length).to.be.greaterThan(usersOwn(history).length);
    const more = jsonEvents(3);
    await node.client.appendToStream(newStream(), more);
    const found = await following.has(following.caughtUp[0]! + 3);
    expect(idsOf(found.slice(-3))).to.deep.equal(idsOf(more));
    expect(following.caughtUp).to.have.length(1);
    expect(following.confirmations).to.equal(1);
    await following.stop();
  });

  it("gets only what comes when it starts at the end", async () => {
    await append(4);
    const following = subscribe({ fromPosition: END });
    expect(await following.isLive()).to.deep.equal([]);
    const more = jsonEvents(3);
    await node.client.appendToStream(newStream(), more);
    expect(idsOf(await following.has(3))).to.deep.equal(idsOf(more));
    await following.stop();
  });

  it("gets what comes after the position that it starts from", async () => {
    await append(4);
    const fromPosition = await mark();
    const events = jsonEvents(6);
    await node.client.appendToStream(newStream(), events.slice(0, 3));
    const following = subscribe({ fromPosition });
    expect(idsOf(await following.isLive())).to.deep.equal(idsOf(events.slice(0, 3)));
    await node.client.appendToStream(newStream(), events.slice(3));
    expect(idsOf(await following.has(6))).to.deep.equal(idsOf(events));
    await following.stop();
  });

  it("gives each event the position at which it is read, also when it comes", async () => {
    const fromPosition = await mark();
    const following = subscribe({ fromPosition });
    await following.isLive();
    const [first, second] = [await append(1), await append(1)];
    const positions = (await following.has(2)).map(({ event }) => event!.position);
    expect(positions).to.deep.equal([first.position, second.position]);
    await following.stop();
  });

  it("goes on where another one stopped, from the position of the last event that it had", async () => {
    const fromPosition = await mark();
    const events = jsonEvents(40);
    await node.client.appendToStream(newStream(), events.slice(0, 20));
    const seen = [];
    let from = fromPosition;
    for (let part = 0; part < 4; part++) {
      if (part === 2) await node.client.appendToStream(newStream(), events.slice(20));
      const following = subscribe({ fromPosition: from });
      const found = (await following.has(10)).slice(0, 10);
      await following.stop();
      seen.push(...found);
      from = found.at(-1)!.event!.position;
    }
    expect(idsOf(seen)).to.deep.equal(idsOf(events));
  });

  it("passes from history to the present without gap or repetition while events go on coming", async () => {
    const fromPosition = await mark();
    const events = jsonEvents(600);
    await node.client.appendToStream(newStream(), events.slice(0, 300));
    const following = subscribe({ fromPosition });
    for (let at = 300; at < 600; at += 10) await node.client.appendToStream(newStream(), events.slice(at, at + 10));
    expect(idsOf(await following.has(600))).to.deep.equal(idsOf(events));
    await following.stop();
  });

  it("waits for a slow reader, who misses nothing", async () => {
    const fromPosition = await mark();
    const events = jsonEvents(900);
    await node.client.appendToStream(newStream(), events.slice(0, 100));
    const ids = [];
    for await (const { event } of node.client.subscribeToAll({ fromPosition }, { highWaterMark: 1 })) {
      ids.push(event!.id);
      if (ids.length === 10)
        for (let at = 100; at < 900; at += 200)
          await node.client.appendToStream(newStream(), events.slice(at, at + 200));
      if (ids.length === 900) break;
    }
    expect(ids).to.deep.equal(idsOf(events));
  });

  it("resolves links when asked to, in history and when they come", async () => {
    const stream = newStream();
    await node.client.appendToStream(stream, jsonEvents(2));
    const fromPosition = await mark();
    await node.client.appendToStream(newStream("links"), linkTo(stream, 0));
    const plain = subscribe({ fromPosition });
    const resolving = subscribe({ fromPosition, resolveLinkTos: true });
    await Promise.all([plain.isLive(), resolving.isLive()]);
    await node.client.appendToStream(newStream("links"), linkTo(stream, 1));
    expect((await plain.has(2)).map(({ event, link }) => [event!.type, link])).to.deep.equal([
      ["$>", undefined],
      ["$>", undefined],
    ]);
    expect(
      (await resolving.has(2)).map(({ event, link }) => [event!.streamId, event!.revision, link!.type]),
    ).to.deep.equal([
      [stream, 0n, "$>"],
      [stream, 1n, "$>"],
    ]);
    await Promise.all([plain.stop(), resolving.stop()]);
  });

  it("sees deletions, tombstones and metadata as events, and goes on", async () => {
    const [deleted, closed] = [newStream(), newStream()];
    await node.client.appendToStream(deleted, oneEvent());
    const following = subscribe({ fromPosition: END });
    await following.isLive();
    await node.client.deleteStream(deleted);
    await node.client.tombstoneStream(closed);
    await node.client.appendToStream(newStream(), oneEvent());
    const found = await following.has(3);
    expect(found.map(({ event }) => event!.type)).to.deep.equal(["$metadata", "$streamDeleted", "test.Happened"]);
    expect(found.map(({ event }) => event!.streamId).slice(0, 2)).to.deep.equal([`$$${deleted}`, closed]);
    await following.stop();
  });

  it("ends without an error when a loop over it breaks, or when it is given up", async () => {
    const following = subscribe({ fromPosition: END });
    await following.isLive();
    await following.stop();
    expect([following.ended, following.error]).to.deep.equal([true, undefined]);
    for await (const { event } of node.client.subscribeToAll()) if (event) break;
    await append(1);
  });
});
