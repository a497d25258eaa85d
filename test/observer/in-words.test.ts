import { expect } from "chai";
import {
  after as afterSlot,
  annotationsInWords,
  durationInWords,
  expectationInWords,
  generalTermsInWords,
  roughlyInWords,
  whenever,
  type Expectation,
  type ObserverOptions,
} from "../../src/index.js";
import { anyOf, meaningInWords, meaningOfFlag } from "../../src/observer/in-words.js";
import { observing } from "./judging.js";

describe("an observer in words", () => {
  const inWords = (expectation: Expectation, name = "slot", others: Record<string, Expectation> = {}) =>
    expectationInWords(
      observing({ ...others, [name]: expectation }).definition.slots.find((slot) => slot.name === name)!,
    );
  const begun = () => whenever("A").expect("B").within({ seconds: 5 });

  it("says what is expected of whom by when, in the words of its declaration", () => {
    const said: [Expectation, string][] = [
      [begun(), ""],
      [begun().once().unless("C"), ", once, unless C"],
      [begun().times(3), ", exactly 3 times"],
      [begun().times("data.parcels"), ", exactly as many as data.parcels says"],
      [begun().atLeast(2).atMost(4), ", at least 2, at most 4"],
      [begun().unless("C", "D", "E"), ", unless C, D or E"],
      [begun().where(() => true), ", where the two belong together"],
      [begun().agreeing(() => true), ", agreeing with each other"],
      [begun().per("data.part"), ", for each value of data.part"],
      [begun().eachTime(), ", each time"],
      [begun().flagRepeats(), ", a repeated trigger is flagged"],
      [begun().inOrder(), ", in that order"],
      [begun().orphanWithin({ hours: 1 }), ", without a trigger it is flagged after 1 h"],
      [begun().flagDoneAfterCancel(), ", done after a cancellation is flagged"],
      [
        begun().escalating({ hours: 1 }, { hours: 4 }),
        ", escalating 1 h, 4 h after the deadline until it is acknowledged",
      ],
    ];
    for (const [expectation, rest] of said)
      expect(inWords(expectation)).to.equal(`whenever A expect B within 5 s${rest}`);
    expect(inWords(whenever("A", "A2").expect("B", "B2").within({ minutes: 90 }))).to.equal(
      "whenever A or A2 expect B or B2 within 1 h 30 min",
    );
    const first = begun();
    expect(inWords(afterSlot(first).expect("D").within({ days: 2 }), "slot", { first })).to.equal(
      "after first expect D within 2 d",
    );
  });

  it("says what holds for all of it, and nothing of what is as usual", () => {
    const terms = (options: Partial<ObserverOptions>) =>
      generalTermsInWords(observing({ slot: begun() }, options).definition);
    expect(terms({})).to.deep.equal([]);
    expect(
      terms({ timeBase: "occurred", lateness: { minutes: 5 }, tolerance: { hours: 1 }, live: true }),
    ).to.deep.equal([
      "Business time decides, and waits 5 min for what is recorded late; it is believed up to 1 h beyond the recording; the log is live.",
    ]);
    expect(
      terms({ includeImported: true, from: "now", closeAfter: { days: 1 }, forgetAfter: { days: 30 } }),
    ).to.deep.equal([
      "Imported history is judged too.",
      "It begins where it was first defined.",
      "A case at rest is closed after 1 d.",
      "A closed case without flags is forgotten after 30 d.",
    ]);
    const keys = { A: { key: "data.order", alias: "data.parcel" }, B: { via: "data.parcel" } };
    expect(terms({ keys })).to.deep.equal([
      "A case is what shares the correlation id; A by data.order (alias: data.parcel); B by the alias data.parcel.",
    ]);
    expect(terms({ key: "stream.id" })).to.deep.equal(["A case is what shares stream.id."]);
  });

  it("says durations, exactly and roughly", () => {
    const exactly: [number, string][] = [
      [0, "0 s"],
      [250, "250 ms"],
      [5_000, "5 s"],
      [5_250, "5 s 250 ms"],
      [259_200_000, "3 d"],
    ];
    for (const [ms, words] of exactly) expect(durationInWords(ms)).to.equal(words);
    const roughly: [number, string][] = [
      [-300, "0.3 s"],
      [9_960, "10.0 s"],
      [12_345, "12 s"],
      [-125_400, "2 min 5 s"],
      [2 * 3_600_000 + 61_000, "2 h 1 min"],
      [30 * 86_400_000 + 7_200_001, "30 d 2 h"],
      [400 * 86_400_000 + 7_200_001, "400 d"],
    ];
    for (const [ms, words] of roughly) expect(roughlyInWords(ms)).to.equal(words);
  });

  it("says how many, and what tells runs apart, however it was declared", () => {
    const { slot } = { slot: observing({ slot: begun() }).definition.slots[0]! };
    const rest = (terms: object) =>
      expectationInWords({ ...slot, ...terms }).replace("whenever A expect B within 5 s", "");
    expect(rest({ min: 1, max: 1 })).to.equal(", once");
    expect(rest({ min: 1, max: 2 })).to.equal(", at most 2");
    expect(rest({ min: 1 })).to.equal("");
    expect(rest({ min: 0, max: 1 })).to.equal(", at least 0, at most 1");
    expect(rest({ min: "data.n" })).to.equal(", at least as many as data.n says");
    expect(rest({ max: "data.n" })).to.equal(", at most as many as data.n says");
    expect(rest({ per: { trigger: "data.a", counterpart: "data.b" } })).to.equal(
      ", for each value of data.a and data.b",
    );
    expect(rest({ escalateMs: [] })).to.equal("");
    expect([[], ["a"], ["a", "b"], ["a", "b", "c", "d"]].map(anyOf)).to.deep.equal([
      "nothing",
      "a",
      "a or b",
      "a, b, c or d",
    ]);
  });

  it("says where it begins, and which time decides", () => {
    const terms = (options: Partial<ObserverOptions>) =>
      generalTermsInWords(observing({ slot: begun() }, options).definition);
    expect(terms({ from: "beginning" })).to.deep.equal([]);
    expect(terms({ from: { position: "12" } })).to.deep.equal(["It begins at position 12."]);
    expect(terms({ from: { time: "2026-01-01T00:00:00Z" } })).to.deep.equal([
      "It begins with what was recorded at 2026-01-01T00:00:00Z or later.",
    ]);
    expect(terms({ timeBase: "occurred" })).to.deep.equal(["Business time decides."]);
    expect(terms({ keys: { B: "data.b", A: { key: "data.a" } } })).to.deep.equal([
      "A case is what shares the correlation id; A by data.a; B by data.b.",
    ]);
  });

  it("says whom it concerns, as far as that is declared", () => {
    const said = (expectation: Expectation) =>
      annotationsInWords(observing({ slot: expectation }).definition.slots[0]!);
    expect(said(begun())).to.equal("");
    expect(said(begun().severity("info"))).to.equal("severity: info");
    expect(said(begun().runbook("https://x.org").owner("shop").severity("critical"))).to.equal(
      "owner: shop, severity: critical, runbook: https://x.org",
    );
  });

  it("says what each flag means, and which of them is not proved", () => {
    expect(meaningOfFlag).to.deep.equal({
      Missing: "the counterpart did not come",
      Escalated: "it is still amiss",
      LateArrival: "the counterpart came late",
      Duplicate: "the counterpart came again",
      Withdrawn: "was missing, and is no longer expected",
      DuplicateTrigger: "the trigger came again",
      OutOfOrder: "the counterpart came before its trigger",
      Orphan: "the trigger of a counterpart did not come",
      OrphanResolved: "the trigger came after all",
      Mismatch: "trigger and counterpart do not agree",
      DoneAfterCancel: "it was done although it had been cancelled",
      AfterClose: "it came when all was over",
      Uncorrelated: "an event belongs to no case",
      ClockAnomaly: "clocks disagree",
    });
    expect(meaningInWords("Missing", {})).to.equal("the counterpart did not come");
    expect(meaningInWords("Orphan", { provisional: true })).to.equal(
      "the trigger of a counterpart did not come (provisional: the log has not proved it)",
    );
    expect(meaningInWords("Unheard" as "Missing", {})).to.equal("Unheard");
  });

  it("says durations by their two greatest units, where people are in a hurry", () => {
    const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000] as const;
    const said: [number, string][] = [
      [0, "0.0 s"],
      [9_999, "10.0 s"],
      [10_000, "10 s"],
      [10_499, "10 s"],
      [59_400, "59 s"],
      [minute, "1 min"],
      [minute + 499, "1 min"],
      [hour + 29 * second, "1 h"],
      [day + hour + 31 * minute, "1 d 2 h"],
      [99 * day + hour, "99 d 1 h"],
      [100 * day + hour, "100 d"],
    ];
    for (const [ms, words] of said) expect(roughlyInWords(ms), words).to.equal(words);
    const exactly: [number, string][] = [
      [1, "1 ms"],
      [-90 * minute, "1 h 30 min"],
      [day + hour + minute + second + 1.4, "1 d 1 h 1 min 1 s 1 ms"],
    ];
    for (const [ms, words] of exactly) expect(durationInWords(ms)).to.equal(words);
  });
});
