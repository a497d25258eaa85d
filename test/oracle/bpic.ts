/** A quick reader for the log of the BPI Challenge 2012, good for that file only: plain records in the order of their timestamps. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import type { ExpectedCase, LogRecord, SlotTerms } from "./records.js";

/** Where the file is looked for: the folder that `ROLLCALL_DATA` names, else `../shared/data` seen from the repository's root. */
export const bpicFile = join(process.env["ROLLCALL_DATA"] ?? "../shared/data", "bpic2012.xes.gz");
export const bpicIsThere = (): boolean => existsSync(bpicFile);

const line = /<(trace|event|\/event)>|<(?:string|date) key="(concept:name|time:timestamp)" value="([^"]*)"\/>/g;

/** Every event of the file as imported history: appended in the order of its time, the file's order where times are equal. */
export function readBpic(file = bpicFile): LogRecord[] {
  const text = gunzipSync(readFileSync(file)).toString("utf8");
  const events: { application: string; type: string; atMs: number }[] = [];
  let application = "";
  let isInEvent = false;
  let type = "";
  let atMs = NaN;
  // What comes before the first trace are declarations with keys of the same names.
  line.lastIndex = text.indexOf("<trace>");
  for (let found = line.exec(text); found; found = line.exec(text)) {
    const [, tag, key, value] = found;
    if (tag === "event") isInEvent = true;
    else if (tag === "/event") {
      events.push({ application, type, atMs });
      isInEvent = false;
    } else if (key === "time:timestamp") atMs = Date.parse(value!);
    else if (key && isInEvent) type = value!;
    else if (key) application = value!;
  }
  const importedAtMs = Date.parse("2024-01-01T00:00:00Z");
  return events
    .toSorted((x, y) => x.atMs - y.atMs)
    .map((event, i) => ({
      id: `bpic-${i}`,
      type: event.type,
      correlationId: event.application,
      position: i,
      recordedAtMs: importedAtMs + i,
      occurredAtMs: event.atMs,
      imported: true,
    }));
}

const hourMs = 3_600_000;
const imported = { timeBase: "occurred", latenessMs: 0, tickType: "ClockTick" } as const;

/** Whenever `A_APPROVED` expect `O_ACCEPTED` within 1 h. */
export const approval: SlotTerms = {
  ...imported,
  observer: "bpic.Approval",
  slot: "offerAccepted",
  trigger: ["A_APPROVED"],
  counterpart: ["O_ACCEPTED"],
  unless: [],
  withinMs: hourMs,
};

/** Whenever `A_ACCEPTED` expect `O_SENT` within 72 h unless `A_CANCELLED` or `A_DECLINED`. */
export const offer: SlotTerms = {
  ...imported,
  observer: "bpic.Offer",
  slot: "offerSent",
  trigger: ["A_ACCEPTED"],
  counterpart: ["O_SENT"],
  unless: ["A_CANCELLED", "A_DECLINED"],
  withinMs: 72 * hourMs,
};

/** The three expectations of the example's observer: the third follows on the second. */
export const loanTerms: readonly SlotTerms[] = [
  { ...approval, observer: "loan-applications" },
  { ...offer, observer: "loan-applications" },
  {
    ...imported,
    observer: "loan-applications",
    slot: "offerSentBack",
    trigger: [],
    after: "offerSent",
    counterpart: ["O_SENT_BACK"],
    unless: ["A_CANCELLED", "A_DECLINED"],
    withinMs: 30 * 24 * hourMs,
  },
];

/** One row of the table in the data's README, over the cases that have a trigger. */
export function tally(cases: readonly ExpectedCase[]) {
  const slots = cases.flatMap((found) => found.slots).filter(({ triggerId }) => triggerId !== undefined);
  const count = (verdict: string, ...states: string[]) =>
    slots.filter((slot) => slot.verdict === verdict && (states.length === 0 || states.includes(slot.state))).length;
  return {
    triggers: slots.length,
    met: count("met"),
    metBeforeTheTrigger: slots.filter(({ verdict, early }) => verdict === "met" && early).length,
    waived: count("waived"),
    missing: count("missing"),
    cameLate: count("missing", "RECOVERED"),
    withdrawnLater: count("missing", "WAIVED"),
    never: count("missing", "MISSING"),
    stillOpen: count("unknown"),
  };
}
