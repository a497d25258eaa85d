#!/usr/bin/env node
/** `npm run verify -- NAME… | --all`: builds read models from history again, aside, and compares them with what serves. */

import "reflect-metadata";
import { Command } from "commander";
import { environmentHelp, InvalidConfiguration, UnknownReadModel } from "../src/index.js";
import { exitCodes, exitCodesInWords, run } from "./command-line.js";
import { appOption } from "./load-application.js";
import { withSession, type CommonOptions } from "./observe/session.js";
import { inWords as observerInWords, isEqual, verifyOne as verifyObserver } from "./observe/verify.js";
import { projectionInWords, verifyProjection } from "./verify/projection.js";

interface Options extends CommonOptions {
  readonly all?: boolean;
}

const help = `
Rows of projections are compared key by key; of observers cases and recorded flags as well. It works beside the application
that runs, and changes nothing. A projection that was declared otherwise than what serves is compared too: the differences
are what a rebuild would change.

${environmentHelp}

${exitCodesInWords} It ends with 1 when it finds a difference.`;

function parse(): { names: readonly string[]; options: Options } {
  const command = new Command("verify")
    .description("Builds projections and observers from history again, aside, and compares them with what serves.")
    .argument("[names...]", "projections and observers to verify")
    .option("--all", "verify every projection and observer")
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
  await withSession(options, signal, async (session) => {
    const { rollcall, json } = session;
    const known = rollcall.readModelNames;
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new UnknownReadModel(unknown, known);
    const observers = new Set(rollcall.assembly.observers.map(({ definition }) => definition.name));
    const results = [];
    for (const name of options.all ? known : names) {
      if (observers.has(name)) {
        const result = await verifyObserver(session, name);
        results.push(result);
        if (!json) process.stdout.write(`${observerInWords(result)}\n`);
      } else {
        const result = await verifyProjection(session, name);
        results.push(result);
        if (!json) process.stdout.write(`${projectionInWords(result)}\n`);
      }
    }
    const equal = results.every(isEqual);
    if (json) session.print({ results, equal }, "");
    if (!equal) process.exitCode = exitCodes.failed;
  });
});
