import { expect } from "chai";
import { MemoryEventStore, randomId } from "../../src/index.js";
import {
  afterTaking,
  atFirst,
  controlEvent,
  controlsFrom,
  firstUnread,
  placeOf,
  type LocalControl,
} from "../../src/observer/local-control.js";
import { controlRow } from "../../src/observer/rows.js";

describe("what counts between two events of a log that is only read", () => {
  const own = { id: "x", type: "observer.Acknowledged", data: { by: "ada" }, position: "7" };

  it("has its place just after an event, or before the first", () => {
    expect([{}, { after: "0" }, { after: "12" }].map(placeOf)).to.deep.equal([-1n, 0n, 12n]);
    expect([{}, { after: "12" }].map((place) => controlEvent({ ...place, atMs: 1 }).position)).to.deep.equal([0n, 13n]);
  });

  it("is a tick of the observer's own clock, or an event that was recorded for it", () => {
    const tick = controlEvent({ after: "12", atMs: 1_000 });
    expect(tick).to.include({ type: "observer.ClockTick", recordedAtMs: 1_000, imported: false });
    expect(tick.data).to.deep.equal({ askedAt: "1970-01-01T00:00:01.000Z" });
    expect(tick.correlationId).to.equal(undefined);
    expect(controlEvent({ after: "13", atMs: 1_000 }).id, "of one time it is one").to.equal(tick.id);
    expect(controlEvent({ after: "12", atMs: 1_001 }).id).to.not.equal(tick.id);
    const event = controlEvent({ after: "12", event: own });
    expect(event).to.include({ id: "x", type: own.type, data: own.data, recordedAtMs: -Infinity });
  });

  it("is counted, and with it where the recorded one stood", () => {
    const ticked = afterTaking(atFirst, { atMs: 1 });
    expect(ticked).to.deep.equal({ kept: 0, taken: 1 });
    const taken = afterTaking(ticked, { event: own });
    expect(taken).to.deep.equal({ kept: 0, taken: 2, ownPosition: "7" });
    expect(afterTaking(taken, { atMs: 2 })).to.deep.equal({ kept: 0, taken: 3, ownPosition: "7" });
  });

  it("is read in order, from a number on, however many there are", async () => {
    const all: LocalControl[] = Array.from({ length: 450 }, (_, i) => ({ atMs: i }));
    const rows = new Map(all.map((control, i) => [controlRow(i), control]));
    const asked: number[] = [];
    const readModels = {
      rows: async (_: unknown, keys: readonly string[]) => {
        asked.push(keys.length);
        return new Map(keys.flatMap((key) => (rows.has(key) ? [[key, rows.get(key)!] as const] : [])));
      },
    };
    const read = (first: number) => controlsFrom(readModels as never, {} as never, first);
    expect(await read(0)).to.deep.equal(all);
    expect(asked).to.deep.equal([200, 200, 200]);
    expect(await read(448)).to.deep.equal(all.slice(448));
    expect(await read(450)).to.deep.equal([]);
  });

  it("may count once everything that was recorded is read", async () => {
    const store = new MemoryEventStore();
    const filter = { eventTypes: ["a"] };
    expect(await firstUnread(store, filter, undefined)).to.equal(undefined);
    for (const type of ["b", "a", "b", "a"])
      await store.append("s", [{ id: randomId(), type, data: {} }], { expectedRevision: "any" });
    const unread = [undefined, 1n, 2n, 3n, 4n].map((after) => firstUnread(store, filter, after));
    expect(await Promise.all(unread)).to.deep.equal([2n, 2n, 4n, 4n, undefined]);
  });
});
