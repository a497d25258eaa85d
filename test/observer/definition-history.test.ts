import { expect } from "chai";
import { ReadModelOutdated } from "../../src/index.js";
import { DefinitionHistory } from "../../src/observer/definition-history.js";
import type { RecordedDefinition } from "../../src/observer/definition-log.js";
import type { Declared } from "./feed.js";
import { observerOf, plainTerms, recordedEvent } from "./feed.js";

const definition = (
  version: number,
  declared: Declared = {},
  from?: "now" | { time: string } | { position: string },
) => {
  const { definition: own } = observerOf([plainTerms], { declared: { version, ...declared } });
  return from === undefined ? own : { ...own, from };
};
/** Each at a position of ten times its version. */
const recorded = (...definitions: readonly ReturnType<typeof definition>[]): RecordedDefinition[] =>
  definitions.map((each) => {
    const position = BigInt(10 * each.version);
    return { definition: each, position, after: position };
  });
const event = (position: number, data: object | null = {}) =>
  recordedEvent({ id: "x", type: "observer.ObserverDefined", position, recordedAtMs: position, data: data as never });

const [first, second, third] = [definition(1), definition(2), definition(3)];
const versionsOf = (history: DefinitionHistory) => history.inForceAt(0).chain.map(({ version }) => version);

describe("the history of definitions", () => {
  it("begins with the definition of the code while that is not on record", () => {
    const history = new DefinitionHistory(third, recorded(first, second));
    expect(versionsOf(history)).to.deep.equal([3]);
    expect(history.isBackfill(0n)).to.equal(true);
    expect(history.isBackfill(10n ** 12n)).to.equal(true);
    expect(history.startsAfter).to.equal(undefined);
    expect(history.definedBy(event(10, { observer: "watch", version: 1, hash: first.hash }), 0)).to.equal(undefined);
  });

  it("goes from one to the next where each is on record", () => {
    const history = new DefinitionHistory(third, recorded(first, second, third));
    expect(versionsOf(history)).to.deep.equal([1, 2, 3]);
    const at = (position: number, current: number, observer = "watch") =>
      history.definedBy(event(position, { observer, version: position / 10, hash: "any" }), current)?.inForce.version;
    expect(at(20, 0)).to.equal(2);
    expect(at(30, 0)).to.equal(3);
    expect(at(30, 1)).to.equal(3);
    expect(at(20, 1), "it is in force").to.equal(undefined);
    expect(at(10, 0), "it is in force").to.equal(undefined);
    expect(at(10, 2), "a later one is").to.equal(undefined);
    expect(at(20, 0, "other"), "of another observer").to.equal(undefined);
    expect([9n, 10n, 11n].map((position) => history.isBackfill(position))).to.deep.equal([true, true, false]);
  });

  it("begins with the last one that concerns all of history", () => {
    const all = [definition(1, { applyTo: "all" }), definition(2, { applyTo: "all" }), third];
    const history = new DefinitionHistory(third, recorded(...all));
    expect(versionsOf(history)).to.deep.equal([2, 3]);
    expect([20n, 21n].map((position) => history.isBackfill(position))).to.deep.equal([true, false]);
    const defined = (position: number) =>
      history.definedBy(event(position, { observer: "watch", version: position / 10, hash: "x" }), 0);
    expect(defined(30)?.inForce.version).to.equal(3);
    expect(defined(10), "nothing is judged by it").to.equal(undefined);
  });

  it("ends where the code does not know the next version", () => {
    const history = new DefinitionHistory(first, recorded(first));
    const met = (data: object | null) => {
      try {
        return history.definedBy(event(40, data), 0);
      } catch (error) {
        return error;
      }
    };
    const failure = met({ observer: "watch", version: 2, hash: "more" });
    expect(failure).to.be.instanceOf(ReadModelOutdated);
    expect(String(failure)).to.match(/watch.*version 1 is declared here, version 2 was built and serves/);
    for (const data of [
      null,
      {},
      { observer: "other", version: 2, hash: "more" },
      { observer: "watch", version: 1, hash: "more" },
      { observer: "watch", hash: "more" },
      { observer: "watch", version: 2 },
    ])
      expect(met(data), JSON.stringify(data)).to.equal(undefined);
  });

  it("knows what lies in an empty log as defined from its beginning", () => {
    const history = new DefinitionHistory(first, [{ definition: first, position: 0n, after: undefined }]);
    expect(history.isBackfill(-1n)).to.equal(true);
    expect(history.isBackfill(0n)).to.equal(false);
  });

  it("begins to read where it says: at the beginning, now, at a position or at a time", () => {
    const begins = (from: Parameters<typeof definition>[2], isRecorded = true) => {
      const own = definition(1, {}, from);
      const history = new DefinitionHistory(own, isRecorded ? recorded(own) : []);
      const places = [9, 10, 11].filter((position) => history.beginsWith(event(position)));
      return [history.beginsAtOnce, history.startsAfter, ...places];
    };
    expect(begins(undefined)).to.deep.equal([true, undefined, 9, 10, 11]);
    expect(begins("now")).to.deep.equal([false, 10n, 10, 11]);
    expect(begins("now", false)).to.deep.equal([false, undefined]);
    expect(begins({ position: "10" })).to.deep.equal([false, undefined, 10, 11]);
    expect(begins({ time: new Date(11).toISOString() })).to.deep.equal([false, undefined, 11]);
  });
});
