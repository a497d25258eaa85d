/** Rebuilds of order summaries, next to the decode floor, SQLite alone and a careful loop, and the memory that they take. */

import { join } from "node:path";
import { openSqliteEventStore, Rollcall } from "../../src/index.js";
import { carefulLoop, digestOfFile, sqliteAlone } from "./careful-loop.js";
import { interleaved, peakMiB, rate, type Measured } from "./measure.js";
import { eventsPerOrder, orderEvents, writeOrders } from "./orders.js";
import { checkSame, digestOfServing } from "./order-rows.js";
import { orderSummaries, summing } from "./order-summaries.js";
import type { Figure, Goal, Part, PartOptions } from "./part.js";
import { decodeFloor, decodeFloorInWords, inWords } from "./replay.js";

const fullSize = 1_000_000;
export const countOf = ({ scale }: PartOptions) => Math.round(fullSize * scale);
export const filesIn = (folder: string) => ({
  store: join(folder, "orders.sqlite"),
  readModels: join(folder, "summaries.sqlite"),
});

export const sizeInWords = (count: number) =>
  `${inWords(count)} events, ${inWords(Math.ceil(count / eventsPerOrder))} rows`;

export const prepareOrders = (options: PartOptions) => logOfOrders(filesIn(options.folder).store, countOf(options));

/** A log of so many events, with the packed copy that every rebuild finds but the first. */
export async function logOfOrders(file: string, count: number): Promise<void> {
  const store = await openSqliteEventStore({ file });
  await writeOrders(store, orderEvents(count));
  for await (const _ of store.readLog({ repeatedly: true }));
  await store.close();
}

async function rebuild(options: PartOptions): Promise<Figure[]> {
  const count = countOf(options);
  const files = filesIn(options.folder);
  const [loopRows, sqlRows] = [join(options.folder, "loop.sqlite"), join(options.folder, "sql.sqlite")];
  const rollcall = await Rollcall.open(summing(1), files);
  const plain = await Rollcall.open(summing(1), {
    store: files.store,
    readModels: join(options.folder, "plain.sqlite"),
    packedCopy: false,
  });
  const { ours, without, decode, sqlite, loop } = await interleaved(options.runs, {
    ours: () => rate(count, () => rollcall.rebuild(orderSummaries)),
    without: () => rate(count, () => plain.rebuild(orderSummaries)),
    decode: () => decodeFloor(files.store, count),
    sqlite: () => rate(count, () => sqliteAlone(files.store, sqlRows)),
    loop: () => rate(count, () => carefulLoop(files.store, loopRows)),
  });
  checkSame(await digestOfServing(rollcall), {
    "the careful loop": digestOfFile(loopRows),
    "SQLite alone": digestOfFile(sqlRows),
  });
  await Promise.all([rollcall.stop(), plain.stop()]);
  const figure = `rebuild of order summaries, ${sizeInWords(count)}`;
  const against = (what: string, floor: Measured, goal?: Goal): Figure => ({
    figure,
    unit: "events/s",
    ...ours,
    floor: { what, ...floor },
    goal,
  });
  return [
    against(decodeFloorInWords, decode, { ratio: 0.6 }),
    against("SQLite alone, the same fold in SQL", sqlite),
    against("a careful loop with better-sqlite3", loop, { ratio: 5 }),
    { figure: `${figure}, without the packed copy`, unit: "events/s", ...without },
  ];
}

/** What a rebuild needs, however long history is, and not what Node takes because it is there. */
const heapMiB = 384;

/** Nothing but rebuilds, so that the peak is theirs. */
async function memory(options: PartOptions): Promise<Figure[]> {
  const count = countOf(options);
  const rollcall = await Rollcall.open(summing(1), filesIn(options.folder));
  const { ours } = await interleaved(options.runs, {
    ours: () => rate(count, () => rollcall.rebuild(orderSummaries)),
  });
  await rollcall.stop();
  const figure = `peak memory of a rebuild in a heap of ${heapMiB} MiB, ${sizeInWords(count)}`;
  return [{ figure, unit: "events/s", ...ours, peakMiB: peakMiB() }];
}

function memoryPart(name: string, factor: number, onDemand = false): Part {
  const scaled = (options: PartOptions): PartOptions => ({
    ...options,
    runs: Math.min(options.runs, 2),
    scale: options.scale * factor,
  });
  return {
    name: `rebuild-memory-${name}`,
    title: `peak memory of a rebuild, history × ${factor}`,
    onDemand,
    heapMiB,
    prepare: (options) => prepareOrders(scaled(options)),
    run: (options) => memory(scaled(options)),
  };
}

export const rebuildParts: readonly Part[] = [
  { name: "rebuild", title: "rebuild of order summaries", prepare: prepareOrders, run: rebuild },
  memoryPart("tenth", 0.1),
  memoryPart("whole", 1),
  memoryPart("tenfold", 10, true),
];
