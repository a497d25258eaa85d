/** Short histories for tests: logs written as a line of text, and what was said about them likewise. */

import { expectedCases, expectedObserverFlags } from "./oracle.js";
import { acknowledgedType, clockResetType } from "./records.js";
import type { FlagRecord, LogRecord, SlotTerms } from "./records.js";

export const tickType = "tick";

/** Whenever `a` expect `b` within 10, unless `c`. */
export const within10: SlotTerms = {
  observer: "test.Observer",
  slot: "done",
  trigger: ["a"],
  counterpart: ["b"],
  unless: ["c"],
  withinMs: 10,
  timeBase: "recorded",
  tickType,
};

const iso = (ms: unknown) => (typeof ms === "number" ? new Date(ms).toISOString() : undefined);

/** What stands after a colon: `b5:w=1,p=q`. Numbers are numbers, and `1|2` a list. */
function dataOf(text = ""): Record<string, unknown> {
  const entries = text.split(",").filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => {
      const [name, value = ""] = entry.split("=");
      return [name, value.includes("|") ? value.split("|") : /^\d+$/.test(value) ? Number(value) : value];
    }),
  );
}

/**
 * `a5` is an a recorded at 5, `b40/8` one recorded at 40 that occurred at 8, `t` a tick, `x` an own type of another case, `i` an imported b,
 * `u` an a without a key, `r50:to=20` a reset of the clock to 20, `k7` an acknowledgement, `s0` an event that nobody reads.
 */
export function logOf(history: string): LogRecord[] {
  return history.split(" ").map((event, position) => {
    const [id, letter, recordedAt, occurredAt, fields] = /^([a-z])(-?\d+)(?:\/(-?\d+))?(?::(.*))?$/.exec(event)!;
    const special: Record<string, string> = {
      t: tickType,
      x: "a",
      i: "b",
      u: "a",
      r: clockResetType,
      k: acknowledgedType,
    };
    const data = dataOf(fields);
    const control: Record<string, Record<string, unknown>> = {
      r: { to: iso(data["to"]) },
      k: { observer: "test.Observer", case: "k", ...data },
      t: { askedAt: iso(data["asked"]) },
    };
    return {
      id: id.split(":")[0]!,
      type: special[letter!] ?? letter!,
      correlationId: "turk".includes(letter!) ? undefined : letter === "x" ? "other" : "k",
      position,
      recordedAtMs: Number(recordedAt),
      occurredAtMs: occurredAt === undefined ? undefined : Number(occurredAt),
      imported: letter === "i",
      data: control[letter!] ?? data,
    };
  });
}

/** A flag without its slot: `Missing 10`, `Escalated 12 (1)`, `LateArrival b11 (in time)`, `Duplicate b12 #2`. */
export function shown({ kind, deadline, eventId, occurredInTime, step, round, pair }: FlagRecord): string {
  const parts = [
    kind,
    eventId,
    deadline && Date.parse(deadline),
    step && `(${step})`,
    occurredInTime && "(in time)",
    round && `#${round}`,
    pair !== undefined && `[${pair}]`,
  ];
  return parts.filter((part) => part !== undefined && part !== false).join(" ");
}

/** The states of case `k` and then its flags, with their slots where there is more than one. */
export function outcome(history: string, ...slots: Partial<SlotTerms>[]): string {
  const terms = (slots.length > 0 ? slots : [{}]).map((slot) => ({ ...within10, ...slot }));
  const found = expectedCases(logOf(history), terms).find((one) => one.case === "k");
  if (!found) return "no case";
  const named = (slot: string, text: string) => (terms.length > 1 ? `${slot} ${text}` : text);
  const states = found.slots.map(({ slot, state }) => {
    const run = slot.replace(/^[^#[]*/, "");
    return named(slot, terms.length > 1 || run === "" ? state : `${run} ${state}`);
  });
  return [...states, ...found.flags.map((flag) => named(flag.slot, shown(flag)))].join(", ");
}

/** The flags on the observer itself. */
export const noticed = (history: string, terms: Partial<SlotTerms> = {}): string =>
  expectedObserverFlags(logOf(history), [{ ...within10, ...terms }])
    .map(({ kind, eventId, count, reason, differenceMs }) =>
      [kind, reason, eventId, count, differenceMs].filter((part) => part !== undefined).join(" "),
    )
    .join(", ");
