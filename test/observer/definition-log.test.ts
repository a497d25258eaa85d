import { expect } from "chai";
import { DefinitionChanged, DefinitionMissing, MemoryEventStore, randomId, versionsOnRecord } from "../../src/index.js";
import { plainDefinition } from "../../src/observer/definition.js";
import {
  changesOf,
  checkUnchanged,
  recordDefinition,
  recordedDefinitions,
  type ObserverDefinedData,
} from "../../src/observer/definition-log.js";
import type { SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms, type Declared } from "./feed.js";

const definition = (version: number, terms: Partial<SlotTerms> = {}, declared: Declared = {}) =>
  observerOf([{ ...plainTerms, ...terms }], { declared: { version, ...declared } }).definition;
const failureOf = (done: Promise<unknown>) =>
  done.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("the record of definitions", () => {
  let store: MemoryEventStore;
  beforeEach(() => {
    store = new MemoryEventStore();
  });
  const record = async (...all: readonly ReturnType<typeof definition>[]) => {
    for (const [i, each] of all.entries()) await recordDefinition(store, each, i);
  };
  const events = async () => {
    const found = [];
    for await (const page of store.readStream("rollcall.observers-watch")) found.push(...page);
    return found;
  };

  it("says who is defined how, and from where on", async () => {
    const own = definition(2, { unless: ["c"] }, { applyTo: "open" });
    await store.append("some-k", [{ id: randomId(), type: "a", data: {} }], { expectedRevision: "any" });
    const { definition: same, position, after } = await recordDefinition(store, own, 0);
    expect(same).to.equal(own);
    const [event, ...others] = await events();
    expect(others).to.deep.equal([]);
    expect([position, after]).to.deep.equal([event!.position, event!.position]);
    const { hash } = own;
    expect(event!.type).to.equal("observer.ObserverDefined");
    expect(event!.data).to.deep.equal(
      JSON.parse(JSON.stringify({ observer: "watch", version: 2, hash, applyTo: "open", terms: plainDefinition(own) })),
    );
    expect(await versionsOnRecord(store, "watch")).to.deep.equal([
      { version: 2, hash, applyTo: "open", position, recordedAtMs: event!.recordedAtMs },
    ]);
    expect(await recordDefinition(store, own, 0), "the same again is found recorded").to.deep.include({ position });
    expect(await events()).to.have.length(1);
    expect(await recordedDefinitions(store, [own])).to.deep.equal([{ definition: own, position, after: position }]);
  });

  it("says, where the log is only read, where that ended", async () => {
    const heads = async (own: ReturnType<typeof definition>, recorded: number, log: bigint | undefined) => {
      const reading = Object.assign(Object.create(store) as MemoryEventStore, { own: store, head: async () => log });
      const { position, after } = await recordDefinition(reading, own, recorded);
      return [position, after];
    };
    const [first, second] = [definition(1), definition(2)];
    expect(await heads(first, 0, undefined)).to.deep.equal([0n, undefined]);
    expect(await heads(second, 1, 7n)).to.deep.equal([8n, 7n]);
    expect((await events()).map(({ data }) => (data as ObserverDefinedData).head)).to.deep.equal([null, "7"]);
    const places = (await recordedDefinitions(store, [second])).map(({ position, after }) => [position, after]);
    expect(places).to.deep.equal([
      [0n, undefined],
      [8n, 7n],
    ]);
  });

  it("gives the terms of those whose code is gone; of predicates those that are at hand", async () => {
    const slow = { timeBase: "occurred", latenessMs: 5, min: 2 } as const;
    const asking = definition(2, { where: "w" });
    await record(definition(1, slow), asking, definition(3));
    await store.append("rollcall.observers-watch", [{ id: randomId(), type: "other", data: {} }], {
      expectedRevision: "any",
    });
    const found = await recordedDefinitions(store, [definition(3), asking]);
    expect(found.map(({ definition: { version } }) => version)).to.deep.equal([1, 2, 3]);
    const [first, second] = found.map((each) => each.definition);
    expect(JSON.stringify(plainDefinition(first!))).to.equal(JSON.stringify(plainDefinition(definition(1, slow))));
    expect(first).to.deep.include({ hash: definition(1, slow).hash, toleranceMs: Infinity, applyTo: "new" });
    expect(first!.slots[0]!.annotations).to.deep.equal({});
    expect(second!.slots[0]!.where).to.equal(asking.slots[0]!.where);
    expect(await versionsOnRecord(store, "watch")).to.have.length(3);
    // How it was applied is on record; what the code says now is of no account.
    const applied = { ...asking, applyTo: "open" as const };
    expect((await recordedDefinitions(store, [definition(3), applied]))[1]!.definition.applyTo).to.equal("new");
  });

  it("lacks no predicate of what nothing is judged by", async () => {
    const asking = (version: number, declared: Declared = {}) => definition(version, { where: "w" }, declared);
    await record(asking(1), definition(2, {}, { applyTo: "all" }), definition(3));
    const versions = async (own: ReturnType<typeof definition>) =>
      (await recordedDefinitions(store, [own])).map((each) => each.definition.version);
    expect(await versions(definition(3))).to.deep.equal([1, 2, 3]);
    await recordDefinition(store, asking(4), 3);
    const missing = await failureOf(recordedDefinitions(store, [definition(5)]));
    expect(missing).to.be.instanceOf(DefinitionMissing).and.include({ observer: "watch", version: 4, slot: "slot" });
    expect(await versions(definition(5, {}, { applyTo: "all" })), "all of it is judged anew").to.have.length(4);
    const changed = await failureOf(
      recordedDefinitions(
        store,
        [asking(4, {})].map((own) => ({ ...own, hash: "x", closeAfterMs: 5 })),
      ),
    );
    expect(changed).to.be.instanceOf(DefinitionChanged);
    expect((changed as DefinitionChanged).changes).to.deep.equal(["closeAfterMs was not declared, is 5"]);
    const agreeing = definition(5, { agreeing: "w" });
    await recordDefinition(store, agreeing, 4);
    expect(await failureOf(recordedDefinitions(store, [definition(6), asking(4)])))
      .to.be.instanceOf(DefinitionMissing)
      .and.include({ version: 5 });
  });

  it("is not taken for another where the version is the same, and the terms are", () => {
    const on = (...all: ReturnType<typeof definition>[]) => all.map((each) => ({ definition: each }));
    const [one, two, other] = [definition(1), definition(2), definition(2, { withinMs: 9 })];
    checkUnchanged(two, on());
    checkUnchanged(two, on(one));
    checkUnchanged(two, on(one, two));
    expect(() => checkUnchanged(other, on(one, two))).to.throw(DefinitionChanged, /slot\.withinMs was 10, is 9/);
  });

  it("says what a later definition changes, by the names of the slots", () => {
    const [before, after] = [
      observerOf([
        { ...plainTerms, slot: "b", max: 2, closeAfterMs: 5 },
        { ...plainTerms, slot: "c", closeAfterMs: 5 },
      ]).definition,
      observerOf(
        [
          { ...plainTerms, slot: "b", unless: ["x"], key: "id" },
          { ...plainTerms, slot: "a", key: "id" },
        ],
        { declared: { version: 2 } },
      ).definition,
    ];
    expect(changesOf(before, after)).to.deep.equal([
      'key was not declared, is "id"',
      "closeAfterMs was 5, is not declared",
      "a was added",
      'b.unless was [], is ["x"]',
      "b.max was 2, is not declared",
      "c was removed",
    ]);
    expect(changesOf(before, before)).to.deep.equal([]);
  });
});
