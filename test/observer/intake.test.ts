import { expect } from "chai";
import { DefinitionsInForce } from "../../src/observer/definitions.js";
import { caseEventOf, dataReader, isJudged } from "../../src/observer/intake.js";
import { ObserverTime } from "../../src/observer/observer-time.js";
import type { RecordedEvent } from "../../src/index.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms, recordedEvent } from "./feed.js";

const record = (type: string, more: Partial<LogRecord> = {}): LogRecord => ({
  id: "x",
  type,
  position: 5,
  recordedAtMs: 10,
  ...more,
});
const inForce = (...versions: readonly (readonly SlotTerms[])[]) =>
  new DefinitionsInForce(
    versions.map((slots, i) => observerOf(slots, { declared: { version: i + 1 } }).definition),
    versions.length - 1,
  );

describe("an event as a case sees it", () => {
  const seen = (definitions: DefinitionsInForce, of: LogRecord, offsetMs = 0, dataOf = dataReader(undefined)) => {
    const time = new ObserverTime(definitions.inForce, { offsetMs });
    const event = recordedEvent(of);
    time.advance(event);
    return caseEventOf(definitions, time, event, dataOf);
  };
  const bare = { id: "x", type: "a", position: "5", atMs: 10, occurredAtMs: 10 };
  const never = (_: RecordedEvent) => expect.fail("data was asked for");

  it("has its times, and nothing that no slot asks for", () => {
    const of = record("a", { data: { n: 1 } });
    expect(seen(inForce([plainTerms]), of, 0, never)).to.deep.equal(bare);
    expect(seen(inForce([plainTerms]), record("a", { occurredAtMs: 7 }))).to.deep.equal({ ...bare, occurredAtMs: 7 });
    expect(seen(inForce([plainTerms]), of, 30)).to.deep.equal({
      ...bare,
      atMs: 40,
      occurredAtMs: 40,
      offsetMs: 30,
    });
    expect(seen(inForce([{ ...plainTerms, where: "n" }]), of)).to.deep.equal({ ...bare, data: { n: 1 } });
  });

  it("has the value that tells runs apart, from the path of its part", () => {
    const per = { trigger: "data.t", counterpart: "data.c", unless: "id" };
    const slots = [{ ...plainTerms, unless: ["u"], per }];
    const data = { t: "one", c: 2 };
    const pairOf = (type: string, terms = slots) => seen(inForce(terms), record(type, { data })).reads;
    expect(pairOf("a")).to.deep.equal({ slot: { pair: "one" } });
    expect(pairOf("b")).to.deep.equal({ slot: { pair: "2" } });
    expect(pairOf("u")).to.deep.equal({ slot: { pair: "x" } });
    expect(pairOf("other")).to.equal(undefined);
    expect(pairOf("u", [{ ...slots[0]!, per: { trigger: "data.t", counterpart: "data.c" } as never }])).to.equal(
      undefined,
    );
    expect(seen(inForce(slots), record("a", { data: {} }))).to.deep.equal(bare);
  });

  it("has the counts that a slot reads from its trigger: a number, or the length of a list", () => {
    const slots = [{ ...plainTerms, min: "data.min", max: "data.max" }];
    const reads = (type: string, data: object) => seen(inForce(slots), record(type, { data: data as never })).reads;
    expect(reads("a", { min: 2, max: [7, 8, 9] })).to.deep.equal({ slot: { min: 2, max: 3 } });
    expect(reads("a", {})).to.deep.equal({ slot: { min: null, max: null } });
    expect(reads("b", { min: 2, max: 3 })).to.equal(undefined);
    const one = inForce([{ ...plainTerms, min: "data.min", max: 3 }]);
    expect(seen(one, record("a", { data: { min: 2 } })).reads).to.deep.equal({ slot: { min: 2 } });
  });

  it("has what each definition reads of it so far, and asks for data only where one does", () => {
    const per = (path: string): SlotTerms => ({ ...plainTerms, per: path });
    const of = record("a", { data: { p: "p" }, metadata: { $causationId: "cause" } });
    const both = inForce([per("data.p")], [per("metadata.$causationId"), { ...plainTerms, slot: "plain" }]);
    expect(seen(both, of).reads).to.deep.equal({ slot: { pair: "p" }, "slot@1": { pair: "cause" } });
    expect(seen(inForce([per("metadata.$causationId")]), of, 0, never).reads).to.deep.equal({
      slot: { pair: "cause" },
    });
  });

  it("joins a case unless it controls observers, or is imported and not asked for", () => {
    const [plain, all] = [inForce([plainTerms]), inForce([{ ...plainTerms, includeImported: true }])];
    const judged = (definitions: DefinitionsInForce, more: Partial<LogRecord>) =>
      isJudged(definitions, recordedEvent({ ...record("a"), ...more }));
    expect(judged(plain, {})).to.equal(true);
    expect(judged(plain, { imported: true })).to.equal(false);
    expect(judged(all, { imported: true })).to.equal(true);
    expect(judged(all, { type: "observer.Acknowledged" })).to.equal(false);
  });

  it("has data in its present shape, and none that is no JSON", () => {
    const event = recordedEvent(record("a", { data: { n: 1 } }));
    expect(dataReader(undefined)(event)).to.deep.equal({ n: 1 });
    expect(dataReader({ dataOf: () => "raised" } as never)(event)).to.equal("raised");
    const binary = { ...event, data: new Uint8Array([1]) } as unknown as RecordedEvent;
    expect(dataReader({ dataOf: () => "raised" } as never)(binary)).to.equal(undefined);
  });
});
