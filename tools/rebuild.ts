#!/usr/bin/env node
/** `npm run rebuild -- NAME… | --all`: makes read models anew from history, beside those that serve. */

import "reflect-metadata";
import { Command } from "commander";
import {
  configurationFrom,
  environmentHelp,
  InvalidConfiguration,
  Rollcall,
  RollcallError,
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
short transaction puts the new one in its place. Several are built by one read of the log; one that fails leaves the
others alone, and the command ends with 1. Stopped before that (Ctrl-C, kill -9), everything stays as it was.

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
  try {
    const known = rollcall.readModelNames;
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new UnknownReadModel(unknown, known);
    const wanted = options.all ? known : [...new Set(names)];
    const { results, failures, elapsedMs } = await rebuildAll(rollcall, wanted, signal);
    const activated = results.filter((result) => result.activated);
    if (!options.json) for (const result of activated) process.stdout.write(`${inWords(result, elapsedMs)}\n`);
    if (failures.length > 0) throw wanted.length === 1 ? failures[0]!.error : new RebuildsFailed(failures);
    const left = results.filter((result) => !result.activated).map(({ name }) => name);
    if (left.length > 0)
      throw new Interrupted(
        (signal.reason as Interrupted).exitCode,
        `${left.join(", ")} ${left.length === 1 ? "serves" : "serve"} as before.`,
      );
    if (options.json) process.stdout.write(`${JSON.stringify(results.map((result) => plain(result, elapsedMs)))}\n`);
  } finally {
    await rollcall.stop();
  }
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

interface Failure {
  readonly name: string;
  readonly error: Error;
}

/** Some read models could not be rebuilt: what serves of those stays as it is. */
class RebuildsFailed extends RollcallError {
  readonly code = "REBUILD_FAILED";

  constructor(failures: readonly Failure[]) {
    const each = failures.map(({ name, error }) => `\n  ${name}: ${error.message}`);
    super(`${failures.length} could not be rebuilt, and serve as before:${each.join("")}`, {
      cause: failures[0]!.error,
    });
  }
}

/** By one read of the log. */
async function rebuildAll(rollcall: Rollcall, names: readonly string[], signal: AbortSignal) {
  const started = performance.now();
  let shown: Progress | undefined;
  let first: bigint | undefined;
  let furthest = 0n;
  try {
    const outcomes = await rollcall.rebuildTogether(names, {
      signal,
      onProgress: ({ position = 0n, head = 0n }) => {
        // Positions stand in for events, of which nobody knows beforehand how many there are.
        first ??= position;
        shown ??= progress(
          names.length === 1 ? names[0]! : `${names.length} read models`,
          Number(head - first),
          "positions",
        );
        if (position > furthest) furthest = position;
        shown.update(Number(furthest - first));
      },
    });
    return {
      results: outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])),
      failures: outcomes.flatMap((outcome, i): Failure[] =>
        outcome.status === "rejected" ? [{ name: names[i]!, error: outcome.reason as Error }] : [],
      ),
      elapsedMs: performance.now() - started,
    };
  } finally {
    shown?.end();
  }
}

function plain({ position, ...result }: RebuildResult, elapsedMs: number) {
  return { ...result, position: position?.toString(), elapsedMs };
}

function inWords({ name, events }: RebuildResult, elapsedMs: number): string {
  const rate = Math.round((events / elapsedMs) * 1_000).toLocaleString("en");
  return `${name}: rebuilt from ${events.toLocaleString("en")} events in ${(elapsedMs / 1_000).toFixed(1)} s (${rate}/s), and serving.`;
}
