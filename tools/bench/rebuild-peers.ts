/** Rebuilds by peers, each in its recommended form and in a process of its own, next to ours of the same events. */

import { execFile } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { Rollcall } from "../../src/index.js";
import { carefulLoop } from "./careful-loop.js";
import { interleaved, rate } from "./measure.js";
import { logOfOrders } from "./rebuild.js";
import { orderEvents } from "./orders.js";
import type { OrderSummary } from "./order-fold.js";
import { checkSame, digestOf, digestOfServing } from "./order-rows.js";
import { orderSummaries, summing } from "./order-summaries.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { installPeers, peersFolder, startPostgres } from "./peers.js";
import { decodeFloor, decodeFloorInWords, inWords } from "./replay.js";

const fullSize = 1_000_000;
/** Peers are slow, so they get fewer events; rates compare. */
const fewSize = 20_000;
const countOf = ({ scale }: PartOptions) => Math.round(fullSize * scale);
const fewOf = ({ scale }: PartOptions) => Math.max(1_000, Math.round(fewSize * Math.min(1, scale)));

interface Peer {
  readonly name: string;
  readonly script: string;
  readonly tuned?: boolean;
  readonly goal?: Figure["goal"];
}

const peers: readonly Peer[] = [
  { name: "emmett-sqlite", script: "emmett-sqlite.js" },
  { name: "emmett-sqlite, tuned", script: "emmett-sqlite.js", tuned: true, goal: { ratio: 120 } },
  { name: "emmett-postgresql", script: "emmett-postgresql.js" },
  { name: "emmett-postgresql, tuned", script: "emmett-postgresql.js", tuned: true },
  { name: "act-sqlite", script: "act-sqlite.js" },
];

const logsIn = (folder: string) => ({
  log: join(folder, "orders.sqlite"),
  few: join(folder, "few.sqlite"),
  events: join(folder, "few.jsonl"),
});

async function prepare(options: PartOptions): Promise<void> {
  const { log, few, events } = logsIn(options.folder);
  await logOfOrders(log, countOf(options));
  await logOfOrders(few, fewOf(options));
  const lines = function* () {
    for (const event of orderEvents(fewOf(options))) yield `${JSON.stringify(event)}\n`;
  };
  await pipeline(lines, createWriteStream(events));
}

/** Runs a peer's script; what it says. */
async function ask({ script, tuned }: Peer, args: readonly string[], postgres: string): Promise<string> {
  const env = { ...process.env, PEER_TUNED: tuned ? "1" : "0", PEER_POSTGRES: postgres, LOG_LEVEL: "fatal" };
  const command = ["--expose-gc", join(peersFolder, script), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { env, maxBuffer: 1 << 26 });
  return stdout;
}

async function run(options: PartOptions): Promise<Figure[]> {
  const postgres = await startPostgres();
  try {
    return await compare(options, postgres.url);
  } finally {
    await postgres.stop();
  }
}

async function compare(options: PartOptions, postgres: string): Promise<Figure[]> {
  const { folder, runs } = options;
  const [count, few] = [countOf(options), fewOf(options)];
  const { log, few: fewLog, events } = logsIn(folder);
  const rowsOf = (peer: Peer) => join(folder, `${peers.indexOf(peer)}.jsonl`);
  const prepared = new Set<string>();
  for (const peer of peers) {
    // Of one on PostgreSQL, both forms read the same events.
    const what = peer.script.includes("postgresql") ? peer.script : peer.name;
    if (!prepared.has(what)) await ask(peer, ["prepare", events, folder], postgres);
    prepared.add(what);
  }
  const rebuildBy = async (peer: Peer) => {
    const said = await ask(peer, ["rebuild", folder, rowsOf(peer)], postgres);
    const { ms } = JSON.parse(/^rebuilt (.*)$/m.exec(said)![1]!) as { ms: number };
    return (few / ms) * 1_000;
  };
  const ours = await Rollcall.open(summing(1), { store: log, readModels: join(folder, "rows.sqlite") });
  const oursOfFew = await Rollcall.open(summing(1), { store: fewLog, readModels: join(folder, "few-rows.sqlite") });
  const sides: Record<string, () => Promise<number>> = {
    ours: () => rate(count, () => ours.rebuild(orderSummaries)),
    oursOfFew: () => rate(few, () => oursOfFew.rebuild(orderSummaries)),
    decode: () => decodeFloor(log, count),
    loop: () => rate(count, () => carefulLoop(log, join(folder, "loop.sqlite"))),
    ...Object.fromEntries(peers.map((peer) => [peer.name, () => rebuildBy(peer)])),
  };
  const found = await interleaved(runs, sides);
  checkSame(
    await digestOfServing(oursOfFew),
    Object.fromEntries(peers.map((peer) => [peer.name, digestOf(summariesIn(rowsOf(peer)))])),
  );
  await Promise.all([ours.stop(), oursOfFew.stop()]);
  const figure = `rebuild of order summaries, ${inWords(count)} events`;
  const unit = "events/s";
  const against = (side: string, what: string, goal?: Figure["goal"]): Figure => ({
    figure,
    unit,
    ...found["ours"]!,
    floor: { what, ...found[side]! },
    goal,
  });
  return [
    against("decode", decodeFloorInWords, { ratio: 0.6 }),
    against("loop", "a careful loop with better-sqlite3", { ratio: 5 }),
    ...peers.map(({ name, goal }) => against(name, `${name}, ${inWords(few)} events`, goal)),
    { figure: `rebuild of order summaries, ${inWords(few)} events`, unit, ...found["oursOfFew"]! },
  ];
}

const summariesIn = (file: string) =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as [string, OrderSummary]);

export const peersPart: Part = {
  name: "rebuild-peers",
  title: "rebuild of order summaries, by peers too",
  onDemand: true,
  install: installPeers,
  prepare,
  run,
};
