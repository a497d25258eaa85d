#!/usr/bin/env node
/** `npm run rebuild -- NAME… | --all`: makes read models anew from history, beside those that serve. */

import "reflect-metadata";
import { Command } from "commander";
import {
  configurationFrom,
  environmentHelp,
  InvalidConfiguration,
  Rollcall,
  UnknownReadModel,
  type ReadModelVerification,
  type RebuildResult,
} from "../src/index.js";
import { connecting, exitCodes, exitCodesInWords, Interrupted, progress, run, type Progress } from "./command-line.js";
import { appOption, loadApplication } from "./load-application.js";
import { observersOf, withSession } from "./observe/session.js";
import { isEqual } from "./observe/verify.js";
import { projectionInWords, verifyProjection } from "./verify/projection.js";

interface Options {
  readonly app?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly diff?: boolean;
  readonly json?: boolean;
}

/** Differing rows that are named unless all are asked for. */
const namedUnlessAsked = 20;

const help = `
The read model that serves goes on serving, and following the log, until the new one has caught up with it; then one
short transaction puts the new one in its place. Stopped before that (Ctrl-C, kill -9), everything stays as it was.

With --dry-run projections are built aside, up to where the present ones stand, and compared with them: which rows a
rebuild would add, remove and change. Nothing is changed, and it ends with 1 when there is a difference. What an observer
would flag, npm run observe -- backfill NAME --dry-run tells.

${environmentHelp}

${exitCodesInWords}`;

function parse(): { names: readonly string[]; options: Options } {
  const command = new Command("rebuild")
    .description("Rebuilds projections and observers from history while the old ones serve.")
    .argument("[names...]", "projections and observers to rebuild")
    .option("--all", "rebuild every projection and observer")
    .option("--dry-run", "compare what a rebuild would make with what serves, and change nothing")
    .option("--diff", "with --dry-run: name every row, not only the first twenty")
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
    throw new InvalidConfiguration(["Name what to rebuild, or say --all (and not both)."]);
  if (options.diff && !options.dryRun) throw new InvalidConfiguration(["Say --diff with --dry-run."]);
  if (options.dryRun) return dryRun(names, options, signal);
  const definition = await loadApplication(options.app);
  const configuration = configurationFrom(process.env);
  const rollcall = await connecting(configuration.store, Rollcall.open(definition, configuration), {
    signal,
    json: options.json,
    leave: (open) => open.stop(),
  });
  const results: (RebuildResult & { elapsedMs: number })[] = [];
  try {
    const known = rollcall.readModelNames;
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new UnknownReadModel(unknown, known);
    const wanted = options.all ? known : names;
    for (const name of wanted) {
      const result = await rebuildOne(rollcall, name, signal);
      if (!result.activated)
        throw new Interrupted((signal.reason as Interrupted).exitCode, `${name} serves as before.`);
      results.push(result);
      if (!options.json) process.stdout.write(`${inWords(result)}\n`);
    }
  } finally {
    await rollcall.stop();
  }
  if (options.json) process.stdout.write(`${JSON.stringify(results.map(plain))}\n`);
});

async function dryRun(names: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
  await withSession(options, signal, async (session) => {
    const { rollcall, json } = session;
    const observers = observersOf(session).map(({ definition }) => definition.name);
    const projections = rollcall.readModelNames.filter((name) => !observers.includes(name));
    const observed = names.filter((name) => observers.includes(name));
    if (observed.length > 0)
      throw new InvalidConfiguration(
        observed.map((name) => `${name} is an observer. See beforehand: npm run observe -- backfill ${name} --dry-run`),
      );
    const unknown = names.find((name) => !projections.includes(name));
    if (unknown !== undefined) throw new UnknownReadModel(unknown, projections);
    const results: ReadModelVerification[] = [];
    for (const name of options.all ? projections : names) {
      const result = await verifyProjection(session, name);
      results.push(result);
      if (!json) process.stdout.write(`${projectionInWords(result, options.diff ? Infinity : namedUnlessAsked)}\n`);
    }
    const equal = results.every(isEqual);
    if (json) session.print({ results, equal }, "");
    if (!equal) process.exitCode = exitCodes.failed;
  });
}

async function rebuildOne(rollcall: Rollcall, name: string, signal: AbortSignal) {
  const started = performance.now();
  let shown: Progress | undefined;
  let first: bigint | undefined;
  try {
    const result = await rollcall.rebuild(name, {
      signal,
      onProgress: ({ position, head }) => {
        // Positions stand in for events, of which nobody knows beforehand how many there are.
        first ??= position;
        shown ??= progress(name, Number((head ?? 0n) - (first ?? 0n)), "positions");
        shown.update(Number((position ?? 0n) - (first ?? 0n)));
      },
    });
    return { ...result, elapsedMs: performance.now() - started };
  } finally {
    shown?.end();
  }
}

function plain({ position, ...result }: RebuildResult) {
  return { ...result, position: position?.toString() };
}

function inWords({ name, events, elapsedMs }: RebuildResult & { elapsedMs: number }): string {
  const rate = Math.round((events / elapsedMs) * 1_000).toLocaleString("en");
  return `${name}: rebuilt from ${events.toLocaleString("en")} events in ${(elapsedMs / 1_000).toFixed(1)} s (${rate}/s), and serving.`;
}
