import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { InvalidImport, StoreUnavailable } from "../../src/errors.js";
import { MemoryEventStore, type AppendResult } from "../../src/store/index.js";
import { importXes, type ImportProgress } from "../../tools/import/import-xes.js";
import { importing } from "./importing.js";
import { contentOf, log, overlappingTraces, trace } from "./xes-file.js";

describe("an import again, after an interruption, or beside others", () => {
  const to = importing();
  const content = overlappingTraces(3, 30, 20);

  it("a second run adds nothing and says so", async () => {
    await to.load(content);
    const before = await contentOf(to.store);
    expect(await to.load(content)).to.include({ events: 600, appended: 0, alreadyThere: 600 });
    expect(await contentOf(to.store)).to.deep.equal(before);
  });

  it("a dry run checks everything and appends nothing", async () => {
    const result = await importXes({ file: to.write(content), category: "loan", dryRun: true });
    expect(result).to.include({ events: 600, traces: 30, appended: 0 });
    await to.problemsOf(log(trace("")), { dryRun: true });
  });

  it("streams that go on after the import are no obstacle to a second run", async () => {
    await to.load(content);
    await to.store.append("loan-t4", [{ id: "later", type: "Later", data: {} }], { expectedRevision: 19n });
    expect(await to.load(content)).to.include({ appended: 0, alreadyThere: 600 });
  });

  it("streams that hold something else stop it before anything is appended", async () => {
    await to.store.append("loan-t4", [{ id: "first", type: "Other", data: {} }], { expectedRevision: "no_stream" });
    const error = (await to.load(content).catch((e: unknown) => e)) as InvalidImport;
    expect(error).to.be.instanceOf(InvalidImport);
    expect(error.problems).to.have.length(1);
    expect(error.problems[0]).to.match(
      /^loan-t4: revision 0 is Other \(id first\), expected A\d of 20.*\(event \d+ of trace "t4"\)\. Import with/,
    );
    expect(await to.store.head()).to.equal(1n);
  });

  it("a file that changed in between is noticed", async () => {
    await to.load(content);
    const error = await to.load(content.replaceAll("A3", "A9")).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(InvalidImport);
  });

  it("stopped after any page it goes on to the same log as without a stop", async () => {
    const long = overlappingTraces(11, 120, 30);
    const whole = new MemoryEventStore();
    await to.load(long, { store: whole });
    for (const stopAfter of [1, 700, 1000, 2900]) {
      const fresh = new MemoryEventStore();
      const controller = new AbortController();
      const onProgress = ({ phase, done }: ImportProgress) => {
        if (phase === "appending" && done >= stopAfter) controller.abort(new Error("enough"));
      };
      const options = { store: fresh, inFlight: 50, signal: controller.signal, onProgress };
      const stopped = await to.load(long, options).catch((e: unknown) => e);
      expect(stopped).to.equal(controller.signal.reason);
      const there = Number(await fresh.head());
      expect(there).to.be.within(stopAfter, 3599);
      const resumed = await to.load(long, { store: fresh });
      expect(resumed).to.include({ alreadyThere: there, appended: 3600 - there });
      expect(await contentOf(fresh)).to.deep.equal(await contentOf(whole));
    }
  });

  it("stopped while it reads, it appends nothing", async () => {
    const controller = new AbortController();
    const onProgress = ({ phase }: ImportProgress) => phase === "reading" && controller.abort();
    const options = { signal: controller.signal, onProgress };
    expect(await to.load(content, options).catch((e: unknown) => e)).to.equal(controller.signal.reason);
    expect(await to.store.head()).to.equal(undefined);
  });

  it("a store that does not answer is asked again, without loss of order", async () => {
    await to.load(content);
    for (const lost of ["requests", "answers"] as const) {
      const flaky = new FlakyStore([40, 41, 300, 301, 302], lost);
      const waits: number[] = [];
      const clock = { now: () => Date.now(), sleep: async (ms: number) => void (await nextTurn(waits.push(ms))) };
      const result = await to.load(content, { store: flaky, clock, inFlight: 100 });
      expect(result, lost).to.include({ appended: 600 });
      expect(waits.length, lost).to.be.within(2, 5);
      expect(await contentOf(flaky), lost).to.deep.equal(await contentOf(to.store));
    }
  });

  it("a store that never answers ends the import after a bounded number of tries", async () => {
    const dead = new FlakyStore(Array.from({ length: 100_000 }, (_, i) => i + 100));
    const waits: number[] = [];
    const clock = { now: () => Date.now(), sleep: async (ms: number) => void waits.push(ms) };
    const error = await to.load(content, { store: dead, clock }).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(waits).to.deep.equal([100, 200, 400, 800, 1600, 3200, 6400]);
  });

  it("a store that mixes up appends under way is found out; one at a time is sound with it", async () => {
    const alone = log(...Array.from({ length: 9 }, (_, i) => trace(`${i}`, ["A", `2020-01-0${i + 1}T00:00:00Z`])));
    const error = await to.failureOf(alone, { store: new LastFirstStore() });
    expect(error).to.have.property("code", "IMPORT_OUT_OF_ORDER");
    const slow = new LastFirstStore();
    expect(await to.load(content, { store: slow, inFlight: 1 })).to.include({ appended: 600 });
  });
});

/** A real log whose connection fails: from the calls of these numbers on nothing is answered until the next turn. */
class FlakyStore extends MemoryEventStore {
  private calls = 0;
  private down = false;

  constructor(
    private readonly failing: readonly number[],
    private readonly lost: "requests" | "answers" = "requests",
  ) {
    super();
  }

  override async append(...request: Parameters<MemoryEventStore["append"]>): Promise<AppendResult> {
    if (this.failing.includes(this.calls++)) {
      this.down = true;
      // Those that were sent together are lost together, as in one transaction.
      setImmediate(() => (this.down = false));
    }
    if (this.down && this.lost === "requests") throw new StoreUnavailable("the store did not answer");
    const wasDown = this.down;
    const result = await super.append(...request);
    if (wasDown) throw new StoreUnavailable("the store did not answer");
    return result;
  }
}

/** A real log that processes what arrives in one turn backwards. */
class LastFirstStore extends MemoryEventStore {
  private waiting: (() => void)[] = [];

  override async append(...request: Parameters<MemoryEventStore["append"]>): Promise<AppendResult> {
    await new Promise<void>((proceed) => {
      if (this.waiting.push(proceed) > 1) return;
      setImmediate(() => {
        const all = this.waiting.toReversed();
        this.waiting = [];
        // Each in a turn of its own, so that one is through before the next.
        for (const one of all) setImmediate(one);
      });
    });
    return super.append(...request);
  }
}
