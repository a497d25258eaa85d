import { expect } from "chai";
import {
  DefinitionChanged,
  DefinitionMissing,
  ReadModelOutdated,
  rebuild,
  type Case,
  type FlagData,
} from "../../src/index.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { flagEventsIn } from "../simulation/log-records.js";
import { plainTerms } from "./feed.js";
import { Redefining, type Session } from "./redefining.js";

const payment: SlotTerms = { ...plainTerms, slot: "payment" };
const shipment: SlotTerms = { ...plainTerms, slot: "shipment", counterpart: ["c"], withinMs: 20 };

let count = 0;
/** `a` of case `k` at so many milliseconds. */
const event = (type: string, recordedAtMs: number, name = "k", more: Partial<LogRecord> = {}): LogRecord => ({
  id: `${type}-${name}-${recordedAtMs}-${count++}`,
  type,
  correlationId: name,
  position: 0,
  recordedAtMs,
  ...more,
});
const timeIs = (recordedAtMs: number): LogRecord => ({
  ...event("observer.ClockTick", recordedAtMs),
  correlationId: undefined,
});

describe("an observer whose definition changes", () => {
  let redefining: Redefining;
  beforeEach(async () => {
    redefining = await Redefining.open();
  });
  afterEach(() => redefining.close());

  /** One version is live from its start until it has read and committed what follows. */
  const live = async (observer: ReturnType<ReturnType<Redefining["next"]>>, ...records: readonly LogRecord[]) => {
    const session = await redefining.start(observer);
    await redefining.record(records);
    await session.read();
    await session.commit();
    session.kill();
  };
  /** Each as `kind slot of case, version, deadline`. */
  const flags = async () =>
    flagEventsIn(await redefining.events()).map(({ type, data }) => {
      const { slot, case: name, version, deadline } = data as FlagData;
      return `${type.replace("observer.", "")} ${slot} of ${name} by ${version}: ${Date.parse(deadline ?? "")}`;
    });
  const slots = async (name = "k") => {
    const row = (await redefining.seen("watch")).rows[`case/${name}`];
    const found = (row ? JSON.parse(row) : { slots: {} }) as Case;
    return Object.fromEntries(Object.entries(found.slots).map(([slot, { state }]) => [slot, state]));
  };
  /** A rebuild in another store comes to the same, and appends nothing. */
  const expectRebuilt = async (observer: ReturnType<ReturnType<Redefining["next"]>>) => {
    const [seen, head] = [await redefining.seen("watch"), await redefining.store.head()];
    expect(await redefining.rebuilt(observer)).to.deep.equal(seen);
    expect(await redefining.store.head()).to.equal(head);
  };
  const failureOf = (started: Promise<unknown>) =>
    started.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("judges by the earlier terms what they have opened, and by the new ones what begins from then on", async () => {
    const first = redefining.next([payment]);
    await live(first(), event("a", 100, "old"), event("a", 100, "old and in time"));
    const second = redefining.next([{ ...payment, withinMs: 50 }]);
    await live(
      second(),
      event("b", 110, "old and in time"),
      event("a", 111, "new"),
      event("b", 161, "other"),
      timeIs(162),
    );
    expect(await flags()).to.deep.equal(["Missing payment of old by 1: 110", "Missing payment of new by 2: 161"]);
    await expectRebuilt(second());
  });

  it("goes on to await what it does not declare any more, where it was opened", async () => {
    await live(redefining.next([payment, shipment])(), event("a", 100, "old"));
    const second = redefining.next([payment]);
    await live(second(), event("b", 105, "old"), event("a", 110, "new"), event("b", 115, "new"), timeIs(200));
    expect(await flags()).to.deep.equal(["Missing shipment of old by 1: 120"]);
    expect(await slots("new")).to.deep.equal({ payment: "MET" });
    await expectRebuilt(second());
  });

  describe("which adds a slot", () => {
    const begun = () => live(redefining.next([payment])(), event("a", 100), event("c", 101), event("a", 100, "late"));
    const next = (applyTo: "new" | "open") => redefining.next([payment, shipment], { applyTo });
    const whatFollows = [event("a", 150, "new"), event("b", 151, "new"), timeIs(300)];

    it("does not await it in cases that have begun", async () => {
      await begun();
      const second = next("new");
      await live(second(), ...whatFollows);
      expect(await flags()).to.deep.equal([
        "Missing payment of k by 1: 110",
        "Missing payment of late by 1: 110",
        "Missing shipment of new by 2: 170",
      ]);
      expect(await slots()).to.deep.equal({ payment: "MISSING", shipment: "UNJUDGED" });
      await expectRebuilt(second());
    });

    it("awaits it in open cases too, from the definition on, if it was asked to; what came before counts", async () => {
      await begun();
      const second = next("open");
      await live(second(), ...whatFollows);
      expect(await flags()).to.deep.equal([
        "Missing payment of k by 1: 110",
        "Missing payment of late by 1: 110",
        // The definition was recorded at 101.
        "Missing shipment of late by 2: 121",
        "Missing shipment of new by 2: 170",
      ]);
      expect(await slots()).to.deep.equal({ payment: "MISSING", shipment: "MET" });
      await expectRebuilt(second());
    });

    it("awaits it from the definition on in business time too, whenever the trigger occurred", async () => {
      const terms = { ...payment, withinMs: 200, timeBase: "occurred", live: true } as const;
      await live(redefining.next([terms])(), event("a", 99, "k", { occurredAtMs: 40 }), event("b", 100, "other"));
      const second = redefining.next([terms, { ...shipment, timeBase: "occurred", live: true }], { applyTo: "open" });
      await live(second(), timeIs(300));
      expect(await flags()).to.deep.equal([
        // The latest that had occurred by the definition did so at 100.
        "Missing shipment of k by 2: 120",
        "Missing payment of k by 1: 240",
      ]);
      await expectRebuilt(second());
    });

    it("counts what came before the definition for a trigger that comes after it", async () => {
      await live(redefining.next([payment])(), event("c", 90));
      const second = next("new");
      await live(second(), event("a", 150), event("b", 151), timeIs(300));
      expect(await flags()).to.deep.equal([]);
      expect(await slots()).to.deep.equal({ payment: "MET", shipment: "MET" });
      await expectRebuilt(second());
    });

    it("does not miss the trigger of what came before the definition", async () => {
      await live(redefining.next([payment])(), event("c", 90), event("b", 90, "other"));
      const second = redefining.next([payment, { ...shipment, orphanWithinMs: 5 }]);
      await live(second(), event("c", 150, "new"), timeIs(300));
      expect(await flags()).to.deep.equal(["Orphan shipment of new by 2: 155"]);
      expect(await slots()).to.deep.equal({ shipment: "EARLY" });
      await expectRebuilt(second());
    });

    it("misses it where the case is open, from the definition on", async () => {
      const terms = { ...payment, timeBase: "occurred", live: true } as const;
      await live(redefining.next([terms])(), event("a", 100), event("c", 101, "k", { occurredAtMs: 90 }));
      const added = { ...terms, ...shipment, trigger: ["d"], orphanWithinMs: 5, timeBase: "occurred" } as const;
      const second = redefining.next([terms, added], { applyTo: "open" });
      await live(second(), event("b", 102), timeIs(300));
      expect(await flags()).to.deep.equal(["Orphan shipment of k by 2: 100"]);
      await expectRebuilt(second());
    });
  });

  describe("which adds a slot, and reads again what came before,", () => {
    const adds = (more: Partial<SlotTerms> = {}, applyTo: "new" | "open" = "new") =>
      redefining.next([payment, { ...shipment, ...more }], { applyTo });

    it("counts an event once that comes again after it", async () => {
      const c = event("c", 90);
      await live(redefining.next([payment])(), c, { ...c, recordedAtMs: 91, streamName: "again-k" });
      const second = adds({ max: 1 });
      await live(second(), { ...c, recordedAtMs: 92, streamName: "once-more-k" }, event("a", 93), event("b", 94));
      expect(await flags()).to.deep.equal([]);
      expect(await slots()).to.deep.equal({ payment: "MET", shipment: "MET" });
      await expectRebuilt(second());
    });

    it("raises no flag by it, and numbers those that come as if there had been none", async () => {
      await live(redefining.next([payment])(), event("c", 90), event("c", 91));
      const second = adds({ max: 1 });
      await live(second(), event("c", 92), event("a", 93), event("b", 94));
      const [flag, ...others] = flagEventsIn(await redefining.events());
      expect(flag?.data).to.include({ slot: "shipment", sequence: 0, version: 2 });
      expect(others).to.deep.equal([]);
      await expectRebuilt(second());
    });

    it("takes no case for open because of what it has just read", async () => {
      await live(redefining.next([payment])(), event("c", 90), event("a", 91), event("b", 92));
      const second = adds({ min: 2 }, "open");
      await live(second(), timeIs(200));
      expect(await flags()).to.deep.equal([]);
      expect(await slots()).to.deep.equal({ payment: "MET", shipment: "UNJUDGED" });
      await expectRebuilt(second());
    });

    it("takes a case for open of which one slot is awaited, though another is done", async () => {
      const other = { ...payment, slot: "other", counterpart: ["d"], withinMs: 100 };
      await live(redefining.next([payment, other])(), event("a", 90), event("b", 91));
      const second = redefining.next([payment, other, shipment], { applyTo: "open" });
      await live(second(), timeIs(120));
      expect(await flags()).to.deep.equal(["Missing shipment of k by 2: 111"]);
      await expectRebuilt(second());
    });

    it("leaves closed cases alone", async () => {
      const [closing, added] = [payment, shipment].map((slot) => ({ ...slot, closeAfterMs: 5 })) as [
        SlotTerms,
        SlotTerms,
      ];
      await live(redefining.next([closing])(), event("a", 90), event("b", 91), event("c", 92), timeIs(150));
      const before = (await redefining.seen("watch")).rows["case/k"];
      const second = redefining.next([closing, added], { applyTo: "open" });
      await live(second(), timeIs(200));
      expect((await redefining.seen("watch")).rows["case/k"]).to.equal(before);
      await expectRebuilt(second());
    });

    it("does not read again what it skips: imported events, and events without a case", async () => {
      const lost = event("c", 92, "none", { correlationId: undefined });
      await live(redefining.next([payment])(), event("c", 90, "k", { imported: true }), lost);
      const second = adds({ inOrder: true });
      await live(second(), event("a", 93), event("c", 94), event("b", 94));
      expect(await flags()).to.deep.equal([]);
      await expectRebuilt(second());
    });
  });

  describe("while events wait for their time, or for what their alias means", () => {
    const slow = { ...payment, timeBase: "occurred", latenessMs: 50, live: true } as const;
    const data = { w: 1, p: "p", n: 2, pay: "x" };
    const asking = { where: "w", min: "data.n", max: "data.n" };

    it("reads of them what the new terms ask for", async () => {
      await live(redefining.next([slow])(), event("a", 100, "k", { data }), event("b", 101, "k", { data }));
      const second = redefining.next([{ ...slow, ...asking }]);
      await live(second(), event("b", 102, "k", { data }), event("b", 103, "k", { data }), timeIs(200));
      expect(await slots()).to.deep.equal({ payment: "MET" });
      expect((await flags()).map((flag) => flag.split(" ")[0])).to.deep.equal(["Duplicate"]);
      await expectRebuilt(second());
    });

    it("counts them in every slot, once, when their turn comes", async () => {
      await live(redefining.next([slow])(), event("a", 100), event("b", 101));
      const second = redefining.next([slow, { ...slow, slot: "other", max: 1 }]);
      await live(second(), timeIs(200));
      expect(await slots()).to.deep.equal({ other: "MET", payment: "MET" });
      expect(await flags()).to.deep.equal([]);
      await expectRebuilt(second());
    });

    it("does so too for those whose alias is told later", async () => {
      const keys = { A: { key: "data.key", alias: "data.pay" }, b: { via: "data.pay" } };
      await live(redefining.next([{ ...payment, keys }])(), event("b", 100, "k", { data }));
      const second = redefining.next([{ ...payment, ...asking, min: 1, keys }]);
      await live(
        second(),
        event("a", 101, "k", { data }),
        event("A", 102, "k", { data: { ...data, key: "k" } }),
        timeIs(200),
      );
      expect(await slots()).to.deep.equal({ payment: "MET" });
      await expectRebuilt(second());
    });
  });

  it("knows nothing of pairs that earlier terms had waived, where there are none any more", async () => {
    const waived = { ...payment, unless: ["c"] };
    await live(redefining.next([{ ...waived, per: { trigger: "data.p", counterpart: "data.p" } }])(), event("c", 100));
    const second = redefining.next([{ ...waived, eachTime: true }]);
    await live(second(), event("a", 101), event("a", 102), timeIs(200));
    expect(await slots()).to.deep.equal({ payment: "WAIVED", "payment#2": "MISSING" });
    await expectRebuilt(second());
  });

  it("reads again which pairs were waived, where the new terms tell them apart otherwise", async () => {
    const waived = { ...payment, unless: ["c"] };
    const other = { trigger: "metadata.$causationId", counterpart: "data.p" };
    await live(redefining.next([{ ...waived, per: { trigger: "data.p", counterpart: "data.p" } }])(), event("c", 100));
    const second = redefining.next([{ ...waived, per: other }]);
    await live(second(), event("a", 101, "k", { metadata: { $causationId: "x" } }), timeIs(200));
    expect(await slots()).to.deep.equal({ payment: "IDLE", "payment[x]": "WAIVED" });
    await expectRebuilt(second());
  });

  it("waits for a rebuild where its keys are others: what is open under one would wait in vain for what comes under another", async () => {
    const data = { key: "other" };
    await live(redefining.next([{ ...payment, key: "data.key" }])(), event("a", 100, "k", { data }));
    const second = redefining.next([payment]);
    const refused = await redefining.start(second()).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ReadModelOutdated);
    expect(await flags()).to.deep.equal([]);
  });

  it("begins, in a rebuild too, with an event that it read then", async () => {
    const from = { time: new Date(100).toISOString() };
    const first = redefining.next([{ ...payment, from }]);
    // Nobody reads "d" yet, and the clock was set back after it.
    await live(first(), event("d", 120, "x"), event("a", 90), event("a", 101, "y"));
    const second = redefining.next([{ ...payment, from, counterpart: ["b", "d"] }]);
    await live(second(), timeIs(200));
    expect(await flags()).to.deep.equal(["Missing payment of y by 1: 111"]);
    await expectRebuilt(second());
  });

  it("goes on where it died between the record of its definition and the first case judged by it", async () => {
    await live(redefining.next([payment])(), event("a", 100, "old"));
    const second = redefining.next([{ ...payment, withinMs: 50 }]);
    const { redeclare } = redefining.readModels;
    redefining.readModels.redeclare = () => Promise.reject(new Error("it dies"));
    expect(await failureOf(redefining.start(second()))).to.have.property("message", "it dies");
    expect(await redefining.definedAt()).to.have.length(2);
    redefining.readModels.redeclare = redeclare;
    await live(second(), event("a", 101, "new"), timeIs(200));
    expect(await redefining.definedAt(), "and records it once").to.have.length(2);
    expect(await flags()).to.deep.equal(["Missing payment of old by 1: 110", "Missing payment of new by 2: 151"]);
    await expectRebuilt(second());
  });

  describe("and that dies between two cases that the definition concerns", () => {
    const small = { cachedCases: 0, cachedDeadlines: 1, commitCases: 1, commitFlags: 1 };

    /** Each time it comes one commit further. */
    const diesOften = async (observer: ReturnType<Redefining["next"]>) => {
      const { commit } = redefining.readModels;
      for (let commits = 0; commits < 3; commits++) {
        let left = commits;
        redefining.readModels.commit = (...args) =>
          left-- > 0 ? commit.apply(redefining.readModels, args) : Promise.reject(new Error("it dies"));
        const session = await redefining.start(observer(small));
        const done = session.read().then(() => session.commit());
        expect(await failureOf(done)).to.have.property("message", "it dies");
        session.kill();
      }
      redefining.readModels.commit = commit;
    };

    it("goes on with the others", async () => {
      const names = ["one", "two", "three"];
      await live(redefining.next([payment])(), ...names.map((name) => event("a", 100, name)), timeIs(111));
      const second = redefining.next([payment, shipment], { applyTo: "open" });
      await diesOften(second);
      await live(second(small), timeIs(200));
      expect((await flags()).slice(3)).to.have.members(names.map((name) => `Missing shipment of ${name} by 2: 131`));
      await expectRebuilt(second());
    });

    it("closes what is to be closed by the new terms alone", async () => {
      const names = ["one", "two", "three"];
      const settled = names.flatMap((name) => [event("a", 100, name), event("b", 101, name)]);
      await live(redefining.next([payment])(), ...settled, timeIs(150));
      const second = redefining.next([
        { ...payment, closeAfterMs: 5 },
        { ...shipment, closeAfterMs: 5 },
      ]);
      await diesOften(second);
      await live(second(small), timeIs(200), event("a", 201, "one"));
      expect((await flags()).map((flag) => flag.split(":")[0])).to.deep.equal([
        "AfterClose payment of one by 2",
        "AfterClose shipment of one by 2",
      ]);
      await expectRebuilt(second());
    });
  });

  describe("and an earlier version", () => {
    const expectsToStandStill = async (session: () => Promise<unknown>) => {
      const [seen, head] = [await redefining.seen("watch"), await redefining.store.head()];
      const failure = await failureOf(session());
      expect(failure).to.be.instanceOf(ReadModelOutdated);
      expect(String(failure)).to.include("version 1 is declared here, version 2 was built and serves");
      expect(await redefining.seen("watch")).to.deep.equal(seen);
      expect(await redefining.store.head()).to.equal(head);
    };

    it("stands still once it starts", async () => {
      const first = redefining.next([payment]);
      await live(first(), event("a", 100));
      await live(redefining.next([shipment])());
      await redefining.record([timeIs(200)]);
      await expectsToStandStill(() => redefining.start(first()));
    });

    it("stands still though the rows are still its own", async () => {
      const first = redefining.next([payment]);
      await live(first(), event("a", 100));
      const second = redefining.next([shipment]);
      redefining.readModels.redeclare = () => Promise.reject(new Error("it dies"));
      await failureOf(redefining.start(second()));
      await redefining.record([timeIs(200)]);
      await expectsToStandStill(() => redefining.start(first()));
    });

    it("stands still where it meets the definition", async () => {
      const first = redefining.next([payment]);
      const session: Session = await redefining.start(first());
      await redefining.record([event("a", 100)]);
      await session.read();
      await session.commit();
      const second = redefining.next([shipment]);
      redefining.readModels.redeclare = () => Promise.reject(new Error("it dies"));
      await failureOf(redefining.start(second()));
      await redefining.record([timeIs(200)]);
      await expectsToStandStill(() => session.read());
    });
  });

  describe("which concerns all of history", () => {
    it("waits for a rebuild, and judges everything by the new terms then", async () => {
      await live(redefining.next([payment])(), event("a", 100), timeIs(111));
      const second = redefining.next([{ ...payment, withinMs: 5 }], { applyTo: "all" });
      const failure = await failureOf(redefining.start(second()));
      expect(failure).to.be.instanceOf(ReadModelOutdated);
      expect(String(failure)).to.include("Rebuild it: npm run rebuild -- watch");
      expect(await redefining.definedAt()).to.have.length(1);
      const { store, readModels } = redefining;
      await rebuild(second(), { store, readModels, holder: "operator" });
      await live(second(), event("a", 120, "new"), timeIs(200));
      expect(await flags()).to.deep.equal([
        "Missing payment of k by 1: 110",
        "Missing payment of k by 2: 105",
        "Missing payment of new by 2: 125",
      ]);
      const marks = flagEventsIn(await redefining.events()).map(({ data }) => (data as FlagData).backfill ?? false);
      expect(marks).to.deep.equal([false, true, false]);
      await expectRebuilt(second());
      // And after that a version that concerns what begins from then on follows on it.
      const third = redefining.next([{ ...payment, withinMs: 7 }]);
      await live(third(), event("a", 210, "third"), timeIs(300));
      expect((await flags()).slice(3)).to.deep.equal(["Missing payment of third by 3: 217"]);
      await expectRebuilt(third());
    });
  });

  it("is refused without a new version, in words that say what changed", async () => {
    await live(redefining.next([payment, shipment])(), event("a", 100));
    const changed = [
      { ...payment, closeAfterMs: 7, withinMs: 9, unless: ["d"] },
      { ...payment, closeAfterMs: 7, slot: "invoice" },
    ];
    const failure = await failureOf(redefining.start(redefining.next(changed, { version: 1, previous: [] })()));
    expect(failure).to.be.instanceOf(DefinitionChanged);
    expect((failure as DefinitionChanged).changes).to.deep.equal([
      "closeAfterMs was not declared, is 7",
      "invoice was added",
      'payment.unless was [], is ["d"]',
      "payment.withinMs was 10, is 9",
      "shipment was removed",
    ]);
  });

  it("is refused in the same words where it has predicates", async () => {
    await live(redefining.next([{ ...payment, where: "w" }])(), event("a", 100));
    const changed = [{ ...payment, where: "w", withinMs: 9 }];
    const failure = await failureOf(redefining.start(redefining.next(changed, { version: 1, previous: [] })()));
    expect(failure).to.be.instanceOf(DefinitionChanged);
    expect((failure as DefinitionChanged).changes).to.deep.equal(["payment.withinMs was 10, is 9"]);
  });

  it("needs the class of an earlier version whose predicates are needed", async () => {
    await live(redefining.next([{ ...payment, where: "w" }])(), event("a", 100));
    const second = [{ ...payment, withinMs: 50 }];
    const failure = await failureOf(redefining.start(redefining.next(second, { version: 2, previous: [] })()));
    expect(failure).to.be.instanceOf(DefinitionMissing);
    expect(failure).to.include({ observer: "watch", version: 1, slot: "payment" });
    await redefining.start(redefining.next(second, { version: 2 })());
  });

  it("is read from the record where its class is not at hand, and no predicate is needed", async () => {
    await live(redefining.next([{ ...payment, timeBase: "occurred", live: true }])(), event("a", 100));
    const second = redefining.next([{ ...payment, withinMs: 50, timeBase: "occurred", live: true }], { previous: [] });
    await live(second(), event("a", 101, "new"), timeIs(200));
    expect(await flags()).to.deep.equal(["Missing payment of k by 1: 110", "Missing payment of new by 2: 151"]);
    await expectRebuilt(second());
  });
});
