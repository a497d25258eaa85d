/** `observe cases`: a table of cases, what is amiss first. */

import {
  casePrefix,
  caseStatuses,
  flagCount,
  InvalidQuery,
  timeInWords,
  type Case,
  type CaseStatus,
  type ObserverReadModel,
  type ObserverState,
  type ReadModelStore,
  type Slot,
} from "../../src/index.js";
import { caseSummary, logTimes } from "../../src/query/case-summary.js";
import { coloured, fromNow, table } from "./layout.js";
import { observersNamed, whereBuilt, type Session } from "./session.js";

export interface CasesOptions {
  readonly status?: CaseStatus;
  readonly limit: number;
  readonly cursor?: string;
}

interface CasePage {
  readonly cases: readonly Case[];
  readonly nextCursor?: string | undefined;
}

export async function listCases(session: Session, name: string | undefined, options: CasesOptions): Promise<void> {
  const { readModels } = session.rollcall;
  const observers = observersNamed(session, name === undefined ? [] : [name]);
  if (options.cursor !== undefined && observers.length > 1)
    throw new InvalidQuery("A cursor is of one observer. Name the observer.");
  const found = [];
  for (const observer of observers) {
    const { name: of } = observer.definition;
    const page = await whereBuilt(casesOf(readModels, of, options));
    const generation = await readModels.activeGeneration(of);
    found.push({ observer, generation, page });
  }
  const items = found.map(({ observer, generation, page }) => ({
    observer: observer.definition.name,
    built: page !== undefined,
    items: page?.cases.map((each) => caseSummary(each, logTimes(generation))) ?? [],
    nextCursor: page?.nextCursor,
  }));
  const text = found.map(({ observer, generation, page }) => {
    const { offsetMs = 0 } = (generation?.checkpoint?.state ?? {}) as Partial<ObserverState>;
    return inWords(observer, page, offsetMs, options);
  });
  session.print({ observers: items }, text.join("\n\n"));
}

/** One status after the other, unless one is named; the cursor tells where. */
async function casesOf(
  readModels: ReadModelStore,
  name: string,
  { status, limit, cursor }: CasesOptions,
): Promise<CasePage> {
  const [at, ...rest] = cursor?.split(".") ?? [];
  const first = caseStatuses.indexOf((at ?? caseStatuses[0]) as CaseStatus);
  if (first < 0 || (status !== undefined && at !== undefined && at !== status))
    throw new InvalidQuery(`${name}: the cursor is malformed, or of another status. Pass on what was printed.`);
  const wanted = status === undefined ? caseStatuses.slice(first) : [status];
  let within = rest.join(".") || undefined;
  const cases: Case[] = [];
  for (const [i, each] of wanted.entries()) {
    const page = await readModels.findRows(name, {
      where: { status: each },
      prefix: casePrefix,
      limit: limit - cases.length,
      cursor: within,
    });
    within = undefined;
    cases.push(...page.rows.map(({ row }) => row as Case));
    if (page.nextCursor !== undefined) return { cases, nextCursor: `${each}.${page.nextCursor}` };
    if (cases.length === limit) return { cases, nextCursor: wanted[i + 1] };
  }
  return { cases };
}

function inWords(
  { definition: { name } }: ObserverReadModel,
  page: CasePage | undefined,
  offsetMs: number,
  { status, limit }: CasesOptions,
): string {
  if (!page) return `${coloured("bold", name)} has not been built yet.`;
  const which = status === undefined ? "cases" : `${status} cases`;
  if (page.cases.length === 0) return `${coloured("bold", name)} has no ${which}.`;
  const nowMs = Date.now();
  const rows = page.cases.map((each) => [
    each.key,
    each.status,
    statesOf(each),
    whenOf(each, offsetMs, nowMs),
    String(flagCount(each)),
    each.acknowledged ? (each.acknowledged.by ?? "yes") : "",
  ]);
  const heading = ["CASE", "STATUS", "EXPECTATIONS", "DEADLINE (UTC)", "FLAGS", "SEEN BY"];
  const again = status === undefined ? "" : ` --status ${status}`;
  return [
    coloured("bold", name),
    table(heading, rows),
    ...(page.nextCursor === undefined
      ? []
      : [`More: npm run observe -- cases ${name}${again} --limit ${limit} --cursor ${page.nextCursor}`]),
    `Why: npm run observe -- explain ${page.cases[0]!.key} --observer ${name}`,
  ].join("\n");
}

const isAmiss = ({ state }: Slot) => state === "MISSING" || state === "ORPHAN";
const isAwaited = ({ state }: Slot) => state === "OPEN" || state === "EARLY";

/** What is amiss, else what is awaited, else all. */
function concerning({ slots }: Case): readonly [run: string, slot: Slot][] {
  const runs = Object.entries(slots);
  for (const is of [isAmiss, isAwaited]) {
    const some = runs.filter(([, slot]) => is(slot));
    if (some.length > 0) return some;
  }
  return runs;
}

const statesOf = (each: Case): string =>
  concerning(each)
    .map(([run, { state }]) => `${run} ${state}`)
    .join(", ");

function whenOf(each: Case, offsetMs: number, nowMs: number): string {
  const times = concerning(each).flatMap(([, { deadlineMs, orphanMs }]) => deadlineMs ?? orphanMs ?? []);
  if (times.length === 0) return "";
  const atMs = Math.min(...times) - offsetMs;
  const isOver = each.status === "settled" || each.status === "recovered";
  return `${timeInWords(atMs).replace("Z", "")}${isOver ? "" : ` (${fromNow(atMs, nowMs)})`}`;
}
