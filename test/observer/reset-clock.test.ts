import { expect } from "chai";
import {
  checkReset,
  clockStandings,
  clockStreamOf,
  InvalidReset,
  resetClock,
  takenBack,
  WrongExpectedRevision,
  type ObserverState,
} from "../../src/index.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { Judged, observing, payment } from "./judging.js";

describe("the reset of a wild clock", () => {
  let log: Judged;
  let store: FaultyStore;
  const observer = observing({ payment: payment() });
  const imported = observing({ payment: payment() }, { name: "imported", timeBase: "occurred" });
  const start = Date.UTC(2026, 0, 1);
  const day = 86_400_000;
  beforeEach(async () => {
    const inner = await Judged.open();
    log = inner;
    inner.store = store = new FaultyStore(inner.store);
  });
  afterEach(() => log.close());

  /** An order at midnight, then an event of a clock that is a year ahead. */
  async function wild(): Promise<void> {
    await log.record("Ordered", "wild");
    await log.pass(365 * day);
    await log.record("Ordered", "open");
    await log.rebuilt(observer);
  }
  const standings = () => clockStandings(log.readModels, [observer.definition, imported.definition]);

  it("is recorded in the clock stream, and takes log time and open deadlines back", async () => {
    await wild();
    expect(await standings()).to.deep.equal([
      { observer: "orders", timeBase: "recorded", atMs: start + 365 * day },
      { observer: "imported", timeBase: "occurred" },
    ]);
    const toMs = start + 2 * day;
    checkReset(await standings(), toMs, toMs);
    const { streamName, duplicate } = await resetClock(store, await standings(), { toMs, by: "ada" });
    expect([streamName, duplicate]).to.deep.equal([clockStreamOf(store), false]);
    await log.rebuilt(observer);
    expect((await standings())[0]!.atMs).to.equal(toMs);
    const { offsetMs } = (await log.readModels.activeGeneration("orders"))!.checkpoint!.state as ObserverState;
    expect(offsetMs).to.equal(363 * day);
  });

  it("counts once, though it is said twice, and though others tick meanwhile", async () => {
    await wild();
    const asked = { toMs: start + day, by: "ada" };
    const now = await standings();
    let tick = true;
    store.beforeAppend = async (streamName) => {
      if (!tick) return;
      tick = false;
      await store.inner.append(
        streamName,
        [{ id: "0b0e6f1c-1c7c-4a7e-8d5c-2d8e6a4f0002", type: "observer.ClockTick", data: {} }],
        {
          expectedRevision: "no_stream",
        },
      );
    };
    expect(await resetClock(store, now, asked)).to.include({ revision: 1n, duplicate: false });
    expect(await resetClock(store, now, asked)).to.include({ revision: 1n, duplicate: true });
    const events = await log.events(clockStreamOf(store));
    expect(events.map(({ type, data }) => [type, data])).to.deep.equal([
      ["observer.ClockTick", {}],
      ["observer.ClockReset", { to: "2026-01-02T00:00:00.000Z", by: "ada" }],
    ]);
  });

  it("gives up when others are faster every time", async () => {
    await wild();
    let revision = -1n;
    store.beforeAppend = async (streamName) => {
      await store.inner.append(
        streamName,
        [
          {
            id: `0b0e6f1c-1c7c-4a7e-8d5c-${String(++revision).padStart(12, "0")}`,
            type: "observer.ClockTick",
            data: {},
          },
        ],
        {
          expectedRevision: revision === 0n ? "no_stream" : revision - 1n,
        },
      );
    };
    await resetClock(store, await standings(), { toMs: start, by: "ada" }).then(
      () => expect.fail("it was recorded"),
      (error: unknown) => expect(error).to.be.instanceOf(WrongExpectedRevision),
    );
  });

  it("is refused for a time in the future, and for one that no observer has passed", async () => {
    await wild();
    const now = await standings();
    expect(() => checkReset(now, start + day, start)).to.throw(InvalidReset, /lies in the future, it is 2026-01-01/);
    expect(() => checkReset(now, start + 365 * day, start + 400 * day)).to.throw(
      InvalidReset,
      /would change nothing.*orders stands at 2027-01-01T00:00:00\.000Z, imported has read nothing yet/,
    );
    checkReset(now, start + 365 * day - 1, start + 400 * day);
  });

  it("is weighed against the time that decides for each observer, as the log says it", async () => {
    const states = {
      recorded: { logTimeMs: start + 9, businessTimeMs: null, offsetMs: 4 },
      occurred: { logTimeMs: start + 9, businessTimeMs: start + 7 },
      idle: { logTimeMs: null, businessTimeMs: null },
    } as Record<string, object>;
    const readModels = {
      activeGeneration: async (name: string) => (name in states ? { checkpoint: { state: states[name] } } : undefined),
    };
    const of = (name: string) => ({ name, timeBase: name === "occurred" ? "occurred" : "recorded" }) as const;
    const names = ["recorded", "occurred", "idle", "none"];
    const found = await clockStandings(readModels as never, names.map(of));
    expect(found.map(({ observer, atMs }) => [observer, atMs])).to.deep.equal([
      ["recorded", start + 5],
      ["occurred", start + 7],
      ["idle", undefined],
      ["none", undefined],
    ]);
    expect(takenBack(found, start + 5).map(({ observer }) => observer)).to.deep.equal(["occurred"]);
    expect(takenBack(found, start + 4)).to.have.length(2);
    expect(() => checkReset([], start, start)).to.throw(
      InvalidReset,
      "A reset to 2026-01-01T00:00:00.000Z would change nothing: expected a time before the present log time of an observer; there is no observer.",
    );
    const ids = new Set<string>();
    store.beforeAppend = async (_, [event]) => void ids.add(event!.id);
    const standing = [{ observer: "one", timeBase: "recorded", atMs: 1 }] as const;
    await resetClock(store, standing, { toMs: start, by: "ada" });
    await resetClock(store, [{ ...standing[0], atMs: 2 }], { toMs: start, by: "ada" });
    await resetClock(store, standing, { toMs: start, by: "bob" });
    await resetClock(store, standing, { toMs: start + 1, by: "ada" });
    expect(ids.size, "each is another reset").to.equal(4);
  });
});
