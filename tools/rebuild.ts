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
  type Moment,
  type RebuildResult,
} from "../src/index.js";
import { connecting, exitCodesInWords, Interrupted, progress, run, type Progress } from "./command-line.js";
import { appOption, loadApplication } from "./load-application.js";
import { withSession } from "./observe/session.js";
import { dryRun } from "./rebuild/dry-run.js";
import { rebuildRow } from "./rebuild/row.js";
import { buildUntil, momentOf } from "./rebuild/until.js";

interface Options {
  readonly app?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly diff?: boolean;
  readonly fresh?: boolean;
  readonly until?: Moment;
  readonly as?: string;
  readonly key?: string;
  readonly json?: boolean;
}

const help = `
The read model that serves goes on serving, and following the log, until the new one has caught up with it; then one
short transaction puts the new one in its place. Several are built by one read of the log; one that fails leaves the
others alone, and the command ends with 1. Stopped before that (Ctrl-C, kill -9), what serves stays as it was; the next
rebuild of a projection goes on from there, if the class of the projection is the same to the letter. If something that it
calls was changed, say --fresh. What a projection's rebuild replaces is kept: npm run projections -- rollback NAME.

With --until, a projection is built as it was at a position of the log, or at a time, that included, under a label of your
own (--as): GET /read-models/NAME~LABEL. With --key, one row of a projection is made anew, in place.

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
    .option("--fresh", "begin anew, even where an earlier rebuild was left unfinished")
    .option("--until <moment>", "build one projection as it was then: a position, or a time by ISO 8601", momentOf)
    .option("--as <label>", "with --until: under which label")
    .option("--key <key>", "make one row of a projection anew")
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

/** @throws InvalidConfiguration */
function checkUsage(names: readonly string[], { all, diff, dryRun, fresh, until, as, key }: Options): void {
  const problems: string[] = [];
  if (names.length > 0 === Boolean(all)) problems.push("Name what to rebuild, or say --all (and not both).");
  if (diff && !dryRun) problems.push("Say --diff with --dry-run.");
  if (Boolean(until) !== Boolean(as)) problems.push("Say --until and --as together.");
  const ways = [dryRun && "--dry-run", until && "--until", key !== undefined && "--key", fresh && "--fresh"];
  const said = ways.filter(Boolean);
  if (said.length > 1) problems.push(`Say one of ${said.join(", ")}.`);
  if ((until || key !== undefined) && names.length !== 1) problems.push(`Name one projection with ${said[0]}.`);
  if (problems.length > 0) throw new InvalidConfiguration(problems);
}

await run(async (signal) => {
  const { names, options } = parse();
  checkUsage(names, options);
  const { until, as, key } = options;
  if (options.dryRun) return withSession(options, signal, (session) => dryRun(session, names, options.diff));
  if (until) return withSession(options, signal, (session) => buildUntil(session, names[0]!, until, as!));
  if (key !== undefined) return withSession(options, signal, (session) => rebuildRow(session, names[0]!, key));
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
    const { results, failures, elapsedMs } = await rebuildAll(rollcall, wanted, signal, options.fresh ?? false);
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
async function rebuildAll(rollcall: Rollcall, names: readonly string[], signal: AbortSignal, fresh: boolean) {
  const started = performance.now();
  let shown: Progress | undefined;
  let first: bigint | undefined;
  let furthest = 0n;
  try {
    const outcomes = await rollcall.rebuildTogether(names, {
      signal,
      fresh,
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

function inWords({ name, events, resumed }: RebuildResult, elapsedMs: number): string {
  const rate = Math.round(((events - resumed) / elapsedMs) * 1_000).toLocaleString("en");
  const before = resumed > 0 ? `, ${resumed.toLocaleString("en")} of them by a rebuild that was left unfinished,` : "";
  return `${name}: rebuilt from ${events.toLocaleString("en")} events${before} in ${(elapsedMs / 1_000).toFixed(1)} s (${rate}/s), and serving.`;
}
