import { expect } from "chai";
import { CheckpointMismatch, MemoryEventStore } from "../../src/index.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { Watched } from "../subscription/things.js";
import { until } from "../until.js";
import { charge, Charging, type Reacting } from "./charging.js";

describe("where a reactor begins", () => {
  let charging: Charging;
  const pay: Reacting = (order, amount) => charge(order, amount);
  const isLive = (watched: Watched) => until("it is live", () => watched.state === "live");
  beforeEach(async () => {
    charging = await Charging.open();
  });
  afterEach(() => charging.close());

  it("is the beginning of the log unless stated: it reacts to the whole history", async () => {
    await charging.order(["a", 1], ["b", 2]);
    charging.start(pay);
    await charging.reaches(2n);
    expect(await charging.charged()).to.deep.equal(["a 1", "b 2"]);
  });

  it('is after the end of the log with startFrom "now": what came before is left alone', async () => {
    await charging.order(["a", 1], ["b", 2]);
    const watched = charging.start(pay, { startFrom: "now" });
    await isLive(watched);
    expect(watched.processor.status.position).to.equal(2n);
    await charging.order(["c", 3]);
    await charging.reaches(3n);
    expect(await charging.charged()).to.deep.equal(["c 3"]);
  });

  it("is kept at once, so that what comes while it is down, or before its first event, is not left out", async () => {
    await charging.order(["a", 1]);
    const first = charging.start(pay, { startFrom: "now" });
    await isLive(first);
    expect(await charging.position(), "before any event came").to.equal(1n);
    await first.processor.stop();
    await charging.order(["b", 2]);
    charging.start(pay, { startFrom: "now" });
    await charging.reaches(2n);
    expect(await charging.charged()).to.deep.equal(["b 2"]);
  });

  it("is the beginning of a log that was empty then", async () => {
    const first = charging.start(pay, { startFrom: "now" });
    await isLive(first);
    await first.processor.stop();
    await charging.order(["a", 1]);
    charging.start(pay, { startFrom: "now" });
    await charging.reaches(1n);
    expect(await charging.charged()).to.deep.equal(["a 1"]);
  });

  it("is not moved by startFrom once there is a checkpoint", async () => {
    await charging.order(["a", 1]);
    const first = charging.start(pay);
    await charging.reaches(1n);
    await first.processor.stop();
    await charging.order(["b", 2]);
    charging.start(pay, { startFrom: "now" });
    await until("both are charged", async () => (await charging.charged()).length === 2);
  });

  it("cannot be in another log, and the remedy is not a rebuild, which a reactor does not have", async () => {
    await charging.order(["a", 1]);
    const first = charging.start(pay);
    await charging.reaches(1n);
    await first.processor.stop();
    const { readModels, clock } = charging;
    const other = new FaultyStore(new MemoryEventStore({ clock }));
    const stranger = new Watched(first.processor.subscriber, other, readModels, { clock });
    stranger.processor.start();
    await until("it has stopped", () => stranger.state === "stopped");
    expect(stranger.error).to.be.instanceOf(CheckpointMismatch);
    expect(stranger.error!.message).to.equal(
      `reactor:charge: its checkpoint is of log ${await charging.store.storeId()}, this log is ${await other.storeId()}. ` +
        "What has effects cannot be rebuilt. Point it at the log that its checkpoint belongs to, or at another read-model file, " +
        "where it begins as if it had never run.",
    );
    expect(stranger.error!.message).to.not.include("Rebuild it");
  });
});
