/** What the official client's documentation says of catch-up subscriptions to a stream. */

import { END, START, StreamDeletedError, type StreamSubscription } from "@eventstore/db-client";
import { expect } from "chai";
import { until } from "../../until.js";
import { follow } from "./following.js";
import { useNode } from "./node.js";
import { idsOf, jsonEvents, linkTo, newStream, oneEvent, revisionsOf, typesOf } from "./terms.js";

type Options = Parameters<ReturnType<typeof useNode>["client"]["subscribeToStream"]>[1];

describe("The official client's subscription to a stream", () => {
  const node = useNode();
  const subscribe = (stream: string, options?: Options) => follow(node.client.subscribeToStream(stream, options));
  const streamOf = async (count: number) => {
    const stream = newStream();
    const events = jsonEvents(count);
    await node.client.appendToStream(stream, events);
    return { stream, events };
  };

  it("gets what there is, then says that it has caught up, then gets what comes", async () => {
    const { stream, events } = await streamOf(4);
    const following = subscribe(stream);
    expect(idsOf(await following.isLive())).to.deep.equal(idsOf(events));
    const more = jsonEvents(3);
    await node.client.appendToStream(stream, more);
    expect(idsOf(await following.has(7))).to.deep.equal(idsOf([...events, ...more]));
    expect(following.caughtUp).to.deep.equal([4]);
    expect(following.confirmations).to.equal(1);
    expect(following.subscription.id).to.be.a("string").that.is.not.equal("");
    await following.stop();
  });

  it("gets only what comes when it starts at the end", async () => {
    const { stream } = await streamOf(4);
    const following = subscribe(stream, { fromRevision: END });
    expect(await following.isLive()).to.deep.equal([]);
    const more = jsonEvents(3);
    await node.client.appendToStream(stream, more);
    expect(idsOf(await following.has(3))).to.deep.equal(idsOf(more));
    await following.stop();
  });

  it("gets what comes after the revision that it starts from", async () => {
    const { stream } = await streamOf(4);
    const following = subscribe(stream, { fromRevision: 1n });
    expect(revisionsOf(await following.isLive())).to.deep.equal([2n, 3n]);
    await node.client.appendToStream(stream, oneEvent());
    expect(revisionsOf(await following.has(3))).to.deep.equal([2n, 3n, 4n]);
    await following.stop();
  });

  it("gets nothing old when it starts from the last revision", async () => {
    const { stream } = await streamOf(4);
    const following = subscribe(stream, { fromRevision: 3n });
    expect(await following.isLive()).to.deep.equal([]);
    await node.client.appendToStream(stream, oneEvent());
    expect(revisionsOf(await following.has(1))).to.deep.equal([4n]);
    await following.stop();
  });

  for (const fromRevision of [START, END] as const)
    it(`waits for a stream that is not there yet, from ${fromRevision}`, async () => {
      const stream = newStream();
      const following = subscribe(stream, { fromRevision });
      await following.isLive();
      await node.client.appendToStream(stream, jsonEvents(2));
      expect(revisionsOf(await following.has(2))).to.deep.equal([0n, 1n]);
      await following.stop();
    });

  it("gets nothing of other streams", async () => {
    const { stream } = await streamOf(1);
    const following = subscribe(stream);
    await following.isLive();
    await streamOf(5);
    await node.client.appendToStream(`${stream}-longer`, oneEvent());
    await node.client.appendToStream(stream, oneEvent("test.Last"));
    expect(typesOf(await following.has(2))).to.deep.equal(["test.Happened", "test.Last"]);
    await following.stop();
  });

  it("gives each of several subscribers everything", async () => {
    const { stream } = await streamOf(5);
    const followings = Array.from({ length: 10 }, () => subscribe(stream));
    await Promise.all(followings.map((following) => following.isLive()));
    await node.client.appendToStream(stream, jsonEvents(5));
    for (const following of followings) {
      expect(revisionsOf(await following.has(10))).to.deep.equal([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
      await following.stop();
    }
    expect(new Set(followings.map(({ subscription }) => subscription.id)).size).to.equal(10);
  });

  it("passes from history to the present without gap or repetition while events go on coming", async () => {
    const { stream } = await streamOf(500);
    const following = subscribe(stream);
    for (let round = 0; round < 50; round++) await node.client.appendToStream(stream, jsonEvents(10));
    expect(revisionsOf(await following.has(1_000))).to.deep.equal(
      Array.from({ length: 1_000 }, (_, index) => BigInt(index)),
    );
    await following.stop();
  });

  it("waits for a slow reader, who misses nothing", async () => {
    const { stream } = await streamOf(50);
    const revisions = [];
    const subscription: StreamSubscription = node.client.subscribeToStream(stream, {}, { highWaterMark: 1 });
    for await (const { event } of subscription) {
      revisions.push(event!.revision);
      if (revisions.length === 10) {
        // Far more than a server would keep for one subscriber.
        for (let round = 0; round < 5; round++) await node.client.appendToStream(stream, jsonEvents(200));
      }
      if (revisions.length === 1_050) break;
    }
    expect(revisions).to.deep.equal(Array.from({ length: 1_050 }, (_, index) => BigInt(index)));
  });

  it("ends without an error when it is given up, and gets nothing more", async () => {
    const { stream } = await streamOf(2);
    const following = subscribe(stream);
    await following.isLive();
    await following.stop();
    await node.client.appendToStream(stream, oneEvent());
    const witness = subscribe(stream);
    await witness.has(3);
    await witness.stop();
    expect([following.ended, following.error]).to.deep.equal([true, undefined]);
    expect(following.events).to.have.length(2);
  });

  describe("with links", () => {
    it("gets the links themselves by default, and their targets when asked to", async () => {
      const { stream } = await streamOf(3);
      const links = newStream("links");
      await node.client.appendToStream(links, linkTo(stream, 0));
      const plain = subscribe(links);
      const resolving = subscribe(links, { resolveLinkTos: true });
      await Promise.all([plain.isLive(), resolving.isLive()]);
      await node.client.appendToStream(links, linkTo(stream, 2));
      expect(typesOf(await plain.has(2))).to.deep.equal(["$>", "$>"]);
      const found = await resolving.has(2);
      expect(found.map(({ event, link }) => [event!.streamId, event!.revision, link!.revision])).to.deep.equal([
        [stream, 0n, 0n],
        [stream, 2n, 1n],
      ]);
      await Promise.all([plain.stop(), resolving.stop()]);
    });

    it("gets a link alone whose target is gone, in history and when it comes", async () => {
      const { stream } = await streamOf(1);
      await node.client.deleteStream(stream);
      const links = newStream("links");
      await node.client.appendToStream(links, linkTo(stream, 0));
      const following = subscribe(links, { resolveLinkTos: true });
      await following.isLive();
      await node.client.appendToStream(links, linkTo(stream, 0));
      expect((await following.has(2)).map(({ event, link }) => [event, link!.revision])).to.deep.equal([
        [undefined, 0n],
        [undefined, 1n],
      ]);
      await following.stop();
    });
  });

  describe("of a stream that was cut", () => {
    for (const metadata of [{ truncateBefore: 4 }, { maxCount: 2 }])
      it(`starts with the first event that is left: ${JSON.stringify(metadata)}`, async () => {
        const { stream } = await streamOf(6);
        await node.client.setStreamMetadata(stream, metadata);
        const following = subscribe(stream);
        expect(revisionsOf(await following.isLive())).to.deep.equal([4n, 5n]);
        await node.client.appendToStream(stream, oneEvent());
        expect(revisionsOf(await following.has(3))).to.deep.equal([4n, 5n, 6n]);
        await following.stop();
      });

    it("outlives the deletion of the stream and sees it created again", async () => {
      const { stream } = await streamOf(2);
      const following = subscribe(stream);
      await following.isLive();
      await node.client.deleteStream(stream);
      await node.client.appendToStream(stream, oneEvent());
      expect(revisionsOf(await following.has(3))).to.deep.equal([0n, 1n, 2n]);
      await following.stop();
    });

    it("gets nothing old of a deleted stream", async () => {
      const { stream } = await streamOf(2);
      await node.client.deleteStream(stream);
      const following = subscribe(stream);
      expect(await following.isLive()).to.deep.equal([]);
      await node.client.appendToStream(stream, oneEvent());
      expect(revisionsOf(await following.has(1))).to.deep.equal([2n]);
      await following.stop();
    });

    it("fails when the stream gets a tombstone", async () => {
      const { stream } = await streamOf(2);
      const following = subscribe(stream);
      await following.isLive();
      await node.client.tombstoneStream(stream);
      expect(await following.fails())
        .to.be.instanceOf(StreamDeletedError)
        .that.includes({ streamName: stream });
    });

    it("fails at once when the stream has a tombstone", async () => {
      const { stream } = await streamOf(2);
      await node.client.tombstoneStream(stream);
      const error = await subscribe(stream).fails();
      expect(error).to.be.instanceOf(StreamDeletedError).that.includes({ streamName: stream });
    });
  });

  it("follows a stream's metadata, too", async () => {
    const { stream } = await streamOf(1);
    const following = subscribe(`$$${stream}`);
    await following.isLive();
    await node.client.setStreamMetadata(stream, { maxCount: 7 });
    const [found] = await following.has(1);
    expect(found!.event).to.deep.include({ type: "$metadata", data: { $maxCount: 7 }, isJson: true });
    await following.stop();
  });

  it("may be one of many on one connection", async () => {
    const streams = Array.from({ length: 120 }, () => newStream());
    const followings = streams.map((stream) => subscribe(stream));
    await Promise.all(followings.map((following) => following.isLive()));
    await Promise.all(streams.map((stream) => node.client.appendToStream(stream, oneEvent())));
    await until("each has its event", () => followings.every(({ events }) => events.length === 1));
    await Promise.all(followings.map((following) => following.stop()));
  });
});
