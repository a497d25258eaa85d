import { expect } from "chai";
import { ObserverFlags } from "../../src/observer/observer-flags.js";
import { recordedEvent } from "./feed.js";

const hourMs = 3_600_000;
const event = (id: string) => recordedEvent({ id, type: "a", position: 1, recordedAtMs: 1, streamName: "orders-1" });
const place = { eventType: "a", streamName: "orders-1" };

describe("the flags on an observer itself", () => {
  it("count every event that no case can hold, and are raised at most once an hour", () => {
    const flags = new ObserverFlags();
    const lost = (id: string, nowMs: number) => flags.lost(0, nowMs, event(id));
    expect(lost("1", 0)).to.deep.equal({
      kind: "Uncorrelated",
      case: undefined,
      definition: 0,
      sequence: 0,
      eventId: "1",
      decidedAtMs: 0,
      details: {
        count: 1,
        ...place,
      },
    });
    expect(lost("2", 1)).to.equal(undefined);
    expect(flags.state).to.deep.equal({
      uncorrelated: 2,
      unflagged: 1,
      flaggedMs: { Uncorrelated: 0 },
      flags: { 0: 1 },
    });
    expect(lost("3", hourMs - 1)).to.equal(undefined);
    expect(lost("4", hourMs)).to.deep.include({ sequence: 1, eventId: "4", details: { count: 3, ...place } });
    expect(flags.state).to.deep.equal({
      uncorrelated: 4,
      flaggedMs: { Uncorrelated: hourMs },
      flags: { 0: 2 },
    });
  });

  it("are raised once an hour for each reason, and numbered under each definition", () => {
    const flags = new ObserverFlags();
    const anomaly = (reason: "behind" | "tick" | "ahead", definition: number, nowMs: number) =>
      flags.anomaly(reason, definition, nowMs, event("1"), 7)?.sequence;
    expect(anomaly("behind", 0, 0)).to.equal(0);
    expect(anomaly("tick", 0, 0)).to.equal(1);
    expect(anomaly("behind", 0, hourMs - 1)).to.equal(undefined);
    expect(anomaly("behind", 1, hourMs)).to.equal(0);
    expect(anomaly("ahead", 1, hourMs)).to.equal(1);
    expect(flags.anomaly("tick", 1, hourMs, event("2"), -9)).to.deep.include({
      kind: "ClockAnomaly",
      eventId: "2",
      decidedAtMs: hourMs,
      sequence: 2,
      details: {
        reason: "tick",
        differenceMs: -9,
        ...place,
      },
    });
  });

  it("go on where they were", () => {
    expect(new ObserverFlags().state).to.deep.equal({ uncorrelated: 0 });
    const before = new ObserverFlags();
    before.lost(0, 0, event("1"));
    before.lost(0, 1, event("2"));
    const after = new ObserverFlags(before.state);
    expect(after.state).to.deep.equal(before.state);
    expect(after.lost(0, 2, event("3"))).to.equal(undefined);
    expect(after.lost(0, hourMs, event("4"))).to.deep.include({ sequence: 1, details: { count: 3, ...place } });
    // What was remembered is remembered there still.
    expect(before.state).to.deep.include({ uncorrelated: 2, unflagged: 1 });
  });
});
