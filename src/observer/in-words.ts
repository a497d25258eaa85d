/** Observers in words: what is expected of whom by when, and what a flag means. */

import type { ObserverDefinition } from "./definition.js";
import type { FlagKind } from "./slot.js";
import type { Count, SlotDefinition } from "./terms.js";

const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** `5 s`, `1 h 30 min`, `250 ms`. */
export function durationInWords(ms: number): string {
  const parts: string[] = [];
  let left = Math.abs(ms);
  for (const [unitMs, name] of units) {
    const count = Math.floor(left / unitMs);
    if (count > 0) parts.push(`${count} ${name}`);
    left -= count * unitMs;
  }
  if (left > 0) parts.push(`${Math.round(left)} ms`);
  return parts.join(" ") || "0 s";
}

/** The same for people in a hurry: its two greatest units at most. */
export function roughlyInWords(ms: number): string {
  const size = Math.abs(ms);
  const greatest = units.findIndex(([unitMs]) => size >= unitMs);
  const [unitMs = 0] = units[greatest] ?? [];
  const least = size >= 100 * unitMs ? unitMs : (units[greatest + 1]?.[0] ?? 1_000);
  return size < 10_000 ? `${(size / 1_000).toFixed(1)} s` : durationInWords(Math.round(size / least) * least);
}

/** `a`, `a or b`, `a, b or c`. */
export const anyOf = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? "nothing") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;

const countIn = (count: Count) => (typeof count === "string" ? `as many as ${count} says` : `${count}`);

function countsInWords({ min, max }: SlotDefinition): string[] {
  if ((min === undefined || min === 1) && max === 1) return ["once"];
  if (min !== undefined && min === max)
    return [typeof min === "string" ? `exactly ${countIn(min)}` : `exactly ${min} times`];
  return [
    ...(min === undefined || min === 1 ? [] : [`at least ${countIn(min)}`]),
    ...(max === undefined ? [] : [`at most ${countIn(max)}`]),
  ];
}

/** `whenever A expect B within 5 s, once, unless C`. */
export function expectationInWords(slot: SlotDefinition): string {
  const { trigger, after, counterpart, withinMs, unless, where, agreeing, orphanWithinMs, inOrder, repeats } = slot;
  const { per, flagDoneAfterCancel, escalateMs } = slot;
  const beginning = after === undefined ? `whenever ${anyOf(trigger)}` : `after ${after}`;
  return [
    `${beginning} expect ${anyOf(counterpart)} within ${durationInWords(withinMs)}`,
    ...countsInWords(slot),
    ...(where ? ["where the two belong together"] : []),
    ...(agreeing ? ["agreeing with each other"] : []),
    ...(unless.length > 0 ? [`unless ${anyOf(unless)}`] : []),
    ...(per ? [`for each value of ${[...new Set([per.trigger, per.counterpart])].join(" and ")}`] : []),
    ...(repeats === "round" ? ["each time"] : repeats === "flag" ? ["a repeated trigger is flagged"] : []),
    ...(inOrder ? ["in that order"] : []),
    ...(orphanWithinMs === undefined
      ? []
      : [`without a trigger it is flagged after ${durationInWords(orphanWithinMs)}`]),
    ...(flagDoneAfterCancel ? ["done after a cancellation is flagged"] : []),
    ...(escalateMs?.length
      ? [`escalating ${escalateMs.map(durationInWords).join(", ")} after the deadline until it is acknowledged`]
      : []),
  ].join(", ");
}

/** What holds for the observer as a whole, a sentence each; nothing of what is as usual. */
export function generalTermsInWords(definition: ObserverDefinition): string[] {
  const { timeBase, latenessMs, toleranceMs, live, includeImported, from, key, keys, closeAfterMs, forgetAfterMs } =
    definition;
  const byType = Object.entries(keys ?? {}).map(([type, each]) =>
    typeof each === "string"
      ? `${type} by ${each}`
      : "via" in each
        ? `${type} by the alias ${each.via}`
        : `${type} by ${each.key}${each.alias === undefined ? "" : ` (alias: ${each.alias})`}`,
  );
  return [
    ...(timeBase === "occurred"
      ? [
          `Business time decides${latenessMs > 0 ? `, and waits ${durationInWords(latenessMs)} for what is recorded late` : ""}${toleranceMs < Infinity ? `; it is believed up to ${durationInWords(toleranceMs)} beyond the recording` : ""}${live ? "; the log is live" : ""}.`,
        ]
      : []),
    ...(timeBase === "recorded" && includeImported ? ["Imported history is judged too."] : []),
    ...(from === undefined ? [] : [`It begins ${fromInWords(from)}.`]),
    ...(key === undefined && byType.length === 0
      ? []
      : [`A case is what shares ${[`${key ?? "the correlation id"}`, ...byType].join("; ")}.`]),
    ...(closeAfterMs === undefined ? [] : [`A case at rest is closed after ${durationInWords(closeAfterMs)}.`]),
    ...(forgetAfterMs === undefined
      ? []
      : [`A closed case without flags is forgotten after ${durationInWords(forgetAfterMs)}.`]),
  ];
}

const fromInWords = (from: NonNullable<ObserverDefinition["from"]>): string =>
  from === "now"
    ? "where it was first defined"
    : "time" in from
      ? `with what was recorded at ${from.time} or later`
      : `at position ${from.position}`;

/** `owner: …`, `severity: …`, `runbook: …`; empty where nothing is declared. */
export const annotationsInWords = ({ annotations: { owner, severity, runbook } }: SlotDefinition): string =>
  [owner && `owner: ${owner}`, severity && `severity: ${severity}`, runbook && `runbook: ${runbook}`]
    .filter(Boolean)
    .join(", ");

/** What each flag says. */
export const meaningOfFlag: Readonly<Record<FlagKind, string>> = {
  Missing: "the counterpart did not come",
  Escalated: "it is still amiss",
  LateArrival: "the counterpart came late",
  Duplicate: "the counterpart came again",
  Withdrawn: "was missing, and is no longer expected",
  DuplicateTrigger: "the trigger came again",
  OutOfOrder: "the counterpart came before its trigger",
  Orphan: "the trigger of a counterpart did not come",
  OrphanResolved: "the trigger came after all",
  Mismatch: "trigger and counterpart do not agree",
  DoneAfterCancel: "it was done although it had been cancelled",
  AfterClose: "it came when all was over",
  Uncorrelated: "an event belongs to no case",
  ClockAnomaly: "clocks disagree",
};

/** The same of one that is recorded. */
export const meaningInWords = (kind: FlagKind, { provisional }: { readonly provisional?: true }): string =>
  `${meaningOfFlag[kind] ?? kind}${provisional ? " (provisional: the log has not proved it)" : ""}`;
