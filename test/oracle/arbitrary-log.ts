/** fast-check arbitraries of logs for those terms: crowded boundaries, wild clocks and resets of them, repeated ids, control events. */

import fc from "fast-check";

import { fullTickType, fullTypes, startMs } from "./arbitrary-terms.js";
import { keyOf } from "./keys.js";
import { acknowledgedType, clockResetType, observerDefinedType } from "./records.js";
import type { LogRecord, SlotTerms } from "./records.js";

const hourMs = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

const type = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("a", "b", "b", "c") },
  { weight: 8, arbitrary: fc.constantFrom(...fullTypes) },
  { weight: 3, arbitrary: fc.constant(fullTickType) },
  { weight: 1, arbitrary: fc.constant(clockResetType) },
  { weight: 1, arbitrary: fc.constant(acknowledgedType) },
  { weight: 1, arbitrary: fc.constantFrom(observerDefinedType, "unread") },
);

const gap = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 0, max: 6 }) },
  { weight: 8, arbitrary: fc.integer({ min: -4, max: 0 }) },
  { weight: 2, arbitrary: fc.constantFrom(60_000, 60_001, -60_000, -60_001, -60_002, -61_000) },
  { weight: 1, arbitrary: fc.constantFrom(hourMs - 1, hourMs, 2 * hourMs, -hourMs, -hourMs - 60_001) },
);

const name = fc.constantFrom("k1", "k1", "k1", "k1", "k1", "k2", "k2", "3");
const pair = fc.constantFrom("p", "p", "p", "q", 7, "7", "", undefined);

const draft = fc.record({
  type,
  name,
  /** The key by other ways than the correlation id; mostly the same. */
  otherName: fc.constantFrom(undefined, undefined, undefined, undefined, "k1", "k2", 3),
  isKeyless: fc.integer({ min: 0, max: 14 }).map((n) => n === 7),
  gap,
  lag: fc.constantFrom(undefined, undefined, undefined, 0, 1, 3, 8, 20, -2, -3, -5),
  imported: fc.constantFrom(undefined, undefined, undefined, undefined, true as const),
  repeats: fc.constantFrom(...Array<undefined>(20).fill(undefined), "id", "later", "position"),
  w: fc.constantFrom(0, 0, 0, 1),
  g: fc.constantFrom(0, 0, 0, 1),
  n: fc.constantFrom(0, 1, 1, 2, 3),
  length: fc.constantFrom(0, 1, 1, 2),
  p: pair,
  cause: pair,
  pay: fc.constantFrom("x", "x", "y", undefined),
  /** Of resets: to this long after what the clock says. Of ticks: asked this long before it. */
  apartMs: fc.constantFrom(0, 0, -2, 3, 60_000, 60_001, -60_000, -60_001, -hourMs),
  slot: fc.constantFrom(undefined, undefined, "first", "second"),
  isOfOther: fc.constantFrom(false, false, false, true),
});
type Draft = typeof draft extends fc.Arbitrary<infer T> ? T : never;

function dataOf(of: Draft, atMs: number): Pick<LogRecord, "data" | "metadata" | "streamName" | "correlationId"> {
  const key = of.isKeyless ? undefined : (of.otherName ?? of.name);
  if (of.type === fullTickType) return of.isOfOther ? {} : { data: { askedAt: iso(atMs - of.apartMs) } };
  if (of.type === clockResetType) return { data: { to: iso(atMs + of.apartMs) } };
  if (of.type === acknowledgedType) {
    const data = { observer: of.isOfOther ? "other.Observer" : "test.Observer", case: of.name };
    return { data: of.slot === undefined ? data : { ...data, slot: of.slot } };
  }
  if (of.type === observerDefinedType) return { data: {} };
  return {
    correlationId: of.isKeyless ? undefined : of.name,
    data: {
      n: of.n,
      list: Array.from({ length: of.length }, (_, i) => i),
      w: of.w,
      g: of.g,
      p: of.p,
      key,
      pay: of.pay,
    },
    metadata: { $causationId: of.cause, key, pay: of.pay },
    streamName: of.isKeyless ? "orders" : `orders-${of.name}`,
  };
}

/** A log of up to `maxLength` events; only events with a key (or a way to one) come again under their id. */
export function anyFullLog(
  terms: readonly Pick<SlotTerms, "key" | "keys">[],
  { maxLength = 30 }: { readonly maxLength?: number } = {},
): fc.Arbitrary<LogRecord[]> {
  return fc.array(draft, { maxLength, size: "max" }).map((drafts) => {
    const log: LogRecord[] = [];
    let atMs = startMs;
    for (const [i, of] of drafts.entries()) {
      const earlier = log[Math.floor(i / 2)];
      const isEvent = earlier !== undefined && fullTypes.some((one) => one === earlier.type);
      if (earlier && (of.repeats === "position" || (of.repeats && isEvent && keyOf(earlier, terms[0]!)))) {
        if (of.repeats === "later") atMs += of.gap;
        const again = { ...earlier, position: i * 3, ...(of.repeats === "later" && { recordedAtMs: atMs }) };
        log.push(of.repeats === "position" ? earlier : again);
        continue;
      }
      atMs += of.gap;
      const isOwn = fullTypes.some((one) => one === of.type);
      log.push({
        id: `${of.type}-${i}`,
        type: of.type,
        position: i * 3,
        recordedAtMs: atMs,
        ...dataOf(of, atMs),
        ...(isOwn && of.lag !== undefined && { occurredAtMs: atMs - of.lag }),
        ...(isOwn && of.imported && { imported: true }),
      });
    }
    return log;
  });
}

/** Terms, and a log for them. */
export const anyFull = (
  terms: fc.Arbitrary<SlotTerms[]>,
  maxLength?: number,
): fc.Arbitrary<[SlotTerms[], LogRecord[]]> =>
  terms.chain((slots) => fc.tuple(fc.constant(slots), anyFullLog(slots, maxLength === undefined ? {} : { maxLength })));
