/** Very many deadlines pass at once: how long until all is recorded, and what others notice of it meanwhile. */

import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { openSqliteEventStore, systemClock, type Clock, type Rollcall } from "../../src/index.js";
import { caseKey, cases, casesObserver, opened, writeCases } from "./cases.js";
import { HttpProbe } from "./http-probe.js";
import { goLive } from "./live.js";
import { measured, quantile } from "./measure.js";
import type { Figure, PartOptions } from "./part.js";
import { inWords } from "./replay.js";

/** Beyond every deadline. */
const muchLater: Clock = { ...systemClock, now: () => Date.now() + 40 * 86_400_000 };
const probeEveryMs = 10;

interface Burst {
  readonly flagsPerSecond: number;
  readonly longestStepMs: number;
  readonly http: readonly number[];
}

/** @param log holds so many open cases; every run works on a copy */
export async function burst(log: string, open: number, { folder, runs }: PartOptions): Promise<Figure[]> {
  const bursts: Burst[] = [];
  for (let run = 0; run < Math.min(runs, 3); run++) bursts.push(await burstOf(log, open, folder));
  const figure = (what: string, unit: string, of: (each: Burst) => number, goal?: Figure["goal"]): Figure => ({
    figure: `${inWords(open)} deadlines at once: ${what}`,
    unit,
    ...measured(bursts.map(of)),
    goal,
  });
  const request = (part: number) => (each: Burst) => quantile(each.http, part);
  return [
    figure("fired and recorded", "flags/s", ({ flagsPerSecond }) => flagsPerSecond),
    figure("longest step", "ms", ({ longestStepMs }) => longestStepMs, { atMost: 250 }),
    figure("an HTTP request meanwhile, p50", "ms", request(0.5)),
    figure("an HTTP request meanwhile, p99", "ms", request(0.99)),
    figure("an HTTP request meanwhile, longest", "ms", request(1)),
  ];
}

async function burstOf(log: string, open: number, folder: string): Promise<Burst> {
  const [store, readModels] = [join(folder, "burst.sqlite"), join(folder, "burst-rows.sqlite")];
  for (const file of [store, readModels])
    for (const suffix of ["", "-wal", "-shm"]) await rm(file + suffix, { force: true });
  await copyFile(log, store);
  const roles = ["observer", "http"];
  const rollcall = await goLive(cases, { store, readModels, roles, http: { host: "127.0.0.1", port: 0 } });
  const probe = await HttpProbe.start(`${rollcall.url}/observers/${casesObserver}/cases/${caseKey(0)}`, probeEveryMs);
  // What is asked for the first time takes longer, and is not what is measured.
  await sleep(1_000);
  await probe.taken();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const late = await openSqliteEventStore({ file: store, clock: muchLater });
  delays.enable();
  const started = performance.now();
  await writeCases(late, [opened(open)]);
  await reached(rollcall, (await late.head())!);
  const spentMs = performance.now() - started;
  delays.disable();
  const http = await probe.stop();
  await late.close();
  await rollcall.stop();
  return { flagsPerSecond: (open / spentMs) * 1_000, longestStepMs: delays.max / 1e6, http };
}

/** Resolves once the observer has committed all up to there. */
async function reached(rollcall: Rollcall, position: bigint): Promise<void> {
  for (;;) {
    const serving = await rollcall.readModels.activeGeneration(casesObserver);
    if ((serving?.checkpoint?.position ?? -1n) >= position) return;
    await sleep(20);
  }
}
