/** What readers notice when a rebuilt read model takes the place of the one that served. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openSqliteEventStore, Rollcall } from "../../src/index.js";
import { HttpProbe } from "./http-probe.js";
import { goLive } from "./live.js";
import { measured, quantile } from "./measure.js";
import { orderId, placedOrders, writeOrders } from "./orders.js";
import { orderSummaries, summing } from "./order-summaries.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { inWords } from "./replay.js";
import { ServerProcess } from "./server-process.js";

const fullSize = 1_000_000;
/** Twenty in five runs. */
const switchesPerRun = 4;
const readEveryMs = 5;
/** How long after a switch readers may still notice it. */
const afterwardsMs = 250;

const rowsOf = ({ scale }: PartOptions) => Math.round(fullSize * scale);
const filesIn = (folder: string) => ({ store: join(folder, "placed.sqlite"), readModels: join(folder, "rows.sqlite") });

async function prepare(options: PartOptions): Promise<void> {
  const store = await openSqliteEventStore({ file: filesIn(options.folder).store });
  await writeOrders(store, placedOrders(rowsOf(options)));
  await store.close();
}

interface Noticed {
  /** How long reads took, in milliseconds: those from the last event of a rebuild until some time after the switch. */
  readonly around: readonly number[];
  /** Those of the rest of the rebuild. */
  readonly before: readonly number[];
}

/** Reads one row again and again while `rebuilding` rebuilds. */
async function readThrough(rebuilding: Rollcall, url: string, switches: number): Promise<Noticed> {
  const head = await rebuilding.store.head();
  const around: number[] = [];
  const before: number[] = [];
  const probe = await HttpProbe.start(`${url}/read-models/${orderSummaries}/${orderId(1)}`, readEveryMs);
  // What is asked for the first time takes longer, and is not what is measured.
  await sleep(1_000);
  await probe.taken();
  for (let n = 0; n < switches; n++) {
    let sofar: Promise<readonly number[]> | undefined;
    await rebuilding.rebuild(orderSummaries, {
      onProgress: ({ position }) => {
        if (position === head) sofar ??= probe.taken();
      },
    });
    before.push(...(await sofar!));
    await sleep(afterwardsMs);
    around.push(...(await probe.taken()));
  }
  await probe.stop();
  return { around, before };
}

function figuresOf(where: string, options: PartOptions, { around, before }: Noticed, goal?: Figure["goal"]): Figure[] {
  const rows = `${inWords(rowsOf(options))} rows`;
  const figure = (what: string, reads: readonly number[], part: number): Figure => ({
    figure: `a read ${what}, ${rows}, ${where}, ${part === 1 ? "longest" : `p${part * 100}`}`,
    unit: "ms",
    ...measured([quantile(reads, part)]),
    ...(part === 0.99 && reads === around && { goal }),
  });
  return [
    ...[0.5, 0.99, 1].map((part) => figure("around a switch", around, part)),
    ...[0.5, 0.99, 1].map((part) => figure("during the rebuild before", before, part)),
  ];
}

/** As `npm run rebuild` beside the application that serves. */
async function apart(options: PartOptions): Promise<Figure[]> {
  const files = filesIn(options.folder);
  const rebuilding = await Rollcall.open(summing(1), { ...files, roles: [] });
  // So that what serves need not come to the history first.
  await rebuilding.rebuild(orderSummaries);
  const args = [files.store, files.readModels, "1", "projection", "http"];
  const serving = await ServerProcess.start("bench/summaries-process.js", args);
  try {
    const { url } = serving.said as { url: string };
    const noticed = await readThrough(rebuilding, url, switchesPerRun * options.runs);
    return figuresOf("rebuilt by another process", options, noticed, { atMost: 50 });
  } finally {
    await serving.stop();
    await rebuilding.stop();
  }
}

/** The process that answers rebuilds, too. */
async function inOneProcess(options: PartOptions): Promise<Figure[]> {
  const files = filesIn(options.folder);
  const first = await Rollcall.open(summing(1), { ...files, roles: [] });
  await first.rebuild(orderSummaries);
  await first.stop();
  const http = { host: "127.0.0.1", port: 0 };
  const rollcall = await goLive(summing(1), { ...files, roles: ["projection", "http"], http });
  try {
    const noticed = await readThrough(rollcall, rollcall.url!, switchesPerRun * options.runs);
    return figuresOf("rebuilt by the process that answers", options, noticed);
  } finally {
    await rollcall.stop();
  }
}

export const switchParts: readonly Part[] = [
  { name: "switch", title: "reads around the switch of a rebuild", prepare, run: apart },
  { name: "switch-one-process", title: "the same in one process", prepare, run: inOneProcess },
];
