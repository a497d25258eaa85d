#!/usr/bin/env node
/** `npm run import -- <file> --category <name>`: imports history from an XES file into the event store. */

import "reflect-metadata";
import { Command, InvalidArgumentError, Option } from "commander";
import { exitCodesInWords, Interrupted, progress, run, type Progress } from "./command-line.js";
import {
  defaultFutureToleranceMs,
  importXes,
  type ImportOptions,
  type ImportProgress,
  type ImportResult,
} from "./import/import-xes.js";
import { defaultStore, isEventStoreDb, openStoreAt, storeInWords, type OpeningOptions } from "./open-store.js";

interface Options {
  readonly category: string;
  readonly typePrefix?: string;
  readonly source?: string;
  readonly lifecycle?: string[];
  readonly store: string;
  readonly inFlight?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const help = `
The whole file is checked first: with any problem in it nothing is appended. No event may be more than
${defaultFutureToleranceMs / 60_000} minutes in the future. Then the events are appended in the order of (time, trace, event), each once:
stop the import when you like, and run the same command again to go on. Of each event
  its activity (concept:name) is the type, with --type-prefix before it;
  its trace is the stream, <category>-<trace>, and the correlation id;
  its time (time:timestamp) is occurredAt in the metadata, in UTC, beside "imported": true;
  its data is { activity, lifecycle, resource, ...other attributes }, and on a stream's first event
  also { trace: { ...the trace's attributes } }.
Temporary data, about the size of the unpacked file, goes to the system's temporary folder (TMPDIR).

${exitCodesInWords}`;

const counted = (n: number) => n.toLocaleString("en");

function parse(): { file: string; options: Options; nameOfStore: string } {
  const command = new Command("import")
    .description("Imports history from an XES file (IEEE 1849, gzipped or not) into the event store.")
    .argument("<file>", "the XES file")
    .requiredOption("--category <name>", "category of the streams: loan makes loan-<trace>")
    .option("--type-prefix <text>", "put before each activity to make the event type: loan. makes loan.<activity>")
    .option(
      "--source <name>",
      "names this history in its event ids (default: the log's concept:name, or else the category)",
    )
    .option(
      "--lifecycle <transition>",
      "only events with this lifecycle:transition, in upper or lower case; may be repeated (default: all, the transition is kept in the data)",
      (transition: string, before: string[] | undefined) => [...(before ?? []), transition],
    )
    .addOption(
      new Option("--store <address>", "the event store: the path of a SQLite file, or a connection to EventStoreDB")
        .env("ROLLCALL_STORE")
        .default(defaultStore),
    )
    .option(
      "--in-flight <n>",
      "most appends under way at a time (default: 1000; 1 for EventStoreDB, which may process them in another order)",
      wholeNumber,
    )
    .option("--dry-run", "check the file, append nothing, open no store")
    .option("--json", "write the result, or the error, to stdout as JSON")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .exitOverride()
    .parse();
  const nameOfStore = command.getOptionValueSource("store") === "env" ? "ROLLCALL_STORE" : "--store";
  return { file: command.args[0]!, options: command.opts<Options>(), nameOfStore };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("Expected a whole number from 1.");
  return Number(text);
}

/** One line of progress for each phase. */
class Phases {
  last: ImportProgress | undefined;
  private shown: Progress | undefined;

  readonly update = (now: ImportProgress): void => {
    const scale = now.unit === "bytes" ? 1024 : 1;
    if (this.last?.phase !== now.phase) {
      this.end();
      this.shown = progress(now.phase, now.total / scale, now.unit === "bytes" ? "kB" : now.unit);
    }
    this.last = now;
    this.shown?.update(now.done / scale);
  };

  end(): void {
    this.shown?.end();
  }
}

await run(async (signal) => {
  const { file, options, nameOfStore } = parse();
  const phases = new Phases();
  const { category, typePrefix, source, lifecycle } = options;
  const common = { file, category, typePrefix, source, lifecycle, signal, onProgress: phases.update };
  try {
    const result = options.dryRun
      ? await importXes({ ...common, dryRun: true })
      : await importInto(options.store, {
          ...common,
          name: nameOfStore,
          json: options.json,
          inFlight: options.inFlight ?? (isEventStoreDb(options.store) ? 1 : undefined),
        });
    phases.end();
    process.stdout.write(`${options.json ? JSON.stringify(result) : inWords(file, result, options)}\n`);
  } catch (error) {
    phases.end();
    throw error === signal.reason ? new Interrupted((error as Interrupted).exitCode, howToGoOn(phases.last)) : error;
  }
});

async function importInto(
  address: string,
  { name, json, ...options }: Omit<ImportOptions, "store" | "dryRun"> & OpeningOptions,
): Promise<ImportResult> {
  const store = await openStoreAt(address, { name, json, signal: options.signal });
  try {
    return await importXes({ ...options, store });
  } finally {
    await store.close();
  }
}

function howToGoOn(last: ImportProgress | undefined): string {
  const appended = last?.phase === "appending" ? last.done : 0;
  if (appended === 0) return "Nothing was appended by this run. Run the same command again.";
  return `${counted(appended)} of ${counted(last!.total)} events were appended. Run the same command again to append the rest.`;
}

function inWords(file: string, result: ImportResult, { dryRun, store }: Options): string {
  const { traces, events, leftOut, appended, alreadyThere, from, to, elapsedMs } = result;
  const span = from === undefined ? "" : ` from ${from} to ${to}`;
  const filtered = leftOut > 0 ? ` (${counted(leftOut)} left out by --lifecycle)` : "";
  const outcome = dryRun
    ? "No problem found; nothing was appended (--dry-run)."
    : appended === 0 && events > 0
      ? `Nothing to append: all of them are in ${storeInWords(store)} already.`
      : `Appended ${counted(appended)} to ${storeInWords(store)}${alreadyThere > 0 ? `; ${counted(alreadyThere)} were there already` : ""}.`;
  return `${file}: ${counted(traces)} traces, ${counted(events)} events${span}${filtered}.\n${outcome} ${(elapsedMs / 1000).toFixed(1)} s.`;
}
