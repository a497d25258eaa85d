#!/usr/bin/env node
/** `npm run projections`: where each read model stands, whether it moves, how fast, and how long it will take. */

import "reflect-metadata";
import { setTimeout as sleep } from "node:timers/promises";
import { InvalidArgumentError } from "commander";
import { environmentHelp } from "../src/index.js";
import { exitCodesInWords, run } from "./command-line.js";
import { withSession, type CommonOptions, type Session } from "./observe/session.js";
import { generationsInWords, movedBetween } from "./projections/generations.js";
import { pause, pausesInWords, resume, type PauseOptions } from "./projections/pause.js";
import { prune, type PruneCommandOptions } from "./projections/prune.js";
import { rollback } from "./projections/rollback.js";
import { inWords, progressBetween, sample } from "./projections/standing.js";
import { programOf, words, type Work } from "./subcommands.js";

interface Options extends CommonOptions {
  readonly interval: number;
  readonly watch?: boolean;
}

const help = `
It looks twice, --interval seconds apart, and works beside the application, in whatever processes that runs:

  live          everything recorded so far is in it
  catching up   it moves; with the rate, and the time left at that rate
  stalled       there is something to do, and it did not move: nobody works on it, or whoever does has stopped (see /status)
  outdated      it was built by another version than the code declares: rebuild it
  paused        an operator wants it to stand still; resume lets it go on
  not built     nothing serves

Generations are listed when there are others than those that serve: built, left unfinished, kept for a rollback, or of
another version.

NAME is a projection, an observer, a reactor or a notification; reactor:NAME where the name alone would not say which. Only a
projection can be rolled back.

${environmentHelp}

${exitCodesInWords}`;

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 3_600)) throw new InvalidArgumentError("Expected seconds from 0.1 to 3600.");
  return value;
}

function parse(): { work: Work; options: CommonOptions } {
  let work: Work = (session) => show(session, program.opts<Options>());
  const { program, command } = programOf(
    "projections",
    "Shows where projections and observers stand, whether they move, and how long they will take.",
    help,
    "; with --watch a line for each look",
  );
  program
    .option("--interval <seconds>", "time between two looks", seconds, 1)
    .option("--watch", "look again and again, until Ctrl-C")
    .allowExcessArguments(false)
    // Without it, a command that is none of these would be taken for a wish for help.
    .action(() => undefined);
  command("pause <name>", "let a subscription stand still, in every process, until it is resumed")
    .requiredOption("--reason <text>", "why: it is shown wherever the subscription is", words)
    .option("--by <who>", "who wants it (default: you)", words)
    .action((name: string, options: PauseOptions) => {
      work = (session) => pause(session, name, options);
    });
  command("resume <name>", "let a subscription that was paused go on from its checkpoint").action((name: string) => {
    work = (session) => resume(session, name);
  });
  command("rollback <name>", "put back what served before the last rebuild of a projection").action((name: string) => {
    work = (session) => rollback(session, name);
  });
  command("prune [name]", "drop generations that no longer serve")
    .option("--dry-run", "tell what would be dropped, and drop nothing")
    .action((name: string | undefined, options: PruneCommandOptions) => {
      work = (session) => prune(session, name, options);
    });
  program.parse();
  return { work, options: program.opts<Options>() };
}

async function show({ rollcall, signal, print }: Session, { interval, watch }: Options): Promise<void> {
  let before = await sample(rollcall);
  do {
    await sleep(interval * 1_000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = await sample(rollcall);
    const readModels = progressBetween(before, now);
    const paused = (now.subscriptions ?? []).flatMap(({ name, kind, pause: why }) =>
      why ? { name, kind, ...why } : [],
    );
    const elapsedMs = now.atMs - before.atMs;
    const generations = movedBetween(before.generations ?? [], now.generations ?? [], elapsedMs, now.head);
    const words = [
      inWords(readModels, now.head),
      ...generationsInWords(generations),
      ...pausesInWords(now.subscriptions ?? []),
    ];
    print({ head: now.head, readModels, generations, paused }, words.join("\n"));
    before = now;
  } while (watch);
}

await run((signal) => {
  const { work, options } = parse();
  return withSession(options, signal, work);
});
