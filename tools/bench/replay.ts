/** Rebuilds over generated history, next to the decode floor and SQLite alone. */

import { join } from "node:path";
import Database from "better-sqlite3";
import { openSqliteEventStore, Rollcall } from "../../src/index.js";
import { accounts } from "./accounts.js";
import { manyKeys, writeHistory } from "./history.js";
import { interleaved, peakMiB, rate } from "./measure.js";
import type { Figure, Part, PartOptions } from "./part.js";

const fullSize = 1_000_000;

interface Replay {
  readonly readModel: string;
  readonly title: string;
  readonly keys?: number;
  readonly goal?: Figure["goal"];
}

const filesOf = (readModel: string, folder: string) => ({
  store: join(folder, `${readModel}.sqlite`),
  readModels: join(folder, `${readModel}-rows.sqlite`),
});
const countOf = ({ scale }: PartOptions) => Math.round(fullSize * scale);

async function prepare({ readModel, keys = manyKeys }: Replay, options: PartOptions): Promise<void> {
  const store = await openSqliteEventStore({ file: filesOf(readModel, options.folder).store });
  await writeHistory(store, countOf(options), keys);
  await store.close();
}

async function replay({ readModel, title, goal }: Replay, options: PartOptions): Promise<Figure[]> {
  const count = countOf(options);
  const files = filesOf(readModel, options.folder);
  const rollcall = await Rollcall.open(accounts, files);
  const figures = await interleaved(options.runs, {
    rebuild: () => rate(count, () => rollcall.rebuild(readModel)),
    decode: () => decodeFloor(files.store, count),
    sqlite: () => rate(count, () => sqliteAlone(files.store)),
  });
  await rollcall.stop();
  const floor = { what: "JSON.parse of the same data and metadata", ...figures.decode };
  return [
    { figure: `${title}, ${inWords(count)} events`, unit: "events/s", ...figures.rebuild, floor, goal },
    { figure: `${title}: SQLite alone, stepping over the rows`, unit: "events/s", ...figures.sqlite },
  ];
}

/** Nothing but rebuilds, so that the peak is theirs. */
async function memoryOf({ readModel, title }: Replay, options: PartOptions): Promise<Figure[]> {
  const count = countOf(options);
  const rollcall = await Rollcall.open(accounts, filesOf(readModel, options.folder));
  const figures = await interleaved(options.runs, { rebuild: () => rate(count, () => rollcall.rebuild(readModel)) });
  await rollcall.stop();
  const figure = `${title}, ${inWords(count)} events, 25,000 keys`;
  return [{ figure, unit: "events/s", ...figures.rebuild, peakMiB: peakMiB() }];
}

export const inWords = (count: number) => count.toLocaleString("en");

/** The data and metadata of every event, in memory as text, parsed one by one. A slice at a time, so that memory stays flat. */
export async function decodeFloor(file: string, count: number): Promise<number> {
  const db = new Database(file, { readonly: true });
  const slice = db.prepare("SELECT data, metadata FROM event WHERE position > ? ORDER BY position LIMIT 50000").raw();
  let spentMs = 0;
  for (let from = 0; from < count; from += 50_000) {
    const rows = slice.all(from) as [string, string][];
    const started = performance.now();
    for (const [data, metadata] of rows) {
      JSON.parse(data);
      JSON.parse(metadata);
    }
    spentMs += performance.now() - started;
  }
  db.close();
  return (count / spentMs) * 1_000;
}

function sqliteAlone(file: string): void {
  const db = new Database(file, { readonly: true });
  db.prepare("SELECT sum(length(data) + length(stream) + revision) FROM event NOT INDEXED").get();
  db.close();
}

const rebuild: Replay = {
  readModel: "bench-accounts",
  title: "rebuild of a keyed read model",
  goal: { ratio: 0.5, atLeast: 150_000 },
};
const observer: Replay = { readModel: "bench-payments", title: "rebuild of an observer, 86,000 cases" };
/** The same keys for a quarter of the history, for all of it and for twice as much: the peak must be the same. */
const memory: Replay = { readModel: "bench-accounts", title: "peak memory of a rebuild", keys: 25_000 };

const memoryPart = (name: string, factor: number): Part => {
  const scaled = (options: PartOptions) => ({
    ...options,
    runs: Math.min(options.runs, 2),
    scale: options.scale * factor,
  });
  return {
    name,
    title: `${memory.title}, history × ${factor}`,
    prepare: (options) => prepare(memory, scaled(options)),
    run: (options) => memoryOf(memory, scaled(options)),
  };
};

export const replayParts: readonly Part[] = [
  ...[rebuild, observer].map((each) => ({
    name: each === rebuild ? "accounts-rebuild" : "observer-rebuild",
    title: each.title,
    prepare: (options: PartOptions) => prepare(each, options),
    run: (options: PartOptions) => replay(each, options),
  })),
  memoryPart("memory-quarter", 0.25),
  memoryPart("memory-whole", 1),
  memoryPart("memory-double", 2),
];
