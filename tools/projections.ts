#!/usr/bin/env node
/** `npm run projections`: where each read model stands, whether it moves, how fast, and how long it will take. */

import "reflect-metadata";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { environmentHelp } from "../src/index.js";
import { exitCodesInWords, run } from "./command-line.js";
import { appOption } from "./load-application.js";
import { withSession, type CommonOptions } from "./observe/session.js";
import { inWords, progressBetween, sample } from "./projections/standing.js";

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
  not built     nothing serves

${environmentHelp}

${exitCodesInWords}`;

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 3_600)) throw new InvalidArgumentError("Expected seconds from 0.1 to 3600.");
  return value;
}

function parse(): Options {
  const command = new Command("projections")
    .description("Shows where projections and observers stand, whether they move, and how long they will take.")
    .option("--interval <seconds>", "time between two looks", seconds, 1)
    .option("--watch", "look again and again, until Ctrl-C")
    .option(...appOption)
    .option("--json", "print the result, or the error, as JSON; with --watch a line for each look")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .allowExcessArguments(false)
    .exitOverride()
    .parse();
  return command.opts<Options>();
}

await run(async (signal) => {
  const options = parse();
  await withSession(options, signal, async ({ rollcall, print }) => {
    let before = await sample(rollcall);
    do {
      await sleep(options.interval * 1_000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const now = await sample(rollcall);
      const readModels = progressBetween(before, now);
      print({ head: now.head, readModels }, inWords(readModels, now.head));
      before = now;
    } while (options.watch);
  });
});
