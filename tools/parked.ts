#!/usr/bin/env node
/** `npm run parked -- COMMAND`: events that reactors and notifications could not deliver; delivers them again, or drops them. */

import "reflect-metadata";
import { InvalidArgumentError } from "commander";
import { environmentHelp } from "../src/index.js";
import { exitCodesInWords, run } from "./command-line.js";
import { withSession, type CommonOptions } from "./observe/session.js";
import { list } from "./parked/list.js";
import { drop, retry, type DropOptions, type RetryOptions } from "./parked/requests.js";
import { show } from "./parked/show.js";
import { programOf, words, type Work } from "./subcommands.js";

const help = `
NAME is a reactor or a notification; reactor:NAME where the name alone would not say which. POSITION is where the event is in
the log, as list shows it. The process that works on NAME does what is asked, and the command waits for its answer.

Events of one stream keep their order: retry begins with the first parked event of the stream, whichever was named, goes on
with those that wait behind it, and ends where one fails again. After drop those behind are delivered.

${environmentHelp}

${exitCodesInWords} retry ends with 1 when an event failed again.`;

function position(text: string, before: readonly bigint[] = []): bigint[] {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError("Expected a position, a whole number.");
  return [...before, BigInt(text)];
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 1 && value <= 86_400)) throw new InvalidArgumentError("Expected seconds from 1 to 86400.");
  return value;
}

function parse(): { work: Work; options: CommonOptions } {
  let work: Work | undefined;
  const { program, command } = programOf(
    "parked",
    "Shows events that reactors and notifications have parked, delivers them again, and drops them.",
    help,
  );
  const asking = (usage: string, description: string) =>
    command(usage, description)
      .option("--by <who>", "who wants it (default: you)", words)
      .option("--timeout <seconds>", "how long to wait for the answer", seconds, 30);

  command("list [name]", "what is parked, in the order of the log, and why")
    .option("--dropped", "what was dropped instead: when, by whom and why")
    .action((name: string | undefined, { dropped }: { dropped?: boolean }) => {
      work = (session) => list(session, name, dropped);
    });
  command("show", "one event in full, its error, and what waits behind it")
    .argument("<name>")
    .argument("<position>", "", position)
    .action((name: string, [at]: [bigint]) => {
      work = (session) => show(session, name, at);
    });
  asking("retry", "deliver parked events again, each with what waits behind it")
    .argument("<name>")
    .argument("[positions...]", "", position)
    .option("--all", "all that NAME has parked")
    .action((name: string, positions: readonly bigint[] | undefined, options: RetryOptions) => {
      work = (session) => retry(session, name, positions ?? [], options);
    });
  asking("drop", "never deliver parked events; it is put on record, and their streams go on")
    .argument("<name>")
    .argument("<positions...>", "", position)
    .requiredOption("--reason <text>", "why: it is put on record", words)
    .option("--yes", "do it; without it only tell what would be dropped")
    .action((name: string, positions: readonly bigint[], options: DropOptions) => {
      work = (session) => drop(session, name, positions, options);
    });
  program.parse();
  return { work: work!, options: program.opts<CommonOptions>() };
}

await run((signal) => {
  const { work, options } = parse();
  return withSession(options, signal, work);
});
