/** The application over EventStoreDB while, as a seed has it, the server dies, the line fails and consumers are slow. */

import { expect } from "chai";
import { runs, soaking } from "../runs.js";
import { expectWhole, feltIn, resentIn, type Felt } from "./fault-evidence.js";
import { FaultRun } from "./fault-run.js";
import { faultKinds, inWords, planFaults, type Schedule } from "./fault-schedule.js";
import { listenToAppends } from "./fault-wire.js";

/** Runs one schedule alone, however often it is to be looked at. */
const only = process.env["ROLLCALL_FAULT_SEED"];

const seeds = only === undefined ? Array.from({ length: runs(20, 200) }, (_, i) => i + 1) : [Number(only)];
/** Most of a run is waiting. */
const atOnce = Number(process.env["ATONCE"] ?? 4);

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
    const rest = [...seeds];
    const begin = new Map<number, () => void>();
    for (const seed of seeds) {
      const result = new Promise<void>((resolve) => begin.set(seed, resolve)).then(() => survive(planFaults(seed)));
      results.set(seed, result);
      const next = () => begin.get(rest.shift()!)?.();
      result.then(next, next);
    }
    for (const seed of rest.splice(0, atOnce)) begin.get(seed)!();
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
      if (process.env["DBG"]) console.log(faultKinds.map((k) => `${k} ${count(k)}/${felt.filter((each) => each.strike.fault.kind === k).length}`), felt.filter((f) => f.givenUp).length, survived.map((s) => [s.schedule.temper, s.refusals, s.retryings, s.resent, s.recordedBefore].join(" ")));
      const of = (temper: string) => survived.filter(({ schedule }) => schedule.temper === temper);
      const sum = (each: readonly Survived[], what: "refusals" | "retryings" | "resent" | "recordedBefore") =>
        each.reduce((total, one) => total + one[what], 0);
      expect(felt.filter(({ givenUp }) => givenUp).length, "silent lines given up").to.be.at.least(runs(1, 10));
      expect(sum(of("hasty"), "refusals"), "refusals that clients heard").to.be.at.least(runs(10, 100));
      expect(sum(of("hasty"), "retryings"), "outages that subscriptions heard of").to.be.at.least(runs(5, 50));
      // There no caller asks again: whatever goes over the wire twice the store itself sends twice.
      expect(sum(of("patient"), "resent"), "events that the store sent again").to.be.at.least(runs(5, 50));
      expect(sum(of("patient"), "recordedBefore"), "those that were recorded already").to.be.at.least(runs(1, 10));
    });
});

async function survive(schedule: Schedule): Promise<Survived> {
  let run: FaultRun | undefined;
  try {
    run = await FaultRun.open(schedule);
    await run.go();
    const log = await expectWhole(run);
    const { refusals } = run.clients;
    return { schedule, felt: feltIn(run), refusals, retryings: run.retryings, ...resentIn(log) };
  } catch (error) {
    const replay = `${inWords(schedule)} (ROLLCALL_FAULT_SEED=${schedule.seed} runs it alone)`;
    const { message } = error as Error;
    throw Object.assign(error as Error, { message: `${replay}: ${message}\nIt stood so: ${run?.standing}` });
  } finally {
    await run?.end();
  }
}
