#!/usr/bin/env node
/** `npm run observe -- COMMAND`: what observers expect and found, why a case is flagged, and what can be done about it. */

import "reflect-metadata";
import { InvalidArgumentError, Option } from "commander";
import { caseStatuses, environmentHelp } from "../src/index.js";
import { exitCodesInWords, run } from "./command-line.js";
import { acknowledge } from "./observe/acknowledge.js";
import { backfill } from "./observe/backfill.js";
import { listCases, type CasesOptions } from "./observe/cases.js";
import { explain } from "./observe/explain.js";
import { list } from "./observe/list.js";
import { reset, type ResetOptions } from "./observe/reset-clock.js";
import { withSession, type CommonOptions } from "./observe/session.js";
import { verify } from "./observe/verify.js";
import { programOf, type Work } from "./subcommands.js";

const help = `
When a flag comes up: list, cases --status flagged, explain KEY, and ack KEY once you have seen it. KEY is the correlation
id of the process, unless the observer declares another key, or an alias of it. It works beside the application that runs.

${environmentHelp}

${exitCodesInWords} verify ends with 1 when it finds a difference.`;

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$|^1000$/.test(text)) throw new InvalidArgumentError("Expected a whole number from 1 to 1000.");
  return Number(text);
}

/** Without its zone a time would mean another one on another machine. */
function time(text: string): number {
  const ms = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError("Expected a time with its zone, such as 2026-01-01T00:00:00Z.");
  return ms;
}

function text(said: string): string {
  if (said.trim() === "") throw new InvalidArgumentError("Expected text.");
  return said;
}

/** What was asked for. */
function parse(): { work: Work; options: CommonOptions } {
  let work: Work | undefined;
  const { program, command } = programOf(
    "observe",
    "Shows what observers expect and found, explains a case, and acknowledges, verifies and backfills.",
    help,
  );

  command("list", "observers: what each expects, where it stands, and how its cases are").action(() => {
    work = list;
  });
  command("cases [observer]", "cases as a table, flagged ones first")
    .addOption(new Option("--status <status>", "only cases of this status").choices(caseStatuses))
    .option("--limit <n>", "most cases of an observer", wholeNumber, 50)
    .option("--cursor <cursor>", "where the page before ended, as it was printed")
    .action((observer: string | undefined, options: CasesOptions) => {
      work = (session) => listCases(session, observer, options);
    });
  command("explain <case>", "why a case is what it is: rules, states, and the timeline of all domains")
    .option("--observer <name>", "the observer (default: all that have such a case)")
    .action((key: string, { observer }: { observer?: string }) => {
      work = (session) => explain(session, key, observer);
    });
  command("ack <case>", "say that somebody has seen what is amiss: stops its escalation, and nothing else")
    .requiredOption("--observer <name>", "the observer")
    .requiredOption("--by <who>", "who has seen it", text)
    .option("--slot <slot>", "one expectation alone (default: all that is amiss)")
    .option("--note <text>", "what others should know")
    .action((key: string, { observer, ...said }: { observer: string; by: string; slot?: string; note?: string }) => {
      work = (session) => acknowledge(session, observer, { case: key, ...said });
    });
  command("verify [observers...]", "judge history again, aside, and compare with the flags and cases that are there")
    .option("--all", "every observer")
    .action((names: string[], { all }: { all?: boolean }) => {
      work = (session) => verify(session, names, all);
    });
  command("backfill <observer>", "let a new observer, or version, judge what was recorded before it")
    .option("--dry-run", "only tell how many flags of which kind it would raise")
    .action((observer: string, { dryRun }: { dryRun?: boolean }) => {
      work = (session) => backfill(session, observer, dryRun);
    });
  command("reset-clock", "let log time go back after a clock was wild; without --yes tell what would change")
    .requiredOption("--to <time>", "the time to go on from, with its zone: 2026-01-01T00:00:00Z", time)
    .requiredOption("--by <who>", "who wants it", text)
    .option("--yes", "do it")
    .action(({ to: toMs, ...rest }: Omit<ResetOptions, "toMs"> & { to: number }) => {
      work = (session) => reset(session, { toMs, ...rest });
    });
  program.parse();
  return { work: work!, options: program.opts<CommonOptions>() };
}

await run((signal) => {
  const { work, options } = parse();
  return withSession(options, signal, work);
});
