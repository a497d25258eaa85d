/** The application over EventStoreDB while, as a seed has it, the server dies, the line fails and consumers are slow. */

import { expect } from "chai";
import { runs, soaking } from "../runs.js";
import { expectWhole } from "./fault-evidence.js";
import { feltIn, resentIn, type Felt } from "./fault-felt.js";
import { FaultRun } from "./fault-run.js";
import { faultKinds, inWords, planFaults, type Schedule } from "./fault-schedule.js";
import { listenToAppends } from "./fault-wire.js";

/** Runs one schedule alone, however often it is to be looked at. */
const only = process.env["ROLLCALL_FAULT_SEED"];

const seeds = only === undefined ? Array.from({ length: runs(20, 200) }, (_, i) => i + 1) : [Number(only)];
/** Most of a run is waiting. */
const atOnce = 4;

interface Survived {
  readonly schedule: Schedule;
  readonly felt: readonly Felt[];
  readonly refusals: number;
  readonly retryings: number;
  readonly resent: number;
  readonly recordedBefore: number;
}

describe(`An application over EventStoreDB under ${seeds.length} seeded schedules of faults`, function () {
  this.timeout(soaking ? 3_600_000 : 180_000);
  const results = new Map<number, Promise<Survived>>();
  let stopListening: () => void;

  before(() => {
    stopListening = listenToAppends();
    // Each worker goes on with the next seed of its own.
    for (let worker = 0; worker < atOnce; worker++) {
      let before: Promise<unknown> = Promise.resolve();
      for (const seed of seeds.filter((_, i) => i % atOnce === worker)) {
        const result = before.then(() => survive(planFaults(seed)));
        results.set(seed, result);
        before = result.catch(() => undefined);
      }
    }
  });
  after(async () => {
    await Promise.allSettled(results.values());
    stopListening();
  });

  for (const seed of seeds)
    it(`loses, doubles and reorders nothing, flags what the oracle does, and goes on (${inWords(planFaults(seed))})`, async () => {
      await results.get(seed);
    });

  if (only === undefined)
    it("feels every kind of fault: connections break, are given up, and appends are made again", async () => {
      const survived = await Promise.all(results.values());
      const felt = survived.flatMap((each) => each.felt);
      const count = (kind: string) => felt.filter((each) => each.strike.fault.kind === kind && each.felt).length;
      for (const kind of faultKinds) expect(count(kind), `${kind}, felt`).to.be.at.least(runs(2, 20));
      const hasty = survived.filter(({ schedule }) => schedule.temper === "hasty");
      // There no caller asks again: what goes over the wire twice the store itself sends twice.
      const unheard = survived.filter(({ refusals, retryings }) => refusals + retryings === 0);
      const sum = (of: readonly Survived[], what: "refusals" | "retryings" | "resent" | "recordedBefore") =>
        of.reduce((total, one) => total + one[what], 0);
      expect(felt.filter(({ givenUp }) => givenUp).length, "silent lines given up").to.be.at.least(runs(1, 10));
      expect(sum(hasty, "refusals"), "refusals that clients heard").to.be.at.least(runs(10, 100));
      expect(sum(hasty, "retryings"), "outages that subscriptions heard of").to.be.at.least(runs(3, 30));
      expect(sum(unheard, "resent"), "events that the store sent again").to.be.at.least(runs(10, 100));
      expect(sum(unheard, "recordedBefore"), "those that were recorded already").to.be.at.least(runs(1, 20));
    });
});

async function survive(schedule: Schedule): Promise<Survived> {
  const run = new FaultRun(schedule);
  try {
    await run.begin();
    await run.go();
    const log = await expectWhole(run);
    const { refusals } = run.clients;
    return { schedule, felt: feltIn(run), refusals, retryings: run.retryings, ...resentIn(log) };
  } catch (error) {
    const replay = `${inWords(schedule)} (ROLLCALL_FAULT_SEED=${schedule.seed} runs it alone)`;
    const { message } = error as Error;
    throw Object.assign(error as Error, { message: `${replay}: ${message}\nIt stood so: ${run.standing}` });
  } finally {
    await run.end();
  }
}
