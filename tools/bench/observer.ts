/** What an observer is measured by: catching up, starting again, memory, and very many deadlines at once. */

import { join } from "node:path";
import { openSqliteEventStore } from "../../src/index.js";
import { burst } from "./burst.js";
import { paidCases, passingCases, writeCases } from "./cases.js";
import { ObserverRun } from "./observer-run.js";
import { interleaved, peakMiB } from "./measure.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { decodeFloor, inWords } from "./replay.js";

/** A history, and how many of its cases are open at its end. At full size. */
interface Size {
  readonly events: number;
  readonly open: number;
  /** Cases come to rest, and others take their place. */
  readonly passing?: true;
}

const fewOpen: Size = { events: 1_000_000, open: 100_000 };
const fewPassing: Size = { events: 1_000_000, open: 100_000, passing: true };
const allOpen: Size = { events: 1_000_000, open: 1_000_000 };
const dueAtOnce: Size = { events: 100_000, open: 100_000 };

const scaled = ({ events, open, ...size }: Size, { scale }: PartOptions): Size => ({
  ...size,
  events: Math.round(events * scale),
  open: Math.round(open * scale),
});
const logIn = (folder: string) => join(folder, "log.sqlite");

const prepare = (size: Size) => async (options: PartOptions) => {
  const { events, open, passing } = scaled(size, options);
  const store = await openSqliteEventStore({ file: logIn(options.folder) });
  await writeCases(store, (passing ? passingCases : paidCases)(events, open));
  await store.close();
};

async function catchUp(size: Size, options: PartOptions, atLeast?: number): Promise<Figure[]> {
  const { events, open, passing } = scaled(size, options);
  const run = new ObserverRun(logIn(options.folder), options.folder, events);
  const { live, restart, rebuild, decode } = await interleaved(options.runs, {
    live: () => run.catchUp(),
    restart: () => run.restart(),
    rebuild: () => run.rebuild(),
    decode: () => decodeFloor(logIn(options.folder), events),
  });
  const what = `${inWords(events)} events, ${inWords(open)} open cases${passing ? ", others passing" : ""}`;
  const floor = { what: "JSON.parse of the same data and metadata", ...decode };
  return [
    { figure: `observer catch-up, ${what}`, unit: "events/s", ...live, floor, ...(atLeast && { goal: { atLeast } }) },
    { figure: `observer rebuild, ${what}`, unit: "events/s", ...rebuild, floor },
    { figure: `observer restart, ${what}`, unit: "ms", ...restart, goal: { atMost: 2_000 } },
  ];
}

/** Nothing but catching up and starting again, so that the peak is theirs. */
async function memory(size: Size, options: PartOptions): Promise<Figure[]> {
  const { events, open } = scaled(size, options);
  const run = new ObserverRun(logIn(options.folder), options.folder, events);
  const { live } = await interleaved(1, { live: () => run.catchUp(), restart: () => run.restart() });
  const figure = `observer catch-up and restart: peak memory, ${inWords(open)} open cases`;
  return [{ figure, unit: "events/s", ...live, peakMiB: peakMiB() }];
}

const part = (name: string, title: string, size: Size, run: (options: PartOptions) => Promise<Figure[]>): Part => ({
  name,
  title,
  prepare: prepare(size),
  run,
});

export const observerParts: readonly Part[] = [
  part("observer-few-open", "observer: 100,000 open cases", fewOpen, (options) => catchUp(fewOpen, options, 100_000)),
  part("observer-passing", "observer: 100,000 open cases, others passing", fewPassing, (options) =>
    catchUp(fewPassing, options),
  ),
  part("observer-all-open", "observer: 1,000,000 open cases", allOpen, (options) => catchUp(allOpen, options, 50_000)),
  part("observer-memory-few-open", "observer: memory, 100,000 open cases", fewOpen, (options) =>
    memory(fewOpen, options),
  ),
  part("observer-memory-all-open", "observer: memory, 1,000,000 open cases", allOpen, (options) =>
    memory(allOpen, options),
  ),
  part("observer-burst", "observer: 100,000 deadlines at once", dueAtOnce, (options) =>
    burst(logIn(options.folder), scaled(dueAtOnce, options).open, options),
  ),
];
