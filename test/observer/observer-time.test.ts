import { expect } from "chai";
import { ObserverTime } from "../../src/observer/observer-time.js";
import type { LogRecord } from "../oracle/records.js";
import { recordedEvent } from "./feed.js";

const event = (recordedAtMs: number, more: Partial<LogRecord> = {}) =>
  recordedEvent({ id: "x", type: "a", position: 1, recordedAtMs, ...more });
const recorded = { timeBase: "recorded", latenessMs: 7, toleranceMs: Infinity, live: true } as const;
const occurred = { ...recorded, timeBase: "occurred" } as const;
const after = (terms: typeof recorded | typeof occurred, ...events: ReturnType<typeof event>[]) => {
  const time = new ObserverTime(terms);
  for (const each of events) time.advance(each);
  return time;
};

describe("the time that decides", () => {
  it("is the greatest time of recording, or of business less what may be late", () => {
    const events = [event(10, { occurredAtMs: 3 }), event(30, { occurredAtMs: 25 }), event(20, { occurredAtMs: 5 })];
    expect(after(recorded, ...events).nowMs).to.equal(30);
    expect(after(occurred, ...events).nowMs).to.equal(18);
    expect(after(recorded, ...events).state).to.deep.equal({ logTimeMs: 30, businessTimeMs: null });
    expect(after(occurred, ...events).state).to.deep.equal({ logTimeMs: 30, businessTimeMs: 25 });
    expect(after(recorded).state).to.deep.equal({ logTimeMs: null, businessTimeMs: null });
    expect([after(recorded).latenessMs, after(occurred).latenessMs]).to.deep.equal([0, 7]);
  });

  it("goes back with a reset, and what the log says counts so much later from then on", () => {
    for (const terms of [recorded, occurred]) {
      const time = after(terms, event(100));
      time.reset(100);
      time.reset(130);
      expect(time.offsetMs).to.equal(0);
      time.reset(40);
      expect(time.offsetMs).to.equal(60);
      expect(time.state).to.include({ logTimeMs: 100, offsetMs: 60 });
      time.advance(event(45));
      expect(time.timeOf(event(45))).to.equal(105);
      expect(time.inLog(105)).to.equal(45);
      expect(time.behindMs(event(45)), "and is not behind").to.equal(0);
      // 45 has been reached: a reset to then or later changes nothing.
      time.reset(45);
      time.reset(70);
      expect(time.offsetMs).to.equal(60);
      time.reset(25);
      expect(time.offsetMs).to.equal(80);
      expect(new ObserverTime(terms, time.state).state).to.deep.equal(time.state);
    }
  });

  it("is told how far an event claims to be ahead, and does not believe it beyond what is tolerated", () => {
    const time = after({ ...occurred, toleranceMs: 5 } as never, event(1));
    const claims = (occurredAtMs?: number) => event(100, { occurredAtMs });
    expect([undefined, 90, 105, 106].map((at) => time.aheadMs(claims(at)))).to.deep.equal([0, -15, 0, 1]);
    expect([undefined, 90, 105, 106].map((at) => time.businessTimeOf(claims(at)))).to.deep.equal([100, 90, 105, 100]);
    expect(after(occurred).aheadMs(claims(1e9))).to.be.at.most(0);
    expect(after(occurred).businessTimeOf(claims(1e9))).to.equal(1e9);
  });

  it("says how far what is read lies behind, in log time alone", () => {
    expect(after(recorded, event(100)).behindMs(event(30))).to.equal(70);
    expect(after(occurred, event(100)).behindMs(event(30))).to.equal(0);
  });

  it("is moved by control events, of which ticks alone tell the time of the business", () => {
    const control = (type: string) => after(occurred, event(10), event(50, { type })).state;
    expect(control("observer.ClockTick")).to.deep.equal({ logTimeMs: 50, businessTimeMs: 50 });
    for (const type of ["observer.ClockReset", "observer.Acknowledged", "observer.ObserverDefined"])
      expect(control(type)).to.deep.equal({ logTimeMs: 50, businessTimeMs: 10 });
    const dead = new ObserverTime({ ...occurred, live: false });
    expect(
      ["a", "observer.ClockTick", "observer.ClockReset"].map((type) => dead.reads(event(1, { type }))),
    ).to.deep.equal([true, false, true]);
    expect(after(recorded).reads(event(1, { type: "observer.ClockTick" }))).to.equal(true);
  });

  it("goes by other terms from another definition on", () => {
    const time = after(occurred, event(100, { occurredAtMs: 50 }));
    expect(time.nowMs).to.equal(43);
    time.goBy(recorded);
    expect(time.nowMs).to.equal(100);
  });
});
