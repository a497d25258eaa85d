/** How long after a deadline its flag is recorded: a running observer in one process, the traffic in another. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { flagTypePrefix, openSqliteEventStore, type EventStore, type FlagData } from "../../src/index.js";
import { record, steadily } from "./deadlines.js";
import { quantile } from "./measure.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { inWords } from "./replay.js";
import { ServerProcess } from "./server-process.js";

/** Cases that miss their deadline, in how many seconds they begin, and how many other events a second there are. */
const missed = 1_000;
const spanSeconds = 10;
const eventsPerSecond = 200;
const patienceMs = 30_000;

interface Log {
  /** As the configuration of an application says it. */
  readonly address: string;
  readonly store: EventStore;
  close(): Promise<void>;
}

/** @param around events a second besides those that begin the cases, from the first of them to the last deadline */
async function delays(log: Log, folder: string, name: string, count: number, around: number): Promise<number[]> {
  const spanMs = (spanSeconds * 1_000 * count) / missed;
  const withinMs = Math.max(1_000, Math.round(1.2 * spanMs));
  const rows = join(folder, `${name}-rows.sqlite`);
  const observer = await ServerProcess.start("bench/observer-process.js", [log.address, rows, String(withinMs)]);
  try {
    const { store } = log;
    const perSecond = missed / spanSeconds;
    const seconds = (spanMs + withinMs + 1_000) / 1_000;
    const traffic = steadily(Math.max(around, 1), Math.round(around * seconds), (n) =>
      record(store, `${name}-paid-${n >> 1}`, n % 2 ? "bench.Paid" : "bench.Opened"),
    );
    await steadily(perSecond, count, (n) => record(store, `${name}-missed-${n}`, "bench.Opened"));
    await Promise.all([traffic, sleep(withinMs)]);
    return await recordedDelays(store, `${name}-missed-`, count);
  } finally {
    await observer.stop();
  }
}

/** From the deadline of each flag to its recording, once all are there. */
async function recordedDelays(store: EventStore, prefix: string, count: number): Promise<number[]> {
  for (let waitedMs = 0; ; waitedMs += 500) {
    const found: number[] = [];
    for await (const page of store.readLog({ filter: { eventTypes: [`${flagTypePrefix}Missing`] } }))
      for (const { data, recordedAtMs } of page) {
        const { case: key, deadline } = data as FlagData;
        if (key?.startsWith(prefix)) found.push(recordedAtMs - Date.parse(deadline!));
      }
    if (found.length >= count) return found;
    if (waitedMs >= patienceMs) throw new Error(`${found.length} of ${count} deadlines were flagged.`);
    await sleep(500);
  }
}

async function timeToFlag(log: Log, where: string, { folder, scale }: PartOptions): Promise<Figure[]> {
  const count = Math.max(1, Math.round(missed * scale));
  try {
    const busy = await delays(log, folder, "busy", count, eventsPerSecond);
    const idle = await delays(log, folder, "idle", count, 0);
    const all = [
      [`${eventsPerSecond} other events/s`, busy],
      ["an idle log", idle],
    ] as const;
    return all.flatMap(([traffic, found]) =>
      ([0.5, 0.99, 1] as const).map((part) => ({
        figure: `time to flag, ${inWords(count)} deadlines, ${where}, ${traffic}, ${part === 1 ? "longest" : `p${part * 100}`}`,
        unit: "ms",
        median: Math.round(quantile(found, part)),
        runs: [Math.round(quantile(found, part))],
        ...(part === 0.99 && { goal: { atMost: 1_000 } }),
      })),
    );
  } finally {
    await log.close();
  }
}

async function overSqlite(options: PartOptions): Promise<Figure[]> {
  const address = join(options.folder, "time-to-flag.sqlite");
  const store = await openSqliteEventStore({ file: address });
  return timeToFlag({ address, store, close: () => store.close() }, "SQLite", options);
}

async function overEventStoreDb(options: PartOptions): Promise<Figure[]> {
  const { openEventStoreDb } = await import("../../src/store/eventstoredb/index.js");
  const file = join(options.folder, "time-to-flag-server.sqlite");
  const server = await ServerProcess.start("eventstore.js", ["--port", "0", "--file", file, "--json"]);
  const { connectionString } = server.said as { connectionString: string };
  const store = await openEventStoreDb({ connectionString });
  const close = () => store.close().then(() => server.stop());
  return timeToFlag({ address: connectionString, store, close }, "EventStoreDB", options);
}

export const timeToFlagParts: readonly Part[] = [
  { name: "time-to-flag-sqlite", title: "time to flag over SQLite", run: overSqlite },
  { name: "time-to-flag-eventstoredb", title: "time to flag over EventStoreDB", run: overEventStoreDb },
];
