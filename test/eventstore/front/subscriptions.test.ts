import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { startEventStoreServer, type EventStoreServer } from "../../../tools/eventstore/server.js";
import { until } from "../../until.js";
import { Following } from "./following.js";
import { openObservedLog, record, records, type ObservedLog } from "./observed-log.js";
import { connect, filtered, fromEnd, fromPosition, nothing, ofStream, trailers } from "./raw.js";

const numbers = (from: number, to: number, streamName = "a") =>
  Array.from({ length: to - from }, (_, i) => `${from + i}@${streamName}`);

describe("a subscription by the protocol", function () {
  this.timeout(60_000);
  let log: ObservedLog;
  let server: EventStoreServer;
  let client: IStreamsClient & { close(): void };

  beforeEach(async () => {
    log = await openObservedLog();
    server = await startEventStoreServer({ log });
    client = connect(server.port);
  });
  afterEach(async () => {
    client.close();
    await server.stop();
    await log.close();
  });

  it("is confirmed first, tells what there is, that this is all, and then what comes", async () => {
    await log.append("a", records(300), "any");
    const following = new Following(client, ofStream("a"));
    await following.tells("caught up");
    await log.append("b", records(3), "any");
    await log.append("a", records(2), "any");
    await following.tells("301@a");
    expect(following.told).to.deep.equal(["confirmation", ...numbers(0, 300), "caught up", "300@a", "301@a"]);
  });

  it("leaves out the revision that it starts from, and all before it that comes later", async () => {
    await log.append("a", records(3), "any");
    const following = new Following(
      client,
      ofStream("a", (options) => options.setRevision("4")),
    );
    await following.tells("caught up");
    await log.append("a", records(4), "any");
    await following.tells("6@a");
    expect(following.events).to.deep.equal(["5@a", "6@a"]);
  });

  it("to $all leaves out the position that it starts from, and all before it that comes later", async () => {
    await log.append("a", records(3), "any");
    const following = new Following(client, fromPosition("5"));
    await following.tells("caught up");
    await log.append("a", records(4), "any");
    await following.tells("6@a");
    expect(following.events).to.deep.equal(["5@a", "6@a"]);
  });

  it("has no checkpoints without a filter", async () => {
    await log.append("a", records(200), "any");
    const following = new Following(client);
    await following.tells("caught up");
    expect(following.told).to.deep.equal(["confirmation", ...numbers(0, 200), "caught up"]);
  });

  it("with a filter says every so many records, passed or not, how far it is, and at the end of history", async () => {
    // Positions 1 to 100; every tenth passes.
    for (let n = 0; n < 10; n++) await log.append("a", [...records(9, "other"), record("mine")], "any");
    const following = new Following(client, filtered({ prefixes: ["mine"], max: 8, multiplier: 2 }));
    await following.tells("caught up");
    expect(following.told.join(" ")).to.equal(
      [
        "confirmation",
        "9@a checkpoint 16 19@a 29@a checkpoint 32 39@a checkpoint 48 49@a 59@a checkpoint 64",
        "69@a 79@a checkpoint 80 89@a checkpoint 96 99@a checkpoint 100",
        "caught up",
      ].join(" "),
    );
    // Counted anew from there.
    await log.append("a", records(15, "other"), "any");
    await log.append("a", [record("mine"), ...records(20, "other")], "any");
    await following.tells("checkpoint 132");
    expect(following.told.slice(-3)).to.deep.equal(["115@a", "checkpoint 116", "checkpoint 132"]);
  });

  it("takes 32 records for a window unless it is told another", async () => {
    await log.append("a", records(100, "other"), "any");
    const following = new Following(client, filtered({ prefixes: ["mine"] }));
    await following.tells("caught up");
    expect(following.checkpoints).to.deep.equal([32, 64, 96, 100]);
  });

  it("has checkpoints that only ever rise, over more than a page and across the end of history", async () => {
    await log.append("a", records(6_000, "other"), "any");
    // The end of a page lies between two checkpoints.
    const following = new Following(client, filtered({ prefixes: ["mine"], max: 97 }));
    await following.tells("caught up");
    await log.append("a", records(700, "other"), "any");
    await log.append("a", records(97, "other"), "any");
    const expected = [
      ...Array.from({ length: 61 }, (_, i) => 97 * (i + 1)),
      6_000,
      ...Array.from({ length: 8 }, (_, i) => 6_000 + 97 * (i + 1)),
    ];
    await following.tells("checkpoint 6776");
    expect(following.checkpoints).to.deep.equal(expected);
  });

  it("has no checkpoint for where it started", async () => {
    await log.append("a", records(5, "other"), "any");
    const following = new Following(client, fromEnd, filtered({ prefixes: ["mine"], max: 3 }));
    await following.tells("caught up");
    await log.append("a", records(3, "other"), "any");
    await following.tells("checkpoint 8");
    expect(following.told).to.deep.equal(["confirmation", "caught up", "checkpoint 8"]);
  });

  it("shows nobody's bookkeeping", async () => {
    const hidden = async () => {
      await log.append("$persistentsubscription-$all::group-checkpoint", records(1), "any");
      await log.append("$epoch", records(1, "$epoch-information"), "any");
    };
    await hidden();
    const following = new Following(client);
    await following.tells("caught up");
    await hidden();
    await log.append("a", records(1), "any");
    await following.tells("0@a");
    expect(following.told).to.deep.equal(["confirmation", "caught up", "0@a"]);
  });

  it("tells of events that were cut off again before anybody could read them", async () => {
    await log.append("$$a", [record("$metadata", Buffer.from('{"$maxCount":1}'))], "any");
    const following = new Following(client, ofStream("a"));
    await following.tells("caught up");
    await log.append("a", records(5), "any");
    await following.tells("4@a");
    expect(following.events).to.deep.equal(numbers(0, 5));
  });

  it("that is live is shown a tombstone, and what came before it, then ends", async () => {
    await log.append("a", records(1), "any");
    const following = new Following(client, ofStream("a"));
    await following.tells("caught up");
    await Promise.all([log.append("a", records(2), "any"), log.tombstone("a", "any")]);
    await until("it ends", () => following.error !== undefined);
    expect(following.events).to.deep.equal([...numbers(0, 3), "9223372036854775807@a"]);
    expect(following.error!.code).to.equal(status.FAILED_PRECONDITION);
    expect(trailers(following.error!)).to.deep.equal({ exception: "stream-deleted", "stream-name": "a" });
  });

  it("stays when its stream is deleted, and tells of what comes when there is one again", async () => {
    await log.append("a", records(2), "any");
    const following = new Following(client, ofStream("a"));
    await following.tells("caught up");
    await log.delete("a", "any");
    await log.append("a", records(1), "any");
    await following.tells("2@a");
    expect(following.told).to.deep.equal(["confirmation", "0@a", "1@a", "caught up", "2@a"]);
  });

  const taking: [string, Parameters<typeof ofStream>[1] | undefined][] = [
    ["a stream", (options) => options.setStart(nothing())],
    ["$all", undefined],
  ];
  for (const [title, of] of taking)
    it(`to ${title} tells everything once, in order, while it is written`, async () => {
      const writing = (async () => {
        for (let n = 0; n < 100; n++)
          await Promise.all([log.append("a", records(7), "any"), log.append("b", records(1), "any")]);
      })();
      const followings: Following[] = [];
      for (let n = 0; n < 5; n++) {
        followings.push(new Following(client, ...(of ? [ofStream("a", of)] : [])));
        await until("it has begun", () => followings.at(-1)!.told.length > 0);
      }
      await writing;
      for (const following of followings) {
        await following.tells("699@a");
        expect(following.events.filter((each) => each.endsWith("@a"))).to.deep.equal(numbers(0, 700));
        if (!of) {
          await following.tells("99@b");
          expect(following.events.filter((each) => each.endsWith("@b"))).to.deep.equal(numbers(0, 100, "b"));
        }
      }
    });

  it("reads no more of history than its client takes", async () => {
    await log.append("a", records(10_000), "any");
    for (const subscribe of [() => new Following(client), () => new Following(client, ofStream("a"))]) {
      const before = log.handedOut;
      const slow = subscribe();
      slow.pause();
      // Another one that reads everything shows that there was time.
      const fast = subscribe();
      await fast.has(10_000);
      expect(log.handedOut - before - 10_000, "a window's worth, and a page").to.be.below(5_000);
      slow.resume();
      await slow.tells("caught up");
      expect(slow.events).to.deep.equal(numbers(0, 10_000));
      slow.cancel();
      fast.cancel();
      await until("nobody follows", () => log.followers === 0);
    }
  });

  it("falls back to history when its client is too slow, says again when it is live, and leaves nothing out", async () => {
    const filter = filtered({ on: "stream", prefixes: ["a"], max: 100_000 });
    const slow = [new Following(client), new Following(client, ofStream("a")), new Following(client, filter)];
    for (const each of slow) await each.tells("caught up");
    for (const each of slow) each.pause();
    const fast = new Following(client, ofStream("a"));
    const before = log.handedOut;
    for (let n = 0; n < 40; n++) await log.append("a", records(250), "any");
    await fast.has(10_000);
    expect(log.handedOut - before, "the slow ones hold nothing of it").to.be.below(25_000);
    for (const each of slow) each.resume();
    for (const each of slow) {
      await each.has(10_000);
      await until("it is live again", () => each.told.filter((what) => what === "caught up").length > 1);
      expect(each.events).to.deep.equal(numbers(0, 10_000));
    }
    expect(slow[2]!.checkpoints.length, "where it fell back, and where it was live again").to.be.at.least(2);
    expect(slow[2]!.checkpoints).to.deep.equal(slow[2]!.checkpoints.toSorted((a, b) => a - b));
  });

  it("is forgotten when its client goes, in history or live", async () => {
    await log.append("a", records(10_000), "any");
    const inHistory = new Following(client, ofStream("a"));
    await inHistory.has(1);
    inHistory.cancel();
    const live = [new Following(client), new Following(client, ofStream("b")), new Following(client, ofStream("b"))];
    for (const each of live) await each.tells("caught up");
    expect(log.followers).to.equal(1);
    for (const each of live) each.cancel();
    await until("nobody follows", () => log.followers === 0);
    const next = new Following(client, ofStream("b"));
    await next.tells("caught up");
    await log.append("b", records(1), "any");
    await next.tells("0@b");
  });

  it("ends as unavailable when the log cannot be read", async () => {
    const following = new Following(client);
    await following.tells("caught up");
    const { readAll } = log;
    log.readAll = () => {
      throw new Error("the disk is gone");
    };
    await log.append("a", records(1), "any");
    await until("it ends", () => following.error !== undefined);
    expect([following.error!.code, following.error!.details]).to.deep.equal([status.UNAVAILABLE, "the disk is gone"]);
    log.readAll = readAll;
  });
});
