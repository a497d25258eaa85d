#!/usr/bin/env node
/** `npm run verify -- NAME… | --all`: builds read models from history again, aside, and compares them with what serves. */

import "reflect-metadata";
import { Command } from "commander";
import { environmentHelp, InvalidConfiguration, systemClock, UnknownReadModel } from "../src/index.js";
import { exitCodes, exitCodesInWords, run } from "./command-line.js";
import { appOption } from "./load-application.js";
import { withSession, type CommonOptions, type Session } from "./observe/session.js";
import { inWords as observerInWords, isEqual, verifyOne as verifyObserver } from "./observe/verify.js";
import { fractionOf, intervalOf, newSeed } from "./verify/options.js";
import { projectionInWords, verifyProjection } from "./verify/projection.js";

interface Options extends CommonOptions {
  readonly all?: boolean;
  readonly sample?: number;
  readonly seed?: string;
  readonly every?: number;
}

const help = `
Rows of projections are compared key by key; of observers cases and recorded flags as well. It works beside the application
that runs, and changes nothing. A projection that was declared otherwise than what serves is compared too: the differences
are what a rebuild would change.

With --sample, rows of projections are drawn by their keys, other ones each time; all of the log is read nevertheless, and
observers are judged wholly. With --every, it verifies again and again, until Ctrl-C, and ends with 1 if it ever found a
difference; with --json it prints a line each time.

${environmentHelp}

${exitCodesInWords} It ends with 1 when it finds a difference.`;

function parse(): { names: readonly string[]; options: Options } {
  const command = new Command("verify")
    .description("Builds projections and observers from history again, aside, and compares them with what serves.")
    .argument("[names...]", "projections and observers to verify")
    .option("--all", "verify every projection and observer")
    .option("--sample <part>", "compare a part of the rows, such as 5%", fractionOf)
    .option("--seed <text>", "with --sample: draw the rows that this seed has drawn before")
    .option("--every <time>", "verify again and again, so often: 30s, 15m, 6h, 1d", intervalOf)
    .option(...appOption)
    .option("--json", "print the results, or the error, as JSON")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .exitOverride()
    .parse();
  return { names: command.args, options: command.opts<Options>() };
}

await run(async (signal) => {
  const { names, options } = parse();
  if (names.length > 0 === Boolean(options.all))
    throw new InvalidConfiguration(["Name what to verify, or say --all (and not both)."]);
  if (options.seed !== undefined && options.sample === undefined)
    throw new InvalidConfiguration(["Say --seed with --sample."]);
  await withSession(options, signal, async (session) => {
    const known = session.rollcall.readModelNames;
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new UnknownReadModel(unknown, known);
    const { every } = options;
    do {
      const startedMs = performance.now();
      if (!(await verifyAll(session, options.all ? known : names, options))) process.exitCode = exitCodes.failed;
      if (every === undefined) return;
      const leftMs = every - (performance.now() - startedMs);
      await systemClock.sleep(leftMs, signal);
    } while (!signal.aborted);
  });
});

/** Whether all is as it serves. */
async function verifyAll(session: Session, names: readonly string[], options: Options): Promise<boolean> {
  const { rollcall, json } = session;
  const { sample: fraction, seed = newSeed() } = options;
  const observers = new Set(rollcall.assembly.observers.map(({ definition }) => definition.name));
  const say = (text: string) => void (json || process.stdout.write(`${text}\n`));
  const results = [];
  for (const name of names) {
    if (observers.has(name)) {
      const result = await verifyObserver(session, name);
      results.push(result);
      say(observerInWords(result));
    } else {
      const result = await verifyProjection(session, name, fraction === undefined ? undefined : { fraction, seed });
      results.push(result);
      say(projectionInWords(result));
    }
  }
  const equal = results.every(isEqual);
  if (json) session.print({ results, equal }, "");
  return equal;
}
