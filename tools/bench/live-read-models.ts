/** Live read models: how soon an event is in its row, and what ten of them cost compared with one. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { openSqliteEventStore, Rollcall, type EventStore } from "../../src/index.js";
import { steadily } from "./deadlines.js";
import { interleaved, measured, quantile, rate } from "./measure.js";
import { appendOrderEvent, orderEvents, writeOrders } from "./orders.js";
import { summing } from "./order-summaries.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { inWords } from "./replay.js";
import { ServerProcess } from "./server-process.js";

const perSecond = 1_000;
const many = 10;
/** Of traffic, and of history to catch up with; at full size. */
const seconds = 20;
const historySize = 200_000;
const patienceMs = 30_000;

const eventsOf = ({ scale }: PartOptions) => Math.max(perSecond, Math.round(perSecond * seconds * scale));
const historyOf = ({ scale }: PartOptions) => Math.round(historySize * scale);
const historyIn = (folder: string) => join(folder, "history.sqlite");

async function prepare(options: PartOptions): Promise<void> {
  const store = await openSqliteEventStore({ file: historyIn(options.folder) });
  await writeOrders(store, orderEvents(historyOf(options)));
  await store.close();
}

/** New files for each run. */
function filesFor(folder: string) {
  const [store, readModels] = [join(folder, "live.sqlite"), join(folder, "live-rows.sqlite")];
  for (const file of [store, readModels])
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  return { store, readModels };
}

/** Where the slowest of the read models stands, as every other process sees it: rows and checkpoint change together. */
class Visible {
  private readonly rows: Database.Database;
  private readonly slowest: Database.Statement<[], number | null>;

  constructor(
    file: string,
    private readonly readModels: number,
  ) {
    this.rows = new Database(file, { readonly: true });
    this.slowest = this.rows
      .prepare<[], number | null>(
        `SELECT CASE WHEN count(*) >= ${readModels} THEN min(coalesce(position, 0)) END FROM generation
         WHERE state = 'active'`,
      )
      .pluck();
  }

  position(): number {
    return this.readModels === 0 ? Infinity : (this.slowest.get() ?? 0);
  }

  /** Resolves once all of them have come as far. */
  async reached(position: number): Promise<void> {
    const until = performance.now() + patienceMs;
    while (this.position() < position) {
      if (performance.now() > until) throw new Error(`The read models did not come as far as ${position}.`);
      await sleep(1);
    }
  }

  close(): void {
    this.rows.close();
  }
}

interface Traffic {
  /** From when each event was appended until it was in its row, in milliseconds. */
  readonly delays: readonly number[];
  /** Of this process, in milliseconds a thousand events. */
  readonly cpuMs: number;
}

async function traffic(store: EventStore, visible: Visible, count: number): Promise<Traffic> {
  const events = orderEvents(count);
  const waiting: { position: number; sinceMs: number }[] = [];
  const delays: number[] = [];
  const cpu = process.cpuUsage();
  const note = (position: number) => {
    const nowMs = performance.now();
    let left = 0;
    for (const each of waiting)
      if (each.position <= position) delays.push(nowMs - each.sinceMs);
      else waiting[left++] = each;
    waiting.length = left;
  };
  const appended = steadily(perSecond, count, async () => {
    const sinceMs = performance.now();
    const { position } = await appendOrderEvent(store, events.next().value!);
    waiting.push({ position: Number(position), sinceMs });
  });
  let isOver = false;
  void appended.finally(() => (isOver = true));
  for (const until = performance.now() + count + patienceMs; !isOver || waiting.length > 0; await sleep(1)) {
    note(visible.position());
    if (performance.now() > until)
      throw new Error(`${waiting.length} of ${count} events did not come into their rows.`);
  }
  await appended;
  const { user, system } = process.cpuUsage(cpu);
  return { delays, cpuMs: (user + system) / count };
}

/** An application with so many read models in this process, and traffic of the same process. */
async function inOneProcess(readModels: number, options: PartOptions): Promise<Traffic> {
  const files = filesFor(options.folder);
  const rollcall = await Rollcall.open(summing(readModels), { ...files, roles: readModels ? ["projection"] : [] });
  await rollcall.start();
  const visible = new Visible(files.readModels, readModels);
  await visible.reached(0);
  const found = await traffic(rollcall.store, visible, eventsOf(options));
  visible.close();
  await rollcall.stop();
  return found;
}

async function inAnotherProcess(options: PartOptions): Promise<Traffic> {
  const files = filesFor(options.folder);
  const args = [files.store, files.readModels, "1", "projection"];
  const store = await openSqliteEventStore({ file: files.store });
  const application = await ServerProcess.start("bench/summaries-process.js", args);
  try {
    const visible = new Visible(files.readModels, 1);
    const found = await traffic(store, visible, eventsOf(options));
    visible.close();
    return found;
  } finally {
    await application.stop();
    await store.close();
  }
}

/** Events a second of so many read models that come to a history. */
async function catchUp(readModels: number, options: PartOptions): Promise<number> {
  const { readModels: file } = filesFor(options.folder);
  const rollcall = await Rollcall.open(summing(readModels), {
    store: historyIn(options.folder),
    readModels: file,
    roles: ["projection"],
  });
  const head = Number(await rollcall.store.head());
  const visible = new Visible(file, readModels);
  const perSecond = await rate(historyOf(options), async () => {
    await rollcall.start();
    await visible.reached(head);
  });
  visible.close();
  await rollcall.stop();
  return perSecond;
}

async function run(options: PartOptions): Promise<Figure[]> {
  const found: Record<"none" | "one" | "many" | "apart", Traffic[]> = { none: [], one: [], many: [], apart: [] };
  for (let run = 0; run < options.runs; run++) {
    found.none.push(await inOneProcess(0, options));
    found.one.push(await inOneProcess(1, options));
    found.many.push(await inOneProcess(many, options));
    found.apart.push(await inAnotherProcess(options));
  }
  const { one, ten } = await interleaved(options.runs, {
    one: () => catchUp(1, options),
    ten: () => catchUp(many, options),
  });
  const delay = (what: string, runs: readonly Traffic[]): Figure[] =>
    [0.5, 0.99].map((part) => ({
      figure: `append to visible row, ${inWords(perSecond)} appends/s, ${what}, p${part * 100}`,
      unit: "ms",
      ...measured(runs.map(({ delays }) => quantile(delays, part))),
    }));
  const cpu = (runs: readonly Traffic[]) => measured(runs.map(({ cpuMs }) => cpuMs));
  const history = `${inWords(historyOf(options))} events`;
  return [
    { figure: `live read model comes to a history of ${history}`, unit: "events/s", ...one },
    {
      figure: `${many} live read models come to a history of ${history}`,
      unit: "events/s",
      ...ten,
      floor: { what: "one", ...one },
    },
    ...delay("one read model", found.one),
    ...delay(`${many} read models`, found.many),
    ...delay("one read model in another process", found.apart),
    {
      figure: "one read model and the appends: CPU time",
      unit: "ms/1,000 events",
      ...cpu(found.one),
      floor: { what: "the appends alone", ...cpu(found.none) },
    },
    {
      figure: `${many} read models and the appends: CPU time`,
      unit: "ms/1,000 events",
      ...cpu(found.many),
      floor: { what: "one and the appends", ...cpu(found.one) },
    },
  ];
}

export const livePart: Part = { name: "live", title: "live read models", prepare, run };
