#!/usr/bin/env node
/** `npm run rebuild -- NAME… | --all`: makes read models anew from history, beside those that serve. */

import "reflect-metadata";
import { Command, InvalidArgumentError } from "commander";
import {
  configurationFrom,
  environmentHelp,
  InvalidConfiguration,
  mostWorkers,
  Rollcall,
  UnknownReadModel,
  type Moment,
} from "../src/index.js";
import { connecting, exitCodesInWords, Interrupted, run } from "./command-line.js";
import { appOption, loadApplication } from "./load-application.js";
import { withSession } from "./observe/session.js";
import { dryRun } from "./rebuild/dry-run.js";
import { inWords, plain, rebuildAll, RebuildsFailed } from "./rebuild/read-models.js";
import { rebuildRow } from "./rebuild/row.js";
import { buildUntil, momentOf } from "./rebuild/until.js";

interface Options {
  readonly app?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly diff?: boolean;
  readonly fresh?: boolean;
  readonly workers?: number;
  readonly until?: Moment;
  readonly as?: string;
  readonly key?: string;
  readonly json?: boolean;
}

const help = `
The read model that serves goes on serving, and following the log, until the new one has caught up with it; then one
short transaction puts the new one in its place. Several are built by one read of the log; one that fails leaves the
others alone, and the command ends with 1. Stopped before that (Ctrl-C, kill -9), what serves stays as it was; the next
rebuild of a projection goes on from there, if the class of the projection and those that it extends are the same to the
letter. If something that they call was changed, say --fresh. What a projection's rebuild replaces is kept:
npm run projections -- rollback NAME.

With --workers, so many threads share the events of a projection by the keys of its rows; each loads the application. The rows
come to the same. It begins anew each time, and nobody goes on with what is left unfinished.

With --until, a projection is built as it was at a position of the log, or at a time, that included, under a label of your
own (--as): GET /read-models/NAME~LABEL. A moment that the log has not reached is refused. With --key, one row of a
projection is made anew, in place.

With --dry-run projections are built aside, up to where the present ones stand, and compared with them: which rows a
rebuild would add, remove and change. Nothing is changed, and it ends with 1 when there is a difference. What an observer
would flag, npm run observe -- backfill NAME --dry-run tells.

${environmentHelp}

${exitCodesInWords}`;

const threads = (text: string) => {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= mostWorkers) return count;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${mostWorkers}.`);
};

function parse(): { names: readonly string[]; options: Options } {
  const command = new Command("rebuild")
    .description("Rebuilds projections and observers from history while the old ones serve.")
    .argument("[names...]", "projections and observers to rebuild")
    .option("--all", "rebuild every projection and observer")
    .option("--fresh", "begin anew, even where an earlier rebuild was left unfinished")
    .option(
      "--workers <n>",
      `rebuild projections by so many threads, 1 to ${mostWorkers}, one after the other`,
      threads,
    )
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
function checkUsage(names: readonly string[], { all, diff, dryRun, fresh, workers, until, as, key }: Options): void {
  const problems: string[] = [];
  if (names.length > 0 === Boolean(all)) problems.push("Name what to rebuild, or say --all (and not both).");
  if (diff && !dryRun) problems.push("Say --diff with --dry-run.");
  if (Boolean(until) !== Boolean(as)) problems.push("Say --until and --as together.");
  if (all && workers) problems.push("Name the projections with --workers: --all is observers too.");
  const isKeyed = key !== undefined;
  const said = Object.entries({ "dry-run": dryRun, until, key: isKeyed, fresh, workers }).flatMap(([way, isSaid]) =>
    isSaid ? [`--${way}`] : [],
  );
  if (said.length > 1) problems.push(`Say one of ${said.join(", ")}.`);
  if ((until || isKeyed) && names.length !== 1) problems.push(`Name one projection with ${said[0]}.`);
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
    const { results, failures } = await rebuildAll(rollcall, wanted, signal, options);
    const activated = results.filter((result) => result.activated);
    if (!options.json) for (const result of activated) process.stdout.write(`${inWords(result)}\n`);
    if (failures.length > 0) throw wanted.length === 1 ? failures[0]!.error : new RebuildsFailed(failures);
    const left = results.filter((result) => !result.activated).map(({ name }) => name);
    if (left.length > 0)
      throw new Interrupted(
        (signal.reason as Interrupted).exitCode,
        `${left.join(", ")} ${left.length === 1 ? "serves" : "serve"} as before.`,
      );
    if (options.json) process.stdout.write(`${JSON.stringify(results.map(plain))}\n`);
  } finally {
    await rollcall.stop();
  }
});
