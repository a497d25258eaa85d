import { expect } from "chai";
import type { Generation } from "../../src/projection/index.js";
import { newCase, type Case } from "../../src/observer/case.js";
import { timelineOf } from "../../src/observer/case-timeline.js";
import { DefinitionsInForce } from "../../src/observer/definitions.js";
import { Evidence } from "../../src/observer/evidence.js";
import { reasonInWords, timeInWords, untouchedInWords } from "../../src/observer/reasons.js";
import type { Slot } from "../../src/observer/slot.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms, recordedEvent } from "./feed.js";

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const terms: SlotTerms = { ...plainTerms, unless: ["c"], withinMs: 10 * minute, orphanWithinMs: 30 * minute };
const deadlineMs = start + terms.withinMs;
const store = { streamPrefix: "rollcall." };

/** At so many minutes. */
const event = (type: string, minutes: number, more: Partial<LogRecord> = {}): LogRecord => ({
  id: `${type}-${minutes}`,
  type,
  correlationId: "k",
  position: minutes + 100,
  recordedAtMs: start + minutes * minute,
  ...more,
});

interface Known {
  readonly slots?: readonly SlotTerms[];
  readonly log?: readonly LogRecord[];
  readonly found?: Partial<Case>;
  readonly state?: object;
  readonly position?: bigint;
  /** Of the serving generation; that of the observer unless stated. */
  readonly hash?: string;
  readonly dataOf?: (event: { readonly data: unknown }) => unknown;
}

function evidenceOf({
  slots = [terms],
  log = [],
  found,
  state,
  position = 999n,
  hash,
  dataOf = ({ data }) => data,
}: Known) {
  const { definition } = observerOf(slots);
  const checkpoint = { position, state };
  const serving = { checkpoint, definition: `${hash ?? definition.hash}/2` } as unknown as Generation;
  const of = { ...newCase("k"), ...found };
  return new Evidence(store, new DefinitionsInForce([definition]), of, serving, log.map(recordedEvent), dataOf);
}
const reason = (slot: Partial<Slot>, known: Known = {}, run = "slot") => {
  const found = { slots: { [run]: { count: 0, ...slot } as Slot }, ...known.found };
  return reasonInWords(run, found.slots[run]!, evidenceOf({ ...known, found }));
};
const said = (minutes: number) => `2026-01-01 00:${String(minutes).padStart(2, "0")}:00.000Z`;
const told = (type: string, minutes: number) =>
  `${type} at ${said(minutes)} (event ${type}-${minutes}, some-k revision 0, position ${minutes + 100})`;

const open: Partial<Slot> = { state: "OPEN", triggerId: "a-0", deadlineMs };
const missing: Partial<Slot> = { ...open, state: "MISSING" };
const early = [{ id: "b-1", atMs: start + minute, occurredAtMs: start + minute }];
const opened = `${told("a", 0)} opened it`;
const toCome = `b has to come by ${said(10)}`;
const hadToCome = `b had to come by ${said(10)}`;

