/** One run: an observer in several processes over one log, with everything that a seed lets go wrong, until all is mended and at rest. */

import { MemoryEventStore, type EventStore } from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { observerOf } from "../observer/feed.js";
import { expectedFlags } from "../oracle/oracle.js";
import type { SlotTerms } from "../oracle/records.js";
import { Random } from "../system/random.js";
import { anyTerms } from "./any-terms.js";
import { Fleet } from "./fleet.js";
import { fullTerms } from "./full-terms.js";
import { eventsOf, logRecord } from "./log-records.js";
import { calmSkewMs, planOf, type Plan } from "./plan.js";
import { overdue } from "./promptness.js";
import { anyTraffic, fullTraffic, type PlannedEvent, type Traffic } from "./traffic.js";
import { verdictOn } from "./verdict.js";
import { WildClock } from "./wild-clock.js";
import { Wire } from "./wire.js";
import { startMs, World } from "./world.js";

export interface SimulationOptions {
  /** Those of one observer; some that the seed determines unless stated, simple ones or with all that can be declared. */
  readonly terms?: readonly SlotTerms[];
  readonly traffic?: Traffic;
  readonly plan?: Plan;
}

export interface Simulated {
  readonly seed: number;
  readonly terms: readonly SlotTerms[];
  readonly plan: Plan;
  /** What does not hold, in words; empty when all does. */
  readonly violations: readonly string[];
  /** Digest of all that happened at the ports, and when. */
  readonly digest: string;
  readonly trace: readonly string[];
  /** How many calls were made: so many places there are to die at. */
  readonly points: number;
  readonly deaths: number;
  /** Flags recorded. */
  readonly flags: number;
  readonly ticks: number;
  /** How long it took to come to rest once all was mended. */
  readonly restedMs: number;
}

/** What the observer keeps in memory: in some runs next to nothing, so that it reads again what it knew. */
const limits = [
  {},
  {},
  { cachedCases: 0, cachedDeadlines: 1, commitCases: 1, commitFlags: 1 },
  { cachedCases: 1, cachedDeadlines: 2, commitCases: 2, commitFlags: 1_000 },
];

/** Longest that a run may take to come to rest once all is mended. */
const restMs = 90_000;

export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Simulated> {
  const random = (part: number) => new Random(seed * 8 + part);
  // Both sorts meet calm runs and others.
  const isFull = options.terms === undefined && seed % 4 < 2;
  const { terms = isFull ? fullTerms(seed) : anyTerms(random(0)), traffic = isFull ? fullTraffic : anyTraffic } =
    options;
  const events = traffic(random(1), terms, startMs);
  const spanMs = Math.ceil(events.reduce((most, { afterMs }) => Math.max(most, afterMs), 0)) + 500;
  const plan = options.plan ?? planOf(seed, random(2), spanMs);
  const world = new World(random(3));
  const wire = new Wire(world, plan, random(4));
  const logClock = new WildClock(world, plan.logClock);
  const log = new MemoryEventStore({ clock: logClock, storeId: "simulated" });
  const readModels = await openSqliteReadModelStore({ file: ":memory:", clock: new WildClock(world, plan.leaseClock) });
  const bounds = random(5).pick(limits);
  const fleet = new Fleet(wire, log, readModels, (clock) => observerOf(terms, { limits: bounds, clock }));
  const { failures } = wire;
  for (const event of events) world.schedule(startMs + event.afterMs, () => void record(log, event).catch(note));
  try {
    const probes = plan.calm ? probeTimes(random(6), spanMs) : [];
    for (const atMs of probes) {
      await world.runTo(startMs + atMs);
      failures.push(...(await notAskedWithin(calmBoundMs(plan) + (isFull ? crowdMs : 0))));
    }
    await world.runTo(startMs + spanMs);
    wire.mend();
    fleet.mend(random(7));
    const mendedMs = world.nowMs;
    while (world.nowMs < mendedMs + restMs && !(await isAtRest())) await world.runTo(world.nowMs + 700);
    const restedMs = world.nowMs - mendedMs;
    if (restedMs >= restMs) failures.push(`P5: ${restMs} ms after all was mended it has not come to rest`);
    // Whoever has lost its lease notices when it renews it; a renewal may be under way since before the end of all trouble.
    await world.runTo(world.nowMs + plan.leaseTtlMs + (plan.delays.slow > 0 ? 2 * plan.delays.slowMs : 0));
    if (fleet.states.filter((state) => state === "live").length > 1)
      failures.push(`P3: more than one works: ${fleet.states.join()}`);
    fleet.end();
    const verdict = await verdictOn({
      log,
      readModels,
      terms,
      nowMs: logClock.now() - 2_000,
      calm: plan.calm && !isFull ? { boundMs: calmBoundMs(plan), lagMs: calmLagMs(plan) } : undefined,
    });
    failures.push(...verdict.violations);
    const { flags, ticks } = verdict;
    const { digest, trace, points } = wire;
    return {
      seed,
      terms,
      plan,
      violations: failures,
      digest,
      trace,
      points,
      deaths: fleet.deaths,
      flags,
      ticks,
      restedMs,
    };
  } finally {
    fleet.end();
    await log.close();
    await readModels.close();
  }

  /** Somebody must have asked by now for what was due so long ago, by what was recorded then. */
  async function notAskedWithin(boundMs: number): Promise<string[]> {
    const records = (await eventsOf(log)).map(logRecord);
    const said = expectedFlags(records, terms);
    const atMs = logClock.now() - boundMs;
    const old = records.filter(({ recordedAtMs }) => recordedAtMs <= atMs);
    const due = new Set(overdue(old, said, terms, atMs));
    const missed = overdue(records, said, terms, atMs).filter((flag) => due.has(flag));
    return missed.map((flag) => `P5: ${boundMs} ms were not enough to ask for ${flag}`);
  }

  function note(error: unknown): void {
    failures.push(String(error));
  }

  /** Everything is read, and no deadline is open that could pass. */
  async function isAtRest(): Promise<boolean> {
    const { declaration, filter } = observerOf(terms);
    const generation = await readModels.activeGeneration(declaration.name);
    let last = 0n;
    for await (const page of log.readLog({ filter })) last = page.at(-1)!.position;
    if (!generation || (generation.checkpoint?.position ?? 0n) < last) return false;
    const [{ timeBase, live }] = terms as [SlotTerms];
    if (timeBase === "occurred" && !live) return true;
    return (await readModels.rowsInOrder(generation, "dueMs", { limit: 1 })).length === 0;
  }
}

async function record(log: EventStore, { id, type, stream, metadata, data }: PlannedEvent): Promise<void> {
  await log.append(stream, [{ id, type, data, metadata }], { expectedRevision: "any" });
}

const probeTimes = (random: Random, spanMs: number) =>
  Array.from({ length: 6 }, () => random.whole(0, spanMs)).toSorted((a, b) => a - b);

/** How long what was recorded may take to be read when nothing goes wrong. */
const calmLagMs = ({ delays }: Plan) => 300 + 20 * delays.mostMs;

/** Within it a flag follows its deadline when nothing goes wrong: by clocks that differ, a tick that comes too early, and calls. */
const calmBoundMs = (plan: Plan) => 2 * calmSkewMs + calmLagMs(plan);

/** How much longer it may take where many flags are raised at once, and each is committed for itself. */
const crowdMs = 3_000;
