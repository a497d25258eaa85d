/** `observe reset-clock`: log time goes back after a clock was wild. Without `--yes` it only tells what would change. */

import {
  casePrefix,
  checkReset,
  clockStandings,
  durationInWords,
  resetClock,
  roughlyInWords,
  takenBack,
  timeInWords,
  type ClockStanding,
} from "../../src/index.js";
import { coloured, counted, table } from "./layout.js";
import { observersOf, whereBuilt, type Session } from "./session.js";

/** How long ago the time may be that somebody means by now. */
const toleranceMs = 60_000;

export interface ResetOptions {
  readonly toMs: number;
  readonly by: string;
  readonly yes?: boolean;
}

export async function reset(session: Session, { toMs, by, yes = false }: ResetOptions): Promise<void> {
  const { store, readModels } = session.rollcall;
  const definitions = observersOf(session).map(({ definition }) => definition);
  const standings = await clockStandings(readModels, definitions);
  checkReset(standings, toMs, Date.now());
  const concerned = await Promise.all(
    takenBack(standings, toMs).map(async (standing) => {
      const counts = await whereBuilt(readModels.countRows(standing.observer, "status", casePrefix));
      return { ...standing, backMs: standing.atMs! - toMs, openCases: counts?.get("open") ?? 0 };
    }),
  );
  const to = new Date(toMs).toISOString();
  const plain = {
    to,
    observers: standings.map(({ observer, timeBase, atMs }) => {
      const { backMs, openCases } = concerned.find((each) => each.observer === observer) ?? {};
      const stands = atMs === undefined ? undefined : timeInWords(atMs).replace(" ", "T");
      return { observer, timeBase, standsAt: stands, goesBackMs: backMs, openCases };
    }),
  };
  const changes = concerned.map(
    ({ observer, backMs, openCases }) =>
      `${observer} goes back by ${durationInWords(backMs)}, and the deadlines of ${counted(openCases, "open case")} with it.`,
  );
  const agoMs = Date.now() - toMs;
  const warning = `${to} is ${roughlyInWords(agoMs)} ago. Unless nothing was recorded since, state the present time: else open deadlines go back too far, and the next event passes them.`;
  const words = [
    table(["OBSERVER", "DECIDES", "STANDS AT (UTC)", "AFTER THE RESET"], standings.map(row(toMs))),
    ...changes,
    ...(agoMs > toleranceMs ? [coloured("red", warning)] : []),
  ];
  if (!yes) {
    const text = [
      ...words,
      coloured("yellow", `Nothing was recorded. To reset to ${to}, say it again with --yes.`),
      "Verdicts that were given stand. It cannot be undone, but by waiting until the clocks have caught up.",
    ];
    return session.print({ ...plain, recorded: false }, text.join("\n"));
  }
  const { streamName, revision, duplicate } = await resetClock(store, standings, { toMs, by });
  const recorded = duplicate
    ? `It had been recorded before, in ${streamName} at revision ${revision}; nothing was added.`
    : `Recorded in ${streamName} at revision ${revision}, by ${by}. Observers go by it as soon as they read it. Verdicts that were given stand.`;
  session.print({ ...plain, recorded: true, duplicate, streamName, revision }, [...words, recorded].join("\n"));
}

const row =
  (toMs: number) =>
  ({ observer, timeBase, atMs }: ClockStanding): string[] => [
    observer,
    timeBase === "occurred" ? "business time" : "log time",
    atMs === undefined ? "has read nothing" : timeInWords(atMs),
    atMs === undefined || atMs <= toMs ? "the same" : timeInWords(toMs),
  ];
