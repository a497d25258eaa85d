import { expect } from "chai";
import {
  after as afterSlot,
  durationInWords,
  expectationInWords,
  generalTermsInWords,
  roughlyInWords,
  whenever,
  type Expectation,
  type ObserverOptions,
} from "../../src/index.js";
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
});
