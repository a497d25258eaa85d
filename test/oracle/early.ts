/** What became of a run before its trigger: the rows IDLE, EARLY and ORPHAN of the table. */

import type { Judged } from "./keys.js";
import { before, type Point } from "./points.js";
import { escalations, firing, type Raised, type Run } from "./run.js";

export interface Early {
  /** The first trigger, unless the run had been waived before it. */
  readonly trigger: Judged | undefined;
  /** An `unless` in IDLE, which waives the trigger. */
  readonly mark: Judged | undefined;
  /** An `unless` in EARLY or ORPHAN. */
  readonly waiver: Judged | undefined;
  /** The counterparts that came in IDLE, EARLY or ORPHAN. */
  readonly kept: readonly Judged[];
  /** Where it became an ORPHAN. */
  readonly orphaned: Point | undefined;
  readonly flags: readonly Raised[];
}

const first = (events: readonly Judged[], holds: (event: Judged) => boolean) => events.find(holds);

export function judgeEarly(run: Run): Early {
  const { terms, triggers, counterparts, waivers } = run;
  const a = triggers[0];
  const isEarly = ({ at }: Judged) => !a || before(at, a.at);
  const b = first(counterparts, isEarly);
  const mark = first(waivers, (c) => isEarly(c) && !(b && before(b.at, c.at)));
  const waiver = b && first(waivers, (c) => isEarly(c) && before(b.at, c.at));
  const end = waiver ?? a;
  const kept = counterparts.filter(({ at }) => !end || before(at, end.at));

  // "The time runs from the first counterpart."
  const orphanMs = b && terms.orphanWithinMs !== undefined ? b.timeMs + terms.orphanWithinMs : undefined;
  const passed = orphanMs === undefined ? undefined : firing(run, orphanMs, b!.at);
  const orphaned = passed && !(end && before(end.at, passed)) ? passed : undefined;

  const flags: Raised[] = [];
  if (orphaned) {
    flags.push({ kind: "Orphan", at: orphaned, about: { eventId: b!.id, deadlineMs: orphanMs! } });
    flags.push(...escalations(run, orphanMs!, orphaned, [end?.at]));
    if (waiver) flags.push({ kind: "Withdrawn", at: waiver.at, about: { eventId: waiver.id } });
  }
  // Above a maximum that is known, and that needs no trigger to say which counterparts belong to it.
  if (typeof terms.max === "number" && terms.where === undefined) {
    for (const { id, at } of kept.slice(terms.max)) flags.push({ kind: "Duplicate", at, about: { eventId: id } });
  }
  if (waiver && terms.flagDoneAfterCancel) {
    for (const { id, at } of counterparts) {
      if (before(waiver.at, at)) flags.push({ kind: "DoneAfterCancel", at, about: { eventId: id } });
    }
  }
  return { trigger: waiver ? undefined : a, mark, waiver, kept, orphaned, flags };
}
