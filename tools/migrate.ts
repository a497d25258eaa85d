#!/usr/bin/env node
/** `npm run migrate`: brings the tables of the read models up to date, or tells what that would take. */

import { Command } from "commander";
import { configurationFrom, environmentHelp, openReadModels, surveyReadModels } from "../src/index.js";
import { exitCodes, exitCodesInWords, printer, run } from "./command-line.js";

interface Options {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const help = `
Whatever opens the read models does this by itself. Apart from it, it is of use where the application may not create tables,
or where somebody wants to see the statements beforehand. Each step is taken once, in one transaction, by one process at a
time; a process of an older version refuses tables of a newer one. Rows are made again from the log by a rebuild, so a copy
of the tables is no need, but saves time.

${environmentHelp}

${exitCodesInWords} With --dry-run it ends with 1 when there are steps to take.`;

await run(async () => {
  const command = new Command("migrate")
    .description("Brings the tables of the read models up to date.")
    .option("--dry-run", "show the statements, and change nothing")
    .option("--json", "print the result, or the error, as JSON")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .allowExcessArguments(false)
    .exitOverride()
    .parse();
  const { dryRun = false, json } = command.opts<Options>();
  const configuration = configurationFrom(process.env);
  const { place, version, latest, pending } = await surveyReadModels(configuration);
  const isDue = pending.length > 0;
  if (!dryRun && isDue) await (await openReadModels(configuration)).close();
  if (dryRun && isDue) process.exitCode = exitCodes.failed;
  const outcome = !isDue
    ? `of version ${version}, up to date.`
    : dryRun
      ? `of version ${version}; ${pending.length} of ${latest} steps are to be taken:\n\n${pending.join("\n\n")}`
      : `of version ${latest} now, of ${version} before.`;
  const found = { place, version, latest, pending, migrated: !dryRun && isDue };
  printer(json)("migration", found, `${place}: ${outcome}`);
});
