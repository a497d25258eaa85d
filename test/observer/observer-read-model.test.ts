import { expect } from "chai";
import { CheckpointMismatch, DefinitionChanged, MemoryEventStore, ReadModelOutdated } from "../../src/index.js";
import { recordDefinition } from "../../src/observer/definition-log.js";
import type { ReadModelStore } from "../../src/projection/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import type { SlotTerms } from "../oracle/records.js";
import { observerClass, observerOf, plainTerms, type Declared } from "./feed.js";

const controls = ["observer.ClockTick", "observer.ClockReset", "observer.Acknowledged", "observer.ObserverDefined"];
const version = (number: number, terms: Partial<SlotTerms> = {}, declared: Declared = {}) =>
  observerOf([{ ...plainTerms, ...terms }], { declared: { version: number, ...declared } });

describe("an observer as a read model", () => {
  let store: MemoryEventStore;
  beforeEach(() => {
    store = new MemoryEventStore({ storeId: "log" });
  });
  const record = async (...all: ReturnType<typeof version>[]) => {
    for (const [i, { definition }] of all.entries()) await recordDefinition(store, definition, i);
  };
  const recorded = async () => {
    const found: { readonly version: number; readonly applyTo: string }[] = [];
    for await (const page of store.readStream("rollcall.observers-watch"))
      found.push(...page.map(({ data }) => data as (typeof found)[0]));
    return found;
  };
  const definitions = async () => (await recorded()).map((each) => each.version);
  const applied = async () => (await recorded()).map(({ applyTo }) => applyTo);
  const failureOf = (done: Promise<unknown>) =>
    done.then(
      () => undefined,
      (error: unknown) => error as Error,
    );

  it("is declared by its definition, and knows those before it", () => {
    const previous = observerClass([{ ...plainTerms, where: "w" }], { version: 1 });
    const second = version(2, {}, { previous: [previous] });
    const { hash } = second.definition;
    expect(second.declaration).to.deep.equal({
      name: "watch",
      version: 2,
      place: "watch",
      definition: `${hash}/2`,
      indexes: ["status", "dueMs"],
    });
    expect(second.known.map((each) => each.version)).to.deep.equal([2, 1]);
    expect(second.filter).to.deep.equal({ eventTypes: ["a", "b", ...controls] });
  });

  it("reads the types of all definitions on record; beside a log that is only read its own alone", async () => {
    await record(version(1, { counterpart: ["z", "c"] }));
    const second = version(2, { unless: ["d"] });
    expect(await second.filterFor(store)).to.deep.equal({ eventTypes: ["a", "b", "c", "d", "z", ...controls] });
    const reading = Object.assign(Object.create(store) as MemoryEventStore, { own: store });
    expect(await second.filterFor(reading)).to.deep.equal({ eventTypes: ["a", "b", "d", ...controls.slice(0, 3)] });
  });

  describe("adopts what an earlier version has made", () => {
    const first = version(1);
    const adopts = (own: ReturnType<typeof version>, of = first, more: object = {}, log: object = store) =>
      own.adopts(
        { version: of.definition.version, definition: of.declaration.definition, ...more } as never,
        log as never,
      );

    it("where that is the last one on record, and records itself", async () => {
      await record(first);
      const second = version(2, { withinMs: 20 });
      expect(await adopts(second)).to.equal(true);
      expect(await definitions()).to.deep.equal([1, 2]);
      expect(await adopts(second), "it died in between").to.equal(true);
      expect(await definitions()).to.deep.equal([1, 2]);
      expect(await adopts(version(3)), "not by a version in between").to.equal(false);
      expect(await adopts(version(3), second)).to.equal(true);
    });

    it("and nothing else", async () => {
      await record(first);
      const none: [string, ReturnType<typeof version>, ReturnType<typeof version>?, object?, object?][] = [
        ["its own", first],
        ["of a later version", version(1), version(2)],
        ["where it concerns all of history", version(2, {}, { applyTo: "all" })],
        ["of other keys", version(2, { key: "data.k" })],
        ["of other keys for one type", version(2, { keys: { a: "data.k" } })],
        ["of another layout", version(2), first, { definition: `${first.definition.hash}/1` }],
        ["of a definition that is not on record", version(2), version(1, { withinMs: 7 })],
        [
          "in a log that is only read",
          version(2),
          first,
          {},
          Object.assign(Object.create(store) as object, { own: store }),
        ],
      ];
      for (const [what, own, of, more, log] of none) expect(await adopts(own, of, more, log), what).to.equal(false);
      expect(await definitions()).to.deep.equal([1]);
      expect(await failureOf(adopts(version(1, { withinMs: 7 })))).to.be.instanceOf(DefinitionChanged);
      store = new MemoryEventStore();
      expect(await adopts(version(2)), "nothing is on record").to.equal(false);
    });
  });

  describe("that is opened", () => {
    let readModels: ReadModelStore;
    beforeEach(async () => {
      readModels = await openSqliteReadModelStore({ file: ":memory:" });
    });
    afterEach(() => readModels.close());
    const opened = async (of: ReturnType<typeof version>, mode: "live" | "rebuild" = "live", own?: object) => {
      const lease = (await readModels.acquire("opener", "test", 60_000))!;
      const generation = await readModels.openActive(of.declaration, lease);
      const signal = AbortSignal.abort();
      const log = Object.assign(Object.create(store) as MemoryEventStore, { ...(own && { own }) });
      return of.open({ generation, lease, mode, readModels, store: log, signal, fail: () => {} } as never);
    };

    it("goes live with its definition on record, once", async () => {
      await opened(version(1), "rebuild");
      expect(await definitions()).to.deep.equal([]);
      await opened(version(1));
      await opened(version(1));
      expect(await definitions()).to.deep.equal([1]);
      expect(await applied()).to.deep.equal(["new"]);
    });

    it("is refused where a later version is on record, or other terms of its own", async () => {
      await record(version(1), version(2));
      const late = await failureOf(opened(version(1)));
      expect(late).to.be.instanceOf(ReadModelOutdated);
      expect(String(late)).to.include("version 1 is declared here, version 2 was built and serves");
      expect(await failureOf(opened(version(2, { withinMs: 7 })))).to.be.instanceOf(DefinitionChanged);
      expect(await definitions()).to.deep.equal([1, 2]);
    });

    it("concerns all of history where it was rebuilt before it is first started", async () => {
      await record(version(1));
      await opened(version(2, { withinMs: 7 }));
      expect(await applied()).to.deep.equal(["new", "all"]);
    });

    it("is not opened by who may not write where what was built does, nor the other way round", async () => {
      const built = async (state: object) => {
        const of = version(1);
        const lease = (await readModels.acquire("builder", "test", 60_000))!;
        const generation = await readModels.openActive(of.declaration, lease);
        const checkpoint = { storeId: "log", position: 1n, handled: 1, state };
        await readModels.commit(generation, lease, { rows: [], checkpoint: checkpoint as never });
        return of;
      };
      const writes = await built({});
      const reading = await failureOf(opened(writes, "rebuild", store));
      expect(reading).to.be.instanceOf(CheckpointMismatch);
      expect(String(reading)).to.include(
        "it was built by a process that writes its flags into the log, this one only reads the log.",
      );
      expect(await failureOf(opened(writes, "rebuild"))).to.equal(undefined);
      const reads = await built({ local: { kept: 0, taken: 0 } });
      expect(String(await failureOf(opened(reads, "rebuild")))).to.include(
        "it was built by a process that only reads the log, this one writes its flags into the log.",
      );
      expect(await failureOf(opened(reads, "rebuild", store))).to.equal(undefined);
    });
  });
});
