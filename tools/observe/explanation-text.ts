/** An explanation of a case as text: what is wrong and why first, then the rules, the timeline, and what to do. */

import {
  annotationsInWords,
  expectationInWords,
  timeInWords,
  type Explanation,
  type TimelineEntry,
} from "../../src/index.js";
import { coloured, counted, fromNow, wrapped } from "./layout.js";

const statusColours = {
  flagged: "red",
  open: "yellow",
  recovered: "yellow",
  settled: "green",
  closed: "gray",
} as const;
const longestData = 90;

export function explanationInWords(explanation: Explanation): string {
  return [
    heading(explanation),
    "",
    coloured("bold", "WHY"),
    ...explanation.slots.map(({ run, reason }) => wrapped(`  ${run}  `, reason)),
    "",
    coloured("bold", `RULES OF VERSION ${explanation.definition.version}`),
    ...explanation.rules.flatMap((rule) => {
      const concerned = annotationsInWords(rule);
      return [wrapped(`  ${rule.name}  `, expectationInWords(rule)), ...(concerned === "" ? [] : [`    ${concerned}`])];
    }),
    "",
    ...timelineInWords(explanation),
    ...nextSteps(explanation),
  ].join("\n");
}

function heading({ found, definition, evidence }: Explanation): string {
  const { status, slots, acknowledged } = found.row;
  const amiss = Object.values(slots).filter(({ state }) => state === "MISSING" || state === "ORPHAN");
  const unseen = amiss.filter(({ acknowledged: seen }) => !seen).length;
  const seen =
    amiss.length === 0
      ? ""
      : unseen === 0
        ? ` ${acknowledged?.by ?? "Somebody"} has seen it.`
        : ` Nobody has acknowledged ${unseen === amiss.length ? "it" : `${unseen} of them`}.`;
  const what = amiss.length > 0 ? `, ${counted(amiss.length, "expectation")} not met` : "";
  const flags = evidence.flags.length > 0 ? `, ${counted(evidence.flags.length, "flag")}` : "";
  return [
    `${coloured("bold", `${definition.name}, case ${found.key}`)} is ${coloured(statusColours[status], status.toUpperCase())}${what}${flags}.${seen}`,
    ...(found.alias === undefined ? [] : [`  ${found.alias} is an alias of it.`]),
    ...(found.row.closedMs === undefined
      ? []
      : [`  It was closed at ${timeInWords(evidence.inLog(found.row.closedMs))}.`]),
  ].join("\n");
}

function timelineInWords({ timeline, definition, evidence }: Explanation): string[] {
  const business = definition.timeBase === "occurred";
  const lines = [coloured("bold", `TIMELINE (UTC, ${business ? "business time" : "log time"})`)];
  const { nowMs, position } = evidence;
  let day = "";
  let isNow = false;
  const now = () => {
    isNow = true;
    if (nowMs !== undefined)
      lines.push(
        coloured(
          "gray",
          `  -- judged so far: position ${position}, ${business ? "business time" : "log time"} ${clockOf(nowMs)} --`,
        ),
      );
  };
  for (const entry of timeline) {
    if (!isNow && isAhead(entry, position)) now();
    const date = timeInWords(entry.atMs).slice(0, 10);
    if (date !== day) lines.push(coloured("gray", `  ${(day = date)}`));
    lines.push(entryInWords(entry));
  }
  if (!isNow) now();
  return lines;
}

/** What the observer has not come to: a deadline that has not passed, an event that it has not read. */
const isAhead = ({ kind, passed, recorded }: TimelineEntry, position: bigint): boolean =>
  kind === "deadline" ? !passed : kind === "event" && recorded!.position > position;

const clockOf = (ms: number) => timeInWords(ms).slice(11, 23);

function entryInWords({ atMs, kind, words, passed, recorded, data, problem }: TimelineEntry): string {
  const time = `  ${clockOf(atMs)}  `;
  switch (kind) {
    case "deadline":
      return `${time}${coloured("gray", `-- ${words}${passed ? "" : `, ${fromNow(atMs, Date.now())}`} --`)}`;
    case "flag":
    case "alarm":
      return `${time}${coloured("red", `! ${words}`)}`;
    case "acknowledgement":
      return `${time}${coloured("green", `* ${words}`)}`;
    case "event": {
      const { type, streamName, revision, position, data: stored } = recorded!;
      const said = stored instanceof Uint8Array ? `${stored.length} bytes` : (problem ?? JSON.stringify(data) ?? "");
      const part = words === "" ? "" : `  [${words}]`;
      const place = `${streamName} revision ${revision}, position ${position}`;
      const cut = said.length > longestData ? `${said.slice(0, longestData)}…` : said;
      return `${time}${type}${part}  ${coloured("gray", `${place}  ${cut}`)}`;
    }
  }
}

function nextSteps({ found, definition, rules, slots }: Explanation): string[] {
  const amiss = slots.filter(({ slot }) => slot?.state === "MISSING" || slot?.state === "ORPHAN");
  if (amiss.length === 0) return [];
  const runbooks = [...new Set(rules.flatMap(({ annotations }) => annotations.runbook ?? []))];
  const isUnseen = amiss.some(({ slot }) => !slot!.acknowledged);
  return [
    "",
    coloured("bold", "NEXT"),
    ...runbooks.map((runbook) => `  What to do: ${runbook}`),
    wrapped("  ", "It recovers by itself when what is missing is recorded; the observer need not be told."),
    ...(isUnseen
      ? [
          "  That you have seen it, which stops its escalation alone:",
          `    npm run observe -- ack ${found.key} --observer ${definition.name} --by YOUR-NAME --note "…"`,
        ]
      : []),
  ];
}
