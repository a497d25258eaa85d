#!/usr/bin/env node
/** `npm run doctor`: checks everything that an application stands on and runs, and says what to do where something is amiss. */

import "reflect-metadata";
import { Command, InvalidArgumentError } from "commander";
import { configurationFrom, environmentHelp, RollcallError } from "../src/index.js";
import { exitCodes, Interrupted, run } from "./command-line.js";
import { examine } from "./doctor/examination.js";
import { inWords, problem, type Finding } from "./doctor/finding.js";
import { lookTwice } from "./doctor/looks.js";
import { diskFindings, nodeFinding } from "./doctor/machine.js";
import { appOption } from "./load-application.js";
import { withSession, type CommonOptions } from "./observe/session.js";

interface Options extends CommonOptions {
  readonly interval: number;
}

const help = `
It looks at Node, the disk, the log, the read-model store, every projection, observer, reactor and notification, at parked
events, leases, rebuilds and the clock. It changes nothing, and works beside the application, in whatever processes that runs.

${environmentHelp}

Exit codes: 0 nothing is amiss but for warnings, 1 there are problems, 2 usage, 130 interrupted (Ctrl-C), 143 terminated.`;

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 3_600)) throw new InvalidArgumentError("Expected seconds from 0.1 to 3600.");
  return value;
}

function parse(): Options {
  return new Command("doctor")
    .description("Checks everything, and says what to do where something is amiss.")
    .option(
      "--interval <seconds>",
      "time between two looks: what does not move in between, and should, is stalled",
      seconds,
      3,
    )
    .option(...appOption)
    .option("--json", "print the findings, or the error, as JSON")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .allowExcessArguments(false)
    .exitOverride()
    .parse()
    .opts<Options>();
}

/** What keeps the application from being opened, or a store from answering, is a finding too: its message says what to do. */
async function examined(options: Options, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    findings.push(...(await diskFindings(configurationFrom(process.env))));
    await withSession(options, signal, async (session) => {
      const looks = await lookTwice(session, options.interval * 1_000);
      findings.push(...examine(looks, Date.now()));
    });
  } catch (error) {
    if (!(error instanceof RollcallError) || error instanceof Interrupted) throw error;
    findings.push(problem("application", error.message));
  }
  return findings;
}

await run(async (signal) => {
  const options = parse();
  const findings = [nodeFinding(), ...(await examined(options, signal))];
  const isSound = findings.every(({ level }) => level !== "problem");
  process.stdout.write(`${options.json ? JSON.stringify({ ok: isSound, findings }) : inWords(findings)}\n`);
  if (!isSound) process.exitCode = exitCodes.failed;
});