describe("the reason of a state, in words,", () => {
  it("tells of what is not on record any more what the case knows of it", () => {
    const unknown = `a at ${said(0)} (event a-0) opened it`;
    const texts: [Partial<Slot>, string][] = [
      [{ state: "IDLE" }, "no a so far."],
      [
        { state: "IDLE", waiverMarked: true, settledMs: start + minute },
        `c came at ${said(1)}; if a comes, nothing is expected of it.`,
      ],
      [{ state: "EARLY" }, "b came before a, for which it waits without a limit."],
      [
        { state: "EARLY", early, orphanMs: start + 31 * minute },
        `b at ${said(1)} (event b-1) came before a, which has to come by ${said(31)}.`,
      ],
      [open, `${unknown}; ${toCome}; it has not come so far.`],
      [{ ...open, min: 3, count: 2 }, `${unknown}; ${toCome}; 2 of 3 came so far.`],
      [{ ...open, state: "MET" }, `${unknown}; b came, by the deadline, ${said(10)}.`],
      [
        { ...open, state: "MET", settledMs: start + minute },
        `${unknown}; b came at ${said(1)}, by the deadline, ${said(10)}.`,
      ],
      [
        { ...open, state: "MET", settledMs: start + minute, min: 2 },
        `${unknown}; all 2 came, the last of them b came at ${said(1)}, by the deadline, ${said(10)}.`,
      ],
      [missing, `${unknown}; ${hadToCome}; log time has passed that; nothing came since. Nobody has acknowledged it.`],
      [
        { ...missing, min: 2, count: 1 },
        `${unknown}; ${hadToCome}; log time has passed that; 1 of 2 came. Nobody has acknowledged it.`,
      ],
      [{ ...open, state: "RECOVERED" }, `${unknown}; ${hadToCome}; b came late.`],
      [
        { ...open, state: "RECOVERED", settledMs: start + 12 * minute },
        `${unknown}; ${hadToCome}; b came 2 min late, at ${said(12)}.`,
      ],
      [
        { state: "ORPHAN", early, orphanMs: start + 31 * minute },
        `b at ${said(1)} (event b-1) came without a, which had to come by ${said(31)}; log time has passed that; none came since. Nobody has acknowledged it.`,
      ],
      [{ state: "WAIVED" }, "c came, so b is not expected any more."],
      [
        { ...open, state: "WAIVED", settledMs: start + minute },
        `${unknown}; c came at ${said(1)}, so b is not expected any more.`,
      ],
      [{ state: "WAIVED", triggerId: "a-0" }, "a (event a-0) opened it; c came, so b is not expected any more."],
      [
        { state: "UNJUDGED" },
        "its trigger had come before the definition that added this expectation, which concerns later cases only.",
      ],
    ];
    for (const [slot, words] of texts) expect(reason(slot)).to.equal(`${slot.state}: ${words}`);
    expect(reason({ state: "MET" }, {}, "gone")).to.equal("MET: no definition in force has this expectation any more.");
    expect(reason({ ...open, triggerId: undefined } as never)).to.match(/^OPEN: a at .* \(event unknown\) opened it;/);
  });

  it("tells of what is on record its place, and by the time of the case which of several it was", () => {
    const log = [event("a", 0), event("b", 2), event("b", 3), event("c", 4), event("c", 5), event("b", 12)];
    const settled = (minutes: number) => ({ settledMs: start + minutes * minute });
    expect(reason({ ...open, state: "MET", ...settled(3) }, { log })).to.equal(
      `MET: ${opened}; ${told("b", 3)} came, by the deadline, ${said(10)}.`,
    );
    expect(reason({ ...open, state: "RECOVERED", ...settled(12) }, { log })).to.equal(
      `RECOVERED: ${opened}; ${hadToCome}; ${told("b", 12)} came 2 min late.`,
    );
    expect(reason({ ...open, state: "WAIVED", ...settled(4) }, { log })).to.equal(
      `WAIVED: ${opened}; ${told("c", 4)} came, so b is not expected any more.`,
    );
    expect(reason({ state: "EARLY", early: [{ ...early[0]!, id: "b-2" }] }, { log })).to.equal(
      `EARLY: ${told("b", 2)} came before a, for which it waits without a limit.`,
    );
    const before = [event("b", 1), event("a", 2)];
    expect(reason({ ...open, state: "MET", triggerId: "a-2", ...settled(2) }, { log: before })).to.equal(
      `MET: ${told("a", 2)} opened it; ${told("b", 1)} had come before, by the deadline, ${said(10)}.`,
    );
    // Nothing of the case says when.
    expect(reason({ ...open, state: "MET" }, { log })).to.include(`; ${told("b", 12)} came, by`);
    expect(reason({ state: "WAIVED" }, { log })).to.include(`WAIVED: ${told("c", 5)} came, so`);
  });

  it("tells how much time is left, as far as the log has reached", () => {
    const at = (minutes: number, more: object = {}) => ({ state: { logTimeMs: start + minutes * minute, ...more } });
    expect(reason(open, { log: [event("a", 0)], ...at(8) })).to.equal(
      `OPEN: ${opened}; ${toCome}, 2 min after the time that the log has reached (${said(8)}); it has not come so far.`,
    );
    expect(reason(open, at(10))).to.include(`${toCome}, 0.0 s after the time that the log has reached`);
    expect(reason(open, at(11))).to.include(`${toCome}; it has not come so far.`);
    // The clock was set back by five minutes: the log says less than the observer counts.
    expect(reason(open, at(8, { offsetMs: 5 * minute }))).to.include(
      `b has to come by ${said(5)}, 2 min after the time that the log has reached (${said(3)})`,
    );
    const occurred = { slots: [{ ...terms, timeBase: "occurred" as const }] };
    const both = { state: { logTimeMs: start + 8 * minute, businessTimeMs: start + 7 * minute } };
    expect(reason(open, { ...occurred, ...both })).to.include("3 min after the time that the log has reached");
    expect(reason(open, { state: { logTimeMs: null } })).to.include(`${toCome}; it has not`);
  });

  it("tells of the flag when time passed, and whether an event has proved it", () => {
    const { definition } = observerOf([terms]);
    const { hash } = definition;
    const data = {
      observer: "watch",
      definition: hash,
      case: "k",
      slot: "slot",
      decidedAt: new Date(start + 11 * minute).toISOString(),
    };
    const flag = (more: object = {}, kind = "Missing", streamName = "rollcall.flags-watch-x-k") =>
      event(`observer.${kind}`, 11, { id: "flag", streamName, data: { ...data, ...more } });
    const passed = (...log: LogRecord[]) => reason(missing, { log }).split("; ")[2];
    expect(passed(flag())).to.equal(`log time passed that at ${said(11)} (flag flag)`);
    expect(passed(flag({ provisional: true }))).to.equal(
      `by the observer's own clock, which no event has confirmed, that passed at ${said(11)} (flag flag)`,
    );
    for (const other of [
      flag({ observer: "other" }),
      flag({ case: "other" }),
      flag({ definition: "other" }),
      flag({ slot: "other" }),
      flag({ round: 2 }),
      flag({ slot: undefined }),
      flag({}, "Orphan"),
      flag({}, "Missing", "rollcall.flagsnot-x"),
      flag({}, "Missing", "some-rollcall.flags-watch-x-k"),
    ])
      expect(passed(other), JSON.stringify(other)).to.equal("log time has passed that");
    // What serves was made by another definition: its flags count too.
    const served = reason(missing, { log: [flag({ definition: "served" })], hash: "served" });
    expect(served).to.include("(flag flag)");
  });

  it("tells what is recorded behind where the observer stands, and has not been judged", () => {
    const but = (type: string, minutes: number) =>
      ` But ${told(type, minutes)} is recorded, and has not been judged yet: the observer stands at position 105.`;
    const behind = (slot: Partial<Slot>, ...log: LogRecord[]) => {
      const words = reason(slot, { log, position: 105n });
      return words.includes(" But ") ? words.slice(words.indexOf(" But ")) : "";
    };
    expect(behind(open, event("b", 6), event("b", 7))).to.equal(but("b", 6));
    expect(behind(open, event("b", 5))).to.equal("");
    expect(behind(open, event("c", 6))).to.equal(but("c", 6));
    expect(behind(open, event("a", 6)), "it is open already").to.equal("");
    expect(behind({ state: "EARLY" }, event("a", 6))).to.equal(but("a", 6));
    expect(behind({ state: "EARLY" }, event("x", 6))).to.equal("");
    expect(behind({ state: "ORPHAN", orphanMs: start }, event("a", 6))).to.equal(
      `${but("a", 6)} Nobody has acknowledged it.`,
    );
    expect(behind(missing, event("b", 6))).to.equal(`${but("b", 6)} Nobody has acknowledged it.`);
  });

  it("tells of what is amiss who knows of it, and what comes next", () => {
    const escalating = { slots: [{ ...terms, escalateMs: [5 * minute, 20 * minute] }] };
    const standing = (slot: Partial<Slot>, acknowledged?: Case["acknowledged"], known: Known = escalating) => {
      const words = reason({ ...missing, ...slot }, { ...known, ...(acknowledged && { found: { acknowledged } }) });
      return words.slice(words.indexOf("came since.") + "came since.".length);
    };
    expect(standing({})).to.equal(
      ` Nobody has acknowledged it; it escalates at ${said(15)}, 5 min after the deadline.`,
    );
    expect(standing({ step: 1 })).to.equal(
      ` Escalated once. Nobody has acknowledged it; it escalates at ${said(30)}, 20 min after the deadline.`,
    );
    expect(standing({ step: 2 })).to.equal(
      " Escalated 2 times. It does not escalate any further. Nobody has acknowledged it.",
    );
    expect(standing({}, undefined, {})).to.equal(" Nobody has acknowledged it.");
    const by = { eventId: "x", atMs: start + minute, by: "ada", note: "on it" };
    const seen = { acknowledged: true } as const;
    expect(standing(seen, by)).to.equal(` Acknowledged by ada at ${said(1)}: "on it"; it does not escalate any more.`);
    expect(standing(seen, { eventId: "x", atMs: start })).to.equal(
      ` Acknowledged at ${said(0)}; it does not escalate any more.`,
    );
    expect(standing(seen)).to.equal(" Acknowledged; it does not escalate any more.");
  });

  it("looks among the events of the run alone, as far as they tell", () => {
    const data = (p: string) => ({ data: { p, w: p } });
    const log = [event("a", 0), event("b", 1, data("x")), event("b", 2, data("y")), event("c", 3, data("x"))];
    const met = { ...open, state: "MET" as const };
    const per = (more: Partial<SlotTerms> = {}): Known => ({ slots: [{ ...terms, per: "data.p", ...more }], log });
    expect(reason(met, per(), "slot[x]")).to.include(`${told("b", 1)} came`);
    expect(reason(met, per(), "slot[y]")).to.include(`${told("b", 2)} came`);
    expect(reason(met, per(), "slot[z]")).to.include("; b came, by");
    expect(reason({ state: "WAIVED" }, per(), "slot[x]")).to.include(`${told("c", 3)} came`);
    expect(reason({ state: "WAIVED" }, per(), "slot[y]")).to.include("WAIVED: c came,");
    const anyUnless = per({ per: { trigger: "data.p", counterpart: "data.p" } });
    expect(reason({ state: "WAIVED" }, anyUnless, "slot[y]")).to.include(`${told("c", 3)} came`);
    const rounds: Known = { slots: [{ ...terms, eachTime: true }], log };
    expect(reason(met, rounds)).to.include(`${told("b", 2)} came`);
    const slots = { slot: met as Slot, "slot#2": met as Slot };
    expect(reason(met, { ...rounds, found: { slots } }), "nobody can tell").to.include("; b came, by");
    const where: Known = { slots: [{ ...terms, where: "w" }], log };
    expect(reason({ ...met, trigger: { w: "x" } }, where)).to.include(`${told("b", 1)} came`);
    const unreadable = () => {
      throw new Error("its shape is not known");
    };
    expect(reason({ ...met, trigger: { w: "x" } }, { ...where, dataOf: unreadable })).to.include(
      `${told("b", 2)} came`,
    );
    expect(reason(met, { ...per(), dataOf: unreadable }, "slot[x]")).to.include("; b came, by");
    // What Rollcall records, and what controls observers, is no event of a domain.
    for (const other of [{ streamName: "rollcall.b-1" }, { streamName: "rollcall.flags" }])
      expect(reason(met, { log: [event("b", 9, other)] })).to.include("; b came, by");
  });

  it("tells of a sequence what completed the one before", () => {
    const slots: SlotTerms[] = [
      terms,
      { ...terms, slot: "then", trigger: [], counterpart: ["d"], after: "slot", unless: [] },
    ];
    expect(reason(open, { slots, log: [event("b", 0, { id: "a-0" })] }, "then")).to.match(
      /^OPEN: b at .* completed slot, which opened this; d has to come by/,
    );
    expect(reason(open, { slots }, "then")).to.match(
      /^OPEN: the completion of slot at .* \(event a-0\) completed slot, which opened this;/,
    );
    const [first, then] = observerOf(slots).definition.slots;
    expect(untouchedInWords(first!)).to.equal("IDLE: neither a nor b came.");
    expect(untouchedInWords(then!)).to.equal("IDLE: neither a completion of slot nor d came.");
  });

  it("tells times that no calendar has", () => {
    expect(timeInWords(8.64e15)).to.equal("+275760-09-13 00:00:00.000Z");
    expect(timeInWords(-8.64e15)).to.equal("-271821-04-20 00:00:00.000Z");
    expect(timeInWords(8.64e15 + 1)).to.equal("a time that no calendar has");
    expect(timeInWords(-Infinity)).to.equal("a time that no calendar has");
  });
});

