#!/usr/bin/env node
/** `npm run bench`: what Rollcall does in a second, next to floors measured in the same run. */

import "reflect-metadata";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Command, InvalidArgumentError } from "commander";
import { InvalidConfiguration } from "../src/index.js";
import { appendParts } from "./bench/append.js";
import { importPart } from "./bench/import.js";
import { livePart } from "./bench/live-read-models.js";
import { observerParts } from "./bench/observer.js";
import type { Figure, Goal, Part } from "./bench/part.js";
import { snapshotPart } from "./bench/snapshot.js";
import { rebuildParts } from "./bench/rebuild.js";
import { peersPart } from "./bench/rebuild-peers.js";
import { postgresqlPart } from "./bench/rebuild-postgresql.js";
import { realLogPart } from "./bench/rebuild-real-log.js";
import { observerRebuildPart } from "./bench/replay.js";
import { switchParts } from "./bench/switch.js";
import { timeLeftPart } from "./bench/time-left.js";
import { timeToFlagParts } from "./bench/time-to-flag.js";
import { workersPart } from "./bench/workers.js";
import { exitCodesInWords, run } from "./command-line.js";

interface Options {
  readonly runs: number;
  readonly scale: number;
  readonly part?: string;
  readonly json?: boolean;
}

/** Loaded when it is asked for: the client would count in the memory of every other part. */
const overEventStoreDb = () => import("./bench/eventstoredb.js");
const eventStoreDbPart: Part = {
  name: "eventstoredb",
  title: "appends, reads and rebuild over EventStoreDB",
  prepare: async (options) => (await overEventStoreDb()).prepare(options),
  run: async (options) => (await overEventStoreDb()).run(options),
};

const parts: readonly Part[] = [
  ...appendParts,
  snapshotPart,
  importPart,
  ...rebuildParts,
  timeLeftPart,
  workersPart,
  realLogPart,
  peersPart,
  postgresqlPart,
  livePart,
  ...switchParts,
  observerRebuildPart,
  ...observerParts,
  ...timeToFlagParts,
  eventStoreDbPart,
];

/** `observer` means every part whose name begins with `observer-` too, but for those on demand. */
const isMeant = ({ name, onDemand }: Part, said: string) => name === said || (!onDemand && name.startsWith(`${said}-`));

const above0 = (text: string) => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
};

function parse(): { names: readonly string[]; options: Options } {
  const command = new Command("bench")
    .description(
      "Measures appends, snapshots, import, rebuild, observers and EventStoreDB; each in a process of its own.",
    )
    .argument(
      "[parts...]",
      `what to measure, or how it begins: ${parts.map(({ name, onDemand }) => (onDemand ? `${name} (on demand)` : name)).join(", ")} (default: all but those on demand)`,
    )
    .option("--runs <n>", "interleaved runs, of which the median counts", above0, 5)
    .option("--scale <x>", "size of the history; 1 is a million events", above0, 1)
    .option("--json", "print the figures as JSON")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", `\n${exitCodesInWords}`)
    .exitOverride()
    .parse();
  return { names: command.args, options: command.opts<Options>() };
}

await run(async (signal) => {
  const { names, options } = parse();
  const unknown = names.filter((name) => !parts.some((part) => isMeant(part, name)));
  if (unknown.length > 0)
    throw new InvalidConfiguration(unknown.map((name) => `There is no part ${name}. See --help.`));
  const chosen = parts.filter((part) =>
    names.length === 0 ? !part.onDemand : names.some((name) => isMeant(part, name)),
  );
  const only = chosen.find(({ name }) => name === names[0]);
  const step = process.env["ROLLCALL_BENCH_STEP"];
  if (step !== undefined) return doHere(only!, step, process.env["ROLLCALL_BENCH_FOLDER"]!, options);

  const [loadBefore] = loadavg();
  const figures: Figure[] = [];
  for (const part of chosen) {
    await part.install?.();
    if (!options.json) process.stderr.write(`${part.title} …\n`);
    figures.push(...(await measureApart(part, options, signal)));
  }
  const load = `load average ${loadBefore!.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after`;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${load}`;
  process.stdout.write(
    options.json ? `${JSON.stringify({ machine, ...options, figures }, null, 2)}\n` : `${tableOf(machine, figures)}\n`,
  );
});

/** What a child process does: one step of one part. */
async function doHere(part: Part, step: string, folder: string, options: Options): Promise<void> {
  if (step === "prepare") return part.prepare?.({ folder, ...options });
  process.stdout.write(JSON.stringify(await part.run({ folder, ...options })));
}

async function measureApart(part: Part, { runs, scale }: Options, signal: AbortSignal): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-bench-"));
  const script = fileURLToPath(import.meta.url);
  const child = async (step: "prepare" | "run") => {
    const heap = step === "run" && part.heapMiB ? [`--max-old-space-size=${part.heapMiB}`] : [];
    const args = [...process.execArgv, ...heap, script, part.name, "--runs", `${runs}`, "--scale", `${scale}`];
    const env = { ...process.env, ROLLCALL_BENCH_STEP: step, ROLLCALL_BENCH_FOLDER: folder };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env, signal, maxBuffer: 1 << 24 });
    process.stderr.write(stderr);
    return stdout;
  };
  try {
    if (part.prepare) await child("prepare");
    return JSON.parse(await child("run")) as Figure[];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function tableOf(machine: string, figures: readonly Figure[]): string {
  const lines = figures.map(({ figure, unit, median, floor, goal, peakMiB }) => {
    const ratio = floor && median / floor.median;
    return [
      figure,
      `${median.toLocaleString("en")} ${unit}`,
      floor ? `${floor.median.toLocaleString("en")} (${floor.what})` : "",
      ratio ? ratio.toFixed(2) : "",
      goal ? verdict(median, ratio ?? 0, goal) : "",
      peakMiB ? `${peakMiB} MiB` : "",
    ];
  });
  const table = [["figure", "median", "floor", "ratio", "goal", "peak memory"], ...lines];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return [
    machine,
    ...table.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    ),
  ].join("\n");
}

function verdict(median: number, ratio: number, { ratio: least, atLeast, atMost }: Goal): string {
  const reached =
    (least !== undefined && ratio >= least) ||
    (atLeast !== undefined && median >= atLeast) ||
    (atMost !== undefined && median <= atMost);
  const wanted = [least, atLeast?.toLocaleString("en"), atMost && `at most ${atMost.toLocaleString("en")}`];
  return `${reached ? "reached" : "MISSED"}: ${wanted.filter((each) => each !== undefined).join(" or ")}`;
}
