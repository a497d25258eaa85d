/** `observe list`: which observers there are, what they expect, where they stand and how their cases are. */

import {
  alarmStream,
  annotationsInWords,
  casePrefix,
  caseStatuses,
  expectationInWords,
  generalTermsInWords,
  hashOfDeclared,
  versionsOnRecord,
  type CaseStatus,
  type ObserverReadModel,
} from "../../src/index.js";
import type { SubscriptionStatus } from "../../src/query/index.js";
import { coloured, counted, wrapped } from "./layout.js";
import { observersOf, whereBuilt, type Session } from "./session.js";

export async function list(session: Session): Promise<void> {
  const { subscriptions, head, storeError } = await session.rollcall.queryContext().status();
  const observers = await Promise.all(
    observersOf(session).map((observer) => {
      const { name } = observer.definition;
      const status = subscriptions.find((each) => each.kind === "observer" && each.name === name)!;
      return described(session, observer, status);
    }),
  );
  const problem = storeError === undefined ? "" : `${storeError}\n\n`;
  const text = observers.map(inWords).join("\n\n") || "The application has no observers.";
  session.print({ head, storeError, observers }, problem + text);
}

/** `refused`: the version was declared with other terms before. */
type State = "refused" | "not built" | "serving" | "outdated";

async function described(session: Session, observer: ObserverReadModel, status: SubscriptionStatus) {
  const { store, readModels } = session.rollcall;
  const { definition, declaration } = observer;
  const { name, version, applyTo, hash, slots } = definition;
  const serving = await readModels.activeGeneration(name);
  const isDeclared = serving && hashOfDeclared(serving.definition) === hash;
  const versions = await versionsOnRecord(store, name);
  const isRefused =
    versions.some((each) => each.version === version && each.hash !== hash) ||
    (serving?.version === version && !isDeclared);
  const isServing = isDeclared && serving.definition === declaration.definition;
  const state: State = isRefused ? "refused" : !serving ? "not built" : isServing ? "serving" : "outdated";
  const counts = await whereBuilt(readModels.countRows(name, "status", casePrefix));
  let alarms = 0;
  for await (const page of store.readStream(alarmStream(store, definition))) alarms += page.length;
  return {
    name,
    version,
    applyTo,
    state,
    servingVersion: serving?.version,
    // In a log that is only read no version takes over what an earlier one has begun.
    takesOver: applyTo !== "all" && !store.own && serving !== undefined && serving.version < version,
    position: status.position,
    lag: status.lag,
    cases: counts && Object.fromEntries(caseStatuses.map((each) => [each, counts.get(each) ?? 0])),
    uncorrelated: status.uncorrelated ?? 0,
    waiting: status.waiting ?? 0,
    alarms,
    rules: slots.map((slot) => ({
      slot: slot.name,
      inWords: expectationInWords(slot),
      concerns: annotationsInWords(slot) || undefined,
    })),
    terms: generalTermsInWords(definition),
  };
}

type Described = Awaited<ReturnType<typeof described>>;

function inWords(observer: Described): string {
  const { name, version, applyTo, cases, uncorrelated, waiting, alarms, rules, terms } = observer;
  const isAmiss = (cases?.["flagged"] ?? 0) > 0;
  const lost = `uncorrelated: ${uncorrelated}${waiting > 0 ? `; waiting for what their alias means: ${waiting}` : ""}`;
  const statuses =
    cases &&
    (Object.entries(cases) as [CaseStatus, number][]).map(([status, count]) => `${count} ${status}`).join(", ");
  return [
    `${coloured("bold", name)}  version ${version} (applyTo: ${applyTo})`,
    wrapped("  ", standing(observer)),
    ...(statuses === undefined ? [] : [coloured(isAmiss ? "red" : "green", `  cases: ${statuses}; ${lost}`)]),
    ...(alarms > 0
      ? [
          coloured(
            "red",
            `  ${counted(alarms, "alarm")}: flags and history do not agree. npm run observe -- verify ${name}`,
          ),
        ]
      : []),
    ...rules.flatMap(({ slot, inWords: rule, concerns }) => [
      wrapped("  ", `${slot}: ${rule}`),
      ...(concerns === undefined ? [] : [`    ${concerns}`]),
    ]),
    ...terms.map((term) => wrapped("  ", term)),
  ].join("\n");
}

function standing({ name, version, state, servingVersion, takesOver, position, lag }: Described): string {
  const serves = servingVersion === undefined ? "nothing serves" : `version ${servingVersion} serves`;
  const rehearsal = `npm run observe -- backfill ${name} --dry-run`;
  switch (state) {
    case "refused":
      return `refused: version ${version} was declared with other terms before, and ${serves}, standing still. The next start says what changed. Raise the version, or take the change back.`;
    case "not built":
      return `not built: start it, or see beforehand what it would flag: ${rehearsal}`;
    case "outdated":
      return takesOver
        ? `outdated: version ${version} is declared, ${serves} and stands still unless the new one takes its cases over at the next start. What a backfill would flag: ${rehearsal}`
        : `outdated: version ${version} is declared, ${serves} and stands still until the new one is built: npm run observe -- backfill ${name} (with --dry-run it only tells what it would flag)`;
    case "serving":
      return `serving; ${position === undefined ? "has read nothing yet" : `stands at position ${position}`}, ${behind(lag)}`;
  }
}

function behind(lag: Described["lag"]): string {
  if (lag === undefined) return "how far behind the log is not known";
  if (lag.events === 0) return "up to date with the log";
  return `${lag.more ? "more than " : ""}${counted(lag.events, "event")} behind the log, for ${lag.seconds.toFixed(1)} s`;
}
