import { expect } from "chai";
import {
  byAggregateId,
  Fenced,
  HandlingFailed,
  Projection,
  Projects,
  RebuildInProgress,
  type RebuildProgress,
} from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { count, Counted, readModelOf, rowsOf, sumsOf, totals, type Total } from "../subscription/things.js";
import { Rebuilding } from "./rebuilding.js";

describe("a rebuild", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
  });
  afterEach(() => to.close());

  it("builds what was never live, and says from how much", async () => {
    await count(to.store, "a", 1, 2, 3);
    await count(to.store, "b", 4);
    expect(await to.rebuilt()).to.deep.equal({
      name: "totals",
      events: 4,
      position: 4n,
      resumed: 0,
      activated: true,
    });
    expect(await rowsOf<Total>(to.readModels, "totals")).to.deep.equal({
      a: { total: 6, from: ["1", "2", "3"] },
      b: { total: 4, from: ["4"] },
    });
    const { rows } = await to.readModels.findRows("totals@1", { where: { total: 4 }, limit: 2 });
    expect(rows.map(({ key }) => key)).to.deep.equal(["b"]);
  });

  it("mends rows that a wrong fold has made", async () => {
    @Projection<Total>({ name: "totals", version: 1, key: byAggregateId })
    class Wrong {
      @Projects(Counted)
      counted(_: Counted): Total {
        return { total: -1, from: [] };
      }
    }
    const last = await count(to.store, "a", 1, 2);
    await to.handled(to.start(readModelOf(Wrong)), last);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: -1 });
    await to.stopWorkers();
    await to.rebuilt();
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 3 });
  });

  it("reports progress page by page, up to the end", async () => {
    for (let i = 0; i < 3; i++) await count(to.store, "a", ...Array.from({ length: 500 }, () => 1));
    const said: RebuildProgress[] = [];
    await to.rebuilt(undefined, { onProgress: (progress) => said.push(progress) });
    expect(said).to.deep.equal(
      [500, 1_000, 1_500].map((events) => ({
        name: "totals",
        events,
        position: BigInt(events),
        head: 1_500n,
        // All that these events leave of it.
        rows: { written: 0, waiting: 1 },
      })),
    );
  });

  it("leaves what serves as it is when it is aborted, before or on the way", async () => {
    const last = await count(to.store, "a", ...Array.from({ length: 1_500 }, () => 1));
    const watched = to.start();
    await to.handled(watched, last);
    const serving = await to.readModels.activeGeneration("totals@1");
    const abort = new AbortController();
    const result = await to.rebuilt(undefined, { signal: abort.signal, onProgress: () => abort.abort() });
    expect(result).to.include({ activated: false, events: 500 });
    const again = await to.rebuilt(undefined, { fresh: true, signal: AbortSignal.abort() });
    expect(again).to.include({ activated: false, events: 0 });
    expect((await to.readModels.activeGeneration("totals@1"))?.id).to.equal(serving!.id);
    await count(to.store, "a", 1);
    await to.handled(watched, last + 1n);
    expect(watched.states, "the live worker was not disturbed").to.deep.equal(["catching-up", "live"]);
    expect(await to.rebuilt()).to.include({ activated: true });
  });

  it("leaves what serves as it is when an event cannot be folded", async () => {
    const last = await count(to.store, "a", 1, 13);
    await to.handled(to.start(), last);
    const failing = to.rebuilt(readModelOf(totals({ poison: { amount: 13 } })));
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(HandlingFailed);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 14 });
    // And it has let go: another one need not wait.
    expect(await to.rebuilt()).to.include({ activated: true });
  });

  it("is refused while another one is under way, in this process or in another", async () => {
    await count(to.store, "a", ...Array.from({ length: 600 }, () => 1));
    const attempts: unknown[] = [];
    let asked = false;
    const result = await to.rebuilt(readModelOf(totals()), {
      store: to.readAs(async function* (options) {
        // While this one reads, others try.
        if (!asked) {
          asked = true;
          for (const holder of ["operator", "another"])
            attempts.push(await to.rebuilt(undefined, { holder }).catch((error: unknown) => error));
        }
        yield* to.store.readLog(options);
      }),
    });
    expect(result).to.include({ activated: true, events: 600 });
    for (const error of attempts) {
      expect(error).to.be.instanceOf(RebuildInProgress);
      expect((error as Error).message).to.equal(
        "totals: another rebuild is under way. Wait for it, or stop it first; one that was killed lets go within ten seconds.",
      );
    }
    expect(attempts).to.have.length(2);
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 600 });
  });

  it("keeps others out for as long as it takes", async () => {
    await count(to.store, "a", 1);
    let other: unknown;
    const result = await to.rebuilt(readModelOf(totals()), {
      store: to.readAs(async function* (options) {
        await to.clock.advance(60_000);
        other ??= await to.rebuilt(undefined, { holder: "another" }).catch((error: unknown) => error);
        yield* to.store.readLog(options);
      }),
    });
    expect(result).to.include({ activated: true });
    expect(other).to.be.instanceOf(RebuildInProgress);
  });

  it("writes nothing more when another one took over while it was stalled", async () => {
    await count(to.store, "a", 1);
    const stalled = new ManualClock();
    let other: unknown;
    const first = to.rebuilt(readModelOf(totals()), {
      clock: stalled,
      store: to.readAs(async function* (options) {
        if (!other) {
          other = "under way";
          await to.clock.advance(60_000);
          other = await to.rebuilt(undefined, { holder: "another" });
        }
        yield* to.store.readLog(options);
      }),
    });
    expect(await first.catch((error: unknown) => error)).to.be.instanceOf(Fenced);
    expect(other).to.include({ activated: true });
    expect(await sumsOf(to.readModels)).to.deep.equal({ a: 1 });
  });
});
