/** The rebuild of an observer over generated history, and the floor that every rebuild is measured by. */

import { join } from "node:path";
import Database from "better-sqlite3";
import { openSqliteEventStore, Rollcall } from "../../src/index.js";
import { accounts } from "./accounts.js";
import { manyKeys, writeHistory } from "./history.js";
import { interleaved, rate } from "./measure.js";
import type { Figure, Part, PartOptions } from "./part.js";

const fullSize = 1_000_000;
const countOf = ({ scale }: PartOptions) => Math.round(fullSize * scale);
const logIn = (folder: string) => join(folder, "log.sqlite");

async function prepare(options: PartOptions): Promise<void> {
  const store = await openSqliteEventStore({ file: logIn(options.folder) });
  await writeHistory(store, countOf(options), manyKeys);
  await store.close();
}

async function rebuildObserver(options: PartOptions): Promise<Figure[]> {
  const count = countOf(options);
  const store = logIn(options.folder);
  const rollcall = await Rollcall.open(accounts, { store, readModels: join(options.folder, "rows.sqlite") });
  const { rebuild, decode } = await interleaved(options.runs, {
    rebuild: () => rate(count, () => rollcall.rebuild("bench-payments")),
    decode: () => decodeFloor(store, count),
  });
  await rollcall.stop();
  const figure = `rebuild of an observer, 86,000 cases, ${inWords(count)} events`;
  return [{ figure, unit: "events/s", ...rebuild, floor: { what: decodeFloorInWords, ...decode } }];
}

export const observerRebuildPart: Part = {
  name: "observer-rebuild",
  title: "rebuild of an observer",
  prepare,
  run: rebuildObserver,
};

export const inWords = (count: number) => count.toLocaleString("en");

export const decodeFloorInWords = "JSON.parse of the same data and metadata";

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
