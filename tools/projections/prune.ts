/** `projections prune`: drops generations that no longer serve. */

import type { PruneReason, PruneVerdict } from "../../src/index.js";
import type { Session } from "../observe/session.js";

export interface PruneCommandOptions {
  readonly dryRun?: boolean;
}

const reasons: Readonly<Record<PruneReason, string>> = {
  retained: "served before the last rebuild",
  unfinished: "a rebuild that was left unfinished",
  "earlier-version": "serves processes of an earlier version",
  labelled: "as it was, under a label",
};

const outcomes: Readonly<Record<PruneVerdict["outcome"], string>> = {
  dropped: "dropped",
  "would be": "would be dropped",
  "in use": "left, because somebody works on it",
};

export async function prune(
  { rollcall, print }: Session,
  name: string | undefined,
  { dryRun = false }: PruneCommandOptions,
): Promise<void> {
  const verdicts = await rollcall.prune({ ...(name !== undefined && { name }), dryRun });
  const items = verdicts.map(({ generation, reason, outcome }) => {
    const { id, name: of, version, place } = generation;
    return { id, name: of, version, place, reason, outcome };
  });
  const lines = items.map((each) => `${each.place}: ${reasons[each.reason]}: ${outcomes[each.outcome]}`);
  print({ generations: items }, lines.join("\n") || "There is nothing to drop.");
}
