import { expect } from "chai";
import fc from "fast-check";
import { MemoryEventStore, StoreUnavailable, type EventStore } from "../../src/index.js";
import { copyLog, verifyCopy, type CopyProgress } from "../../tools/copy/copy-log.js";
import { runs } from "../runs.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { temporaryLogs } from "../store/sqlite/folder.js";
import { append, contentOf, earlierLog, event, eventsOf, expectCopy, kindsOfData, kindsOfMetadata } from "./copying.js";

/** A small log in which streams alternate and neighbours occur. */
async function someLog(appends = 12): Promise<EventStore> {
  const { store, clock } = earlierLog();
  for (let i = 0; i < appends; i++) {
    await clock.advance(1000);
    await append(store, `s-${(i * 5) % 3}`, ...Array.from({ length: 1 + (i % 3) }, () => event()));
  }
  return store;
}

const failureOf = (copy: Promise<unknown>) =>
  copy.then(
    () => expect.fail("the copy went through"),
    (error: unknown) => error as Error & { code?: string },
  );

/** What a crash looks like from inside: nothing that anybody tries again. */
class Crash extends Error {}

describe("a copy again, after an interruption, or beside others", () => {
  const files = temporaryLogs();

  it("adds nothing the second time, and says so", async () => {
    const from = await someLog();
    const to = new MemoryEventStore();
    const first = await copyLog({ from, to });
    const before = await contentOf(to);
    const second = await copyLog({ from, to });
    expect(second).to.include({ copied: 0, alreadyThere: first.events, digest: first.digest });
    expect(await contentOf(to)).to.deep.equal(before);
  });

  for (const when of ["before", "after"] as const)
    it(`goes on where it crashed, ${when} any append`, async () => {
      const from = await someLog();
      const whole = new MemoryEventStore();
      await copyLog({ from, to: whole });
      let crashes = 0;
      for (let at = 1; ; at++) {
        const to = new FaultyStore();
        let appends = 0;
        const crash = async () => {
          if (++appends === at) throw new Crash();
        };
        if (when === "before") to.beforeAppend = crash;
        else to.afterAppend = crash;
        const outcome = await copyLog({ from, to }).catch((error: unknown) => error);
        if (outcome instanceof Crash) crashes++;
        const there = (await contentOf(to.inner)).length;
        expect(await contentOf(to.inner), `crash at ${at}`).to.deep.equal((await contentOf(whole)).slice(0, there));
        const resumed = await copyLog({ from, to: to.inner });
        expect(resumed).to.include({ alreadyThere: there, copied: resumed.events - there });
        expect(await contentOf(to.inner), `crash at ${at}`).to.deep.equal(await contentOf(whole));
        if (!(outcome instanceof Crash)) break;
      }
      expect(crashes).to.equal(12);
    });

  it("goes on after a crash in every append of its way", async () => {
    const from = await someLog();
    const to = new FaultyStore();
    for (const hook of ["beforeAppend", "afterAppend"] as const) {
      let first = true;
      to[hook] = async () => {
        first = !first;
        if (!first) throw new Crash();
      };
    }
    let runs = 1;
    while ((await copyLog({ from, to }).catch((error: unknown) => error)) instanceof Crash) runs++;
    expect(runs).to.be.greaterThan(12);
    await expectCopy(from, to.inner);
  });

  it("stops at the signal between appends, and goes on from there", async () => {
    const from = await someLog(40);
    for (const stopAfter of [1, 20, 60]) {
      const to = new MemoryEventStore();
      const controller = new AbortController();
      const onProgress = ({ phase, done }: CopyProgress) => {
        if (phase === "copying" && done >= stopAfter) controller.abort(new Error("enough"));
      };
      const error = await failureOf(copyLog({ from, to, signal: controller.signal, onProgress }));
      expect(error).to.equal(controller.signal.reason);
      const there = Number(await to.head());
      expect(there).to.be.within(stopAfter, stopAfter + 3);
      expect(await copyLog({ from, to })).to.include({ alreadyThere: there });
      await expectCopy(from, to);
    }
  });

  it("stops at the signal while it compares, before and after", async () => {
    const from = await someLog();
    for (const stopIn of ["comparing", "verifying"] as const) {
      const controller = new AbortController();
      const onProgress = ({ phase }: CopyProgress) => phase === stopIn && controller.abort(new Error("enough"));
      const to = new MemoryEventStore();
      const error = await failureOf(copyLog({ from, to, signal: controller.signal, onProgress }));
      expect(error, stopIn).to.equal(controller.signal.reason);
      expect(await to.head(), stopIn).to.equal(stopIn === "comparing" ? undefined : await from.head());
    }
  });

  it("asks a target that does not answer again, without loss of order", async () => {
    const from = await someLog();
    for (const [hook, inFlight] of [
      ["beforeAppend", 1],
      ["afterAppend", 1],
      ["afterAppend", 1000],
    ] as const) {
      const to = new FaultyStore();
      let calls = 0;
      to[hook] = async () => {
        if ([2, 3, 7].includes(++calls)) throw new StoreUnavailable("the log does not answer");
      };
      const waits: number[] = [];
      const clock = { now: () => Date.now(), sleep: async (ms: number) => void waits.push(ms) };
      await copyLog({ from, to, clock, inFlight });
      expect(waits.length, hook).to.be.within(1, 3);
      await expectCopy(from, to.inner);
    }
  });

  it("gives up on a target that never answers after a bounded number of tries", async () => {
    const to = new FaultyStore();
    to.beforeAppend = async () => {
      throw new StoreUnavailable("the log does not answer");
    };
    const waits: number[] = [];
    const clock = { now: () => Date.now(), sleep: async (ms: number) => void waits.push(ms) };
    const error = await failureOf(copyLog({ from: await someLog(), to, clock }));
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(waits).to.deep.equal([100, 200, 400, 800, 1600, 3200, 6400]);
  });

  it("takes what the source has got meanwhile in the next run", async () => {
    const from = await someLog();
    const to = new MemoryEventStore();
    let grown = false;
    const onProgress = ({ phase }: CopyProgress) => {
      if (phase !== "copying" || grown) return;
      grown = true;
      void from.append("late-1", [event()], { expectedRevision: "no_stream" });
    };
    const first = await copyLog({ from, to, onProgress });
    expect(first.sourceGrew).to.equal(true);
    expect(Number(await to.head())).to.equal(first.events);
    expect(await copyLog({ from, to })).to.include({ copied: 1, alreadyThere: first.events, sourceGrew: false });
    await expectCopy(from, to);
  });

  it("leaves a target alone that has all, and goes on with events of its own", async () => {
    const from = await someLog();
    const to = new MemoryEventStore();
    await copyLog({ from, to });
    await append(to, "s-1", event());
    const before = await contentOf(to);
    expect(await copyLog({ from, to })).to.include({ copied: 0, targetGoesOn: true });
    expect(await verifyCopy({ from, to })).to.include({ targetGoesOn: true });
    expect(await contentOf(to)).to.deep.equal(before);
  });

  it("refuses a target that holds something else, before it writes anything", async () => {
    const from = await someLog();
    const [first] = await eventsOf(from);
    const others: Record<string, (to: EventStore) => Promise<void>> = {
      "another stream": (to) => append(to, "other-1", event()),
      "the same stream with other ids": (to) => append(to, "s-0", event()),
      "other data under the same id": (to) => append(to, "s-0", event({ id: first!.id, type: first!.type, data: 0 })),
      "more than the source after a part of it": async (to) => {
        const controller = new AbortController();
        const onProgress = ({ phase }: CopyProgress) => phase === "copying" && controller.abort();
        await failureOf(copyLog({ from, to, signal: controller.signal, onProgress }));
        await append(to, "other-1", event());
      },
    };
    for (const [what, prepare] of Object.entries(others)) {
      const to = new MemoryEventStore();
      await prepare(to);
      const before = await contentOf(to);
      const error = await failureOf(copyLog({ from, to }));
      expect(error.code, what).to.equal("TARGET_DIFFERS");
      expect(error.message, what).to.match(/^The target holds something else than the source: s-\d, revision \d+: /);
      expect(await contentOf(to), what).to.deep.equal(before);
    }
  });

  it("says so when somebody else writes to the target during the copy", async () => {
    const from = await someLog();
    const to = new FaultyStore();
    to.beforeAppend = async (streamName) => {
      to.beforeAppend = async () => undefined;
      await append(to.inner, streamName, event());
    };
    const error = await failureOf(copyLog({ from, to }));
    expect(error.code).to.equal("TARGET_IN_USE");
    expect((await failureOf(copyLog({ from, to }))).code).to.equal("TARGET_DIFFERS");
  });

  it("stops where the target refuses an event, and goes on once it takes it", async () => {
    const { store: from } = earlierLog();
    for (let i = 0; i < 9; i++) await append(from, `s-${i}`, event({ data: "x".repeat(i === 4 ? 300_000 : 10) }));
    const small = await files.open({ maxAppendBytes: 290_000 });
    expect((await failureOf(copyLog({ from, to: small, inFlight: 1000 }))).code).to.equal("INVALID_APPEND");
    expect(Number(await small.head())).to.equal(4);
    const to = await files.open();
    expect(await copyLog({ from, to, inFlight: 1000 })).to.include({ alreadyThere: 4, copied: 5 });
    await expectCopy(from, to);
  });

  it("beside another copy of the same log into the same store makes the same log", async () => {
    const from = await someLog(60);
    const to = await files.open();
    const beside = await files.open();
    const results = await Promise.all([copyLog({ from, to }), copyLog({ from, to: beside })]);
    expect(results.map(({ digest }) => digest)).to.deep.equal([results[0].digest, results[0].digest]);
    await expectCopy(from, to);
  });

  it("finds out a target that mixes up appends under way", async () => {
    const { store: from } = earlierLog();
    for (let i = 0; i < 9; i++) await append(from, `s-${i}`, event());
    const to = new LastFirstStore();
    expect((await failureOf(copyLog({ from, to, inFlight: 1000 }))).code).to.equal("COPY_OUT_OF_ORDER");
    const slow = new LastFirstStore();
    await copyLog({ from, to: slow });
    await expectCopy(from, slow);
  });

  it("makes a copy of any history, whatever interrupts it and however often", () => {
    const history = fc.array(
      fc.record({
        stream: fc.integer({ min: 0, max: 3 }),
        contents: fc.array(fc.tuple(fc.constantFrom(...kindsOfData), fc.constantFrom(...kindsOfMetadata)), {
          minLength: 1,
          maxLength: 4,
        }),
      }),
      { maxLength: 20 },
    );
    const interruptions = fc.array(fc.tuple(fc.constantFrom("beforeAppend", "afterAppend"), fc.nat(8)), {
      maxLength: 5,
    });
    return fc.assert(
      fc.asyncProperty(history, interruptions, async (appends, crashes) => {
        const { store: from, clock } = earlierLog();
        for (const { stream, contents } of appends) {
          await clock.advance(60_000);
          const events = contents.map(([data, metadata]) => event({ ...data, ...(metadata && { metadata }) }));
          await append(from, `s-${stream}`, ...events);
        }
        const to = new FaultyStore();
        for (const [hook, at] of crashes as ["beforeAppend" | "afterAppend", number][]) {
          let calls = 0;
          to[hook] = async () => {
            if (calls++ === at) throw new Crash();
          };
          await copyLog({ from, to }).catch((error: unknown) => expect(error).to.be.instanceOf(Crash));
          to[hook] = async () => undefined;
          const [copied, source] = [await eventsOf(to.inner), await eventsOf(from)];
          expect(copied.map(({ id }) => id)).to.deep.equal(source.slice(0, copied.length).map(({ id }) => id));
        }
        const { digest } = await copyLog({ from, to });
        await expectCopy(from, to.inner);
        expect((await verifyCopy({ from, to })).digest).to.equal(digest);
      }),
      { numRuns: runs(60, 2_000) },
    );
  });
});

/** A real log that processes what arrives in one turn backwards. */
class LastFirstStore extends MemoryEventStore {
  private waiting: (() => void)[] = [];

  override async append(...request: Parameters<MemoryEventStore["append"]>) {
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
