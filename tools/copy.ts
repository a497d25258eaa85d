#!/usr/bin/env node
/** `npm run copy -- FROM TO`: moves a log from one event store to another. */

import "reflect-metadata";
import { existsSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { InvalidConfiguration } from "../src/errors.js";
import type { EventStore } from "../src/store/index.js";
import { exitCodesInWords, Interrupted, progress, run, type Progress } from "./command-line.js";
import { refusedByEventStoreDb } from "./copy/acceptance.js";
import { copyLog, verifyCopy, type CopyProgress, type CopyResult, type VerifyResult } from "./copy/copy-log.js";
import { isEventStoreDb, openStoreAt, storeInWords } from "./open-store.js";

interface Options {
  readonly verify?: boolean;
  readonly leaveOut?: string[];
  readonly inFlight?: number;
  readonly json?: boolean;
}

const help = `
FROM and TO are the path of a SQLite file or a connection to EventStoreDB such as esdb://localhost:2113?tls=false. TO has
to be empty, or to hold what an earlier run has copied: stop the copy when you like, and run the same command again to
go on. FROM may be in use; what is recorded during the copy is for the next run. Nothing else may write to TO until then.

Every event keeps its stream, revision, id, type, content type, data and metadata, and the log its order. In the end both
logs are read and compared; --verify does that alone. To the metadata is added
  copied.recordedAt  when FROM recorded it;
  occurredAt         the same, where the writer stated none: business time stays what it was.
Metadata that is no JSON object is copied as it is, and such an event's business time is that of the copy. JSON is copied
as its value: blanks, and digits beyond those of a double, are not kept.

Left out are the streams of EventStoreDB itself ($...), deleted ones, and the one that says which log it is. Streams that
were truncated are refused, but for the clock, which is numbered anew. Whoever wants to do without them names them by
--leave-out. Streams of Rollcall (flags, ticks) are copied as all others.

TO is a log of its own.
  Read models have to be made anew: point ROLLCALL_READ_MODELS at a new file, or rebuild all of them.
  Observers, in log time and in business time, come to the verdicts and flags that they came to before, and go on with
  what was open: log time goes by copied.recordedAt.
  Reactors have no checkpoint in TO. With the read models of FROM they refuse to start; with a new file they react to all
  of it again, under the same idempotency keys, unless they say startFrom: "now". "imported" is set on no event that does
  not have it: those that nobody has reacted to yet must count.

${exitCodesInWords}`;

const counted = (n: number) => n.toLocaleString("en");

function parse(): { from: string; to: string; options: Options } {
  const command = new Command("copy")
    .description("Copies a log to another event store, or compares the two.")
    .argument("<from>", "the event store to copy")
    .argument("<to>", "the event store to copy it to")
    .option("--verify", "copy nothing; compare TO with FROM, event by event")
    .option(
      "--leave-out <stream>",
      "do not copy the stream of this name; may be repeated",
      (stream: string, before: string[] | undefined) => [...(before ?? []), stream],
    )
    .option(
      "--in-flight <n>",
      "most appends under way at a time (default: 1000 into a SQLite file, 1 into an EventStoreDB, which promises no order among them)",
      wholeNumber,
    )
    .option("--json", "write the result, or the error, to stdout as JSON")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .exitOverride()
    .parse();
  return { from: command.args[0]!, to: command.args[1]!, options: command.opts<Options>() };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("Expected a whole number from 1.");
  return Number(text);
}

/** One line of progress for each phase. */
class Phases {
  last: CopyProgress | undefined;
  copied = 0;
  private shown: Progress | undefined;

  readonly update = (now: CopyProgress): void => {
    if (this.last?.phase !== now.phase) {
      this.end();
      this.shown = progress(now.phase, now.total, now.unit);
    }
    this.last = now;
    if (now.phase === "copying") this.copied = now.done;
    this.shown?.update(now.done);
  };

  end(): void {
    this.shown?.end();
  }
}

await run(async (signal) => {
  const { from, to, options } = parse();
  const { verify = false, leaveOut, json } = options;
  const inFlight = inFlightInto(to, options.inFlight);
  const phases = new Phases();
  const names = { from: storeInWords(from), to: storeInWords(to) };
  try {
    await withStores({ from, to, verify, json, signal }, async (stores) => {
      const common = { ...stores, leaveOut, signal, onProgress: phases.update };
      if (verify) {
        const result = await verifyCopy(common);
        phases.end();
        process.stdout.write(`${json ? JSON.stringify({ ...names, ...result }) : verified(names, result)}\n`);
      } else {
        const result = await copyLog({
          ...common,
          inFlight,
          ...(isEventStoreDb(to) && { refuses: refusedByEventStoreDb }),
        });
        phases.end();
        process.stdout.write(`${json ? JSON.stringify({ ...names, ...result }) : copied(names, result)}\n`);
      }
    });
  } catch (error) {
    phases.end();
    throw error === signal.reason && error instanceof Interrupted
      ? new Interrupted(error.exitCode, verify ? "Nothing was written." : howToGoOn(phases))
      : error;
  }
});

function inFlightInto(to: string, stated: number | undefined): number {
  if (!isEventStoreDb(to)) return stated ?? 1000;
  if (stated !== undefined && stated > 1)
    throw new InvalidConfiguration([
      `--in-flight is ${stated}, and EventStoreDB promises no order among appends under way. Use 1, or leave it out.`,
    ]);
  return 1;
}

async function withStores(
  { from, to, verify, json, signal }: { verify: boolean; json: boolean | undefined; signal: AbortSignal } & Names,
  work: (stores: { from: EventStore; to: EventStore }) => Promise<void>,
): Promise<void> {
  // Opening a file that is not there would make it.
  const missing = [["FROM", from] as const, ...(verify ? [["TO", to] as const] : [])].filter(([, address]) =>
    isMissing(storeInWords(address)),
  );
  if (missing.length > 0)
    throw new InvalidConfiguration(
      missing.map(([name, address]) => `${name} is ${storeInWords(address)}, which is not there. Name a log.`),
    );
  const source = await openStoreAt(from, { name: "FROM", json, signal });
  try {
    const target = await openStoreAt(to, { name: "TO", json, signal });
    try {
      await work({ from: source, to: target });
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

function isMissing(place: string): boolean {
  return !isEventStoreDb(place) && !/^[a-z][a-z\d+.-]+:/i.test(place) && !existsSync(place);
}

function howToGoOn({ copied, last }: Phases): string {
  if (last?.phase === "verifying") return "All events were copied, not all were compared. Run the same command again.";
  if (copied === 0) return "Nothing was copied by this run. Run the same command again.";
  return `${counted(copied)} of ${counted(last!.total)} events were copied. Run the same command again to copy the rest.`;
}

interface Names {
  readonly from: string;
  readonly to: string;
}

function goesOn({ to }: Names, { targetGoesOn }: VerifyResult): string[] {
  return targetGoesOn ? [`${to} goes on after that with events of its own.`] : [];
}

function outside({ leftOut }: VerifyResult): string {
  return leftOut > 0 ? `, ${counted(leftOut)} left out` : "";
}

function verified(names: Names, result: VerifyResult): string {
  const { events, digest, elapsedMs } = result;
  return [
    `${names.from}: ${counted(events)} events${outside(result)}. ${names.to} holds all of them, unchanged.`,
    ...goesOn(names, result),
    `Digest ${digest}. ${(elapsedMs / 1000).toFixed(1)} s.`,
  ].join("\n");
}

function copied(names: Names, result: CopyResult): string {
  const { events, streams, copied: now, alreadyThere, withoutTime, sourceGrew, digest, elapsedMs } = result;
  return [
    `${names.from}: ${counted(events)} events in ${counted(streams)} streams${outside(result)}.`,
    now === 0
      ? `Nothing to copy: all of them are in ${names.to} already, unchanged.`
      : `Copied ${counted(now)} to ${names.to}${alreadyThere > 0 ? `; ${counted(alreadyThere)} were there already` : ""}. Compared: all of them are there, unchanged.`,
    ...(withoutTime > 0
      ? [`${counted(withoutTime)} of them have metadata with no place for a time: theirs is now that of the copy.`]
      : []),
    ...goesOn(names, result),
    ...(sourceGrew ? [`${names.from} has grown meanwhile. Run the same command again for the rest.`] : []),
    `Digest ${digest}. ${(elapsedMs / 1000).toFixed(1)} s. What this means for read models, observers and reactors: --help.`,
  ].join("\n");
}