describe("the timeline of a case", () => {
  const { hash } = observerOf([terms]).definition;
  const told = (known: Known) =>
    timelineOf(store, evidenceOf(known)).map(({ atMs, kind, words, slot, passed }) =>
      [(atMs - start) / minute, kind, words, slot ?? "-", passed ?? "-"].join(" | "),
    );
  const flag = (minutes: number, data: object, kind = "Missing"): LogRecord =>
    event(`observer.${kind}`, minutes, {
      streamName: "rollcall.flags-watch-x-k",
      data: {
        observer: "watch",
        version: 1,
        definition: hash,
        case: "k",
        decidedAt: new Date(start).toISOString(),
        ...data,
      },
    });

  it("says what each event is to the expectations", () => {
    const slots = [terms, { ...terms, slot: "two", trigger: ["b"], counterpart: ["a"] }];
    expect(told({ slots, log: [event("a", 0), event("b", 1), event("c", 2), event("x", 3)] })).to.deep.equal([
      "0 | event | opens slot, expected by two | - | -",
      "1 | event | expected by slot, opens two | - | -",
      "2 | event | waives slot, waives two | - | -",
      "3 | event |  | - | -",
    ]);
  });

  it("says what flags, acknowledgements and alarms say, and whose they are", () => {
    const log = [
      flag(1, { slot: "slot" }),
      flag(2, { slot: "slot", round: 2, provisional: true }),
      flag(3, { observer: "other", slot: "theirs" }),
      flag(4, { slot: "slot", definition: "earlier", version: 7 }),
      flag(5, {}, "Uncorrelated"),
      event("observer.Acknowledged", 6, { data: { slot: "slot", by: "ada", note: "on it" } }),
      event("observer.Acknowledged", 7),
      event("observer.Divergence", 8, { data: { detail: "another is recorded" } }),
      event("observer.HistoryTruncated", 9, { data: { detail: "its beginning is gone" } }),
    ];
    expect(told({ log })).to.deep.equal([
      "1 | flag | Missing slot: the counterpart did not come | slot | -",
      "2 | flag | Missing slot#2: the counterpart did not come (provisional: the log has not proved it) | slot#2 | -",
      "3 | flag | Missing theirs (other): the counterpart did not come | theirs | -",
      "4 | flag | Missing slot (of version 7): the counterpart did not come | slot | -",
      "5 | flag | Uncorrelated: an event belongs to no case | - | -",
      '6 | acknowledgement | slot acknowledged by ada: "on it" | - | -',
      "7 | acknowledgement | acknowledged | - | -",
      "8 | alarm | another is recorded | - | -",
      "9 | alarm | its beginning is gone | - | -",
    ]);
  });

  it("says what is due when, after what is in time for it, and whether it has passed", () => {
    const escalateMs = [5 * minute];
    const slots = {
      "slot[b]": { ...missing, count: 0 } as Slot,
      "slot[a]": { state: "ORPHAN", count: 0, orphanMs: start + 30 * minute } as Slot,
      gone: { ...open, count: 0 } as Slot,
    };
    const per = [{ ...terms, per: "data.p", escalateMs }];
    const known = { slots: per, found: { slots }, log: [event("b", 10)], state: { logTimeMs: start + 15 * minute } };
    expect(told(known)).to.deep.equal([
      "10 | event | expected by slot | - | -",
      "10 | deadline | deadline of slot[b]: b | slot[b] | true",
      "15 | deadline | slot[b] escalates | slot[b] | false",
      "30 | deadline | slot[a]: a due at the latest | slot[a] | false",
      "35 | deadline | slot[a] escalates | slot[a] | false",
    ]);
    const offset = { logTimeMs: start + 15 * minute, offsetMs: 5 * minute };
    expect(told({ ...known, state: offset })[0]).to.equal("5 | deadline | deadline of slot[b]: b | slot[b] | true");
    expect(told({ ...known, state: {} })[1], "nothing has been read").to.match(/false$/);
    expect(told({ found: { slots: { slot: open as Slot } } })).to.have.length(1);
  });

  it("goes by the log, in which nothing counts earlier than what stands before it, or by business time", () => {
    const log = [event("a", 5), event("b", 3, { occurredAtMs: start }), flag(4, { slot: "slot" })];
    expect(told({ log }).map((line) => line.split(" ")[0])).to.deep.equal(["5", "5", "5"]);
    const slots = [{ ...terms, timeBase: "occurred" as const }];
    const { hash: definition } = observerOf(slots).definition;
    const decided = flag(4, { slot: "slot", definition, decidedAt: new Date(start + minute).toISOString() });
    expect(
      told({ slots, log: [log[0]!, log[1]!, decided] }).map((line) => line.split(" | ").slice(0, 2)),
    ).to.deep.equal([
      ["0", "event"],
      ["1", "flag"],
      ["5", "event"],
    ]);
  });
});
