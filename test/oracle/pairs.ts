/** `per`: the runs of a slot, one for each value at its paths. */

import type { Judged } from "./keys.js";
import { valueAt } from "./paths.js";
import { comparePoints, type Point } from "./points.js";
import type { Whole } from "./rounds.js";
import type { Run } from "./run.js";

export interface Pairs {
  /** Each with its first own event: it is there from then on. */
  readonly runs: readonly { readonly run: Run; readonly since: Point }[];
  /** `unless` events without a value. */
  readonly general: readonly Judged[];
}

/**
 * "Trigger and counterpart meet in the run of their value; those without one in a run of their own. An `unless` event without a value
 * concerns every run there is, and marks those to come."
 */
export function pairs(whole: Whole, slot: number): Pairs {
  const { terms, triggers, counterparts, waivers } = whole;
  const per = terms.per!;
  const paths = typeof per === "string" ? { trigger: per, counterpart: per, unless: per } : per;
  const valueOf = (path: string | undefined, { record }: Judged) => (path === undefined ? path : valueAt(path, record));
  const general = waivers.filter((c) => valueOf(paths.unless, c) === undefined);

  const own = [
    ...triggers.map((event) => ({ event, value: valueOf(paths.trigger, event) })),
    ...counterparts.map((event) => ({ event, value: valueOf(paths.counterpart, event) })),
    ...waivers.filter((c) => !general.includes(c)).map((event) => ({ event, value: valueOf(paths.unless, event) })),
  ];
  // By value, in code units; the run without a value first, whereas a sort would put it last.
  const named = own.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const values = [...(named.length < own.length ? [undefined] : []), ...[...new Set(named)].toSorted()];
  const runs = values.map((value, i) => {
    const events = own.filter((one) => one.value === value).map(({ event }) => event);
    const run: Run = {
      ...whole,
      place: [slot, i],
      ...(value === undefined ? {} : { pair: value }),
      triggers: triggers.filter((a) => events.includes(a)),
      counterparts: counterparts.filter((b) => events.includes(b)),
      waivers: waivers.filter((c) => events.includes(c) || general.includes(c)),
    };
    return { run, since: events.map(({ at }) => at).toSorted(comparePoints)[0]! };
  });
  return { runs, general };
}
