/** The flags on the observer itself: events without a key, and clocks that disagree. */

import { keyOf } from "./keys.js";
import type { Read } from "./reads.js";
import type { FlagRecord, SlotTerms } from "./records.js";

const minuteMs = 60_000;
const hourMs = 3_600_000;

interface Noticed {
  readonly eventId: string;
  /** λ or ω with that event. */
  readonly clock: number;
  readonly about: Pick<FlagRecord, "kind" | "reason" | "differenceMs">;
}

/** Every disagreement of clocks at one event. */
function anomalies({ record, is, recordedMs, clock }: Read, { timeBase, toleranceMs }: SlotTerms): Noticed[] {
  const noticed = (reason: FlagRecord["reason"], differenceMs: number): Noticed => ({
    eventId: record.id,
    clock,
    about: { kind: "ClockAnomaly", reason: reason!, differenceMs },
  });
  const askedAt = is === "tick" ? record.data?.["askedAt"] : undefined;
  const askedAfterMs = record.recordedAtMs - Date.parse(String(askedAt ?? ""));
  const claimedMs = (record.occurredAtMs ?? -Infinity) - record.recordedAtMs;
  return [
    ...(is === "event" && timeBase === "recorded" && recordedMs + minuteMs < clock
      ? [noticed("behind", clock - recordedMs)]
      : []),
    ...(Math.abs(askedAfterMs) > minuteMs ? [noticed("tick", askedAfterMs)] : []),
    ...(is === "event" && timeBase === "occurred" && claimedMs > (toleranceMs ?? Infinity)
      ? [noticed("ahead", claimedMs)]
      : []),
  ];
}

const uncorrelated = ({ record, is, clock }: Read, terms: SlotTerms): Noticed[] =>
  is === "event" && !keyOf(record, terms) ? [{ eventId: record.id, clock, about: { kind: "Uncorrelated" } }] : [];

/** "The first one and then at most one an hour of the time that decides": each with the number of those since the last. */
function hourly(all: readonly Noticed[]): { readonly noticed: Noticed; readonly count: number }[] {
  const raised: { noticed: Noticed; count: number; upTo: number }[] = [];
  for (const [i, noticed] of all.entries()) {
    const last = raised.at(-1);
    if (last && noticed.clock < last.noticed.clock + hourMs) continue;
    raised.push({ noticed, count: i + 1 - (last?.upTo ?? 0), upTo: i + 1 });
  }
  return raised;
}

/** In the order of the log; of one event the anomalies first. */
export function observerFlags(reads: readonly Read[], terms: SlotTerms): FlagRecord[] {
  const all = reads.flatMap((read) => [...anomalies(read, terms), ...uncorrelated(read, terms)]);
  const sorts = ["behind", "tick", "ahead", undefined].map((reason) =>
    all.filter(({ about }) => about.reason === reason),
  );
  return sorts
    .flatMap(hourly)
    .toSorted((x, y) => all.indexOf(x.noticed) - all.indexOf(y.noticed))
    .map(({ noticed: { eventId, about }, count }, sequence) => ({
      observer: terms.observer,
      slot: "",
      case: "",
      sequence,
      ...about,
      eventId,
      ...(about.kind === "Uncorrelated" ? { count } : {}),
    }));
}
