import { expect } from "chai";
import { LiveFeed, type LiveQueue } from "../../../tools/eventstore/live-feed.js";
import { until } from "../../until.js";
import { openObservedLog, records, type ObservedLog } from "./observed-log.js";

describe("the live feed", function () {
  this.timeout(60_000);
  let log: ObservedLog;
  let feed: LiveFeed;
  beforeEach(async () => {
    log = await openObservedLog();
    feed = new LiveFeed(log);
  });
  afterEach(() => log.close());

  const drained = (queue: LiveQueue) => {
    const positions: number[] = [];
    for (let record = queue.next(); record; record = queue.next()) positions.push(record.position);
    return positions;
  };

  it("gives each follower what is committed after it began, also one that begins before the feed has read", async () => {
    let woken = 0;
    const first = feed.follow("a", () => woken++);
    await log.append("a", records(3), "any");
    const second = feed.follow("a", () => {});
    const everything = feed.follow(undefined, () => {});
    await log.append("b", records(1), "any");
    await log.append("a", records(2), "any");
    await until("all is read", () => woken === 5);
    expect(drained(first)).to.deep.equal([1, 2, 3, 5, 6]);
    expect(drained(second)).to.deep.equal([5, 6]);
    expect(drained(everything)).to.deep.equal([4, 5, 6]);
  });

  it("reads the log once, however many follow, and not at all when nobody does", async () => {
    const queues = Array.from({ length: 50 }, () => feed.follow("a", () => {}));
    await log.append("b", records(100), "any");
    await log.append("a", records(10), "any");
    await until("all is read", () => queues.every((queue) => drained(queue).length === 10));
    expect(log.handedOut, "of other streams nothing").to.equal(10);
    for (const queue of queues) queue.end();
    expect(log.followers).to.equal(0);
    await log.append("a", records(10), "any");
    await new Promise(setImmediate);
    expect(log.handedOut).to.equal(10);
  });

  it("leaves a follower behind that takes nothing, by count or by bytes, and tells it so", async () => {
    const slow = [feed.follow("a", () => {}), feed.follow("b", () => {})];
    await log.append("a", records(2_000), "any");
    for (let n = 0; n < 6; n++) await log.append("b", records(1, "t", Buffer.alloc(1_000_000)), "any");
    await until("it has left them behind", () => slow.every((queue) => queue.overflown));
    expect(log.followers).to.equal(0);
    expect(drained(slow[0]!)).to.deep.equal(Array.from({ length: 1_000 }, (_, i) => i + 1));
    expect(drained(slow[1]!)).to.deep.equal([2_001, 2_002, 2_003, 2_004]);
  });
});
