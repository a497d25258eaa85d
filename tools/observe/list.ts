/** `observe list`: which observers there are, what they expect, where they stand and how their cases are. */

import {
  alarmStream,
  annotationsInWords,
  casePrefix,
  caseStatuses,
  expectationInWords,
  generalTermsInWords,
  hashOfDeclared,
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

async function described(session: Session, observer: ObserverReadModel, status: SubscriptionStatus) {
  const { store, readModels } = session.rollcall;
  const { definition, declaration } = observer;
  const { name, version, applyTo, hash, slots } = definition;
  const serving = await readModels.activeGeneration(name);
  const isDeclared = serving && hashOfDeclared(serving.definition) === hash;
  const state = !serving
    ? "not built"
    : isDeclared && serving.definition === declaration.definition
      ? "serving"
      : "outdated";
  const counts = await whereBuilt(readModels.countRows(name, "status", casePrefix));
  let alarms = 0;
  for await (const page of store.readStream(alarmStream(store, definition))) alarms += page.length;
  return {
    name,
    version,
    applyTo,
    state,
    servingVersion: serving?.version,
    position: status.position,
    lag: status.lag,
    cases: counts && Object.fromEntries(caseStatuses.map((each) => [each, counts.get(each) ?? 0])),
    uncorrelated: status.uncorrelated ?? 0,
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
  const { name, version, applyTo, cases, uncorrelated, alarms, rules, terms } = observer;
  const isAmiss = (cases?.["flagged"] ?? 0) > 0;
  const statuses =
    cases &&
    (Object.entries(cases) as [CaseStatus, number][]).map(([status, count]) => `${count} ${status}`).join(", ");
  return [
    `${coloured("bold", name)}  version ${version} (applyTo: ${applyTo})`,
    wrapped("  ", standing(observer)),
    ...(statuses === undefined
      ? []
      : [coloured(isAmiss ? "red" : "green", `  cases: ${statuses}; uncorrelated: ${uncorrelated}`)]),
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

function standing({ name, version, state, servingVersion, position, lag }: Described): string {
  if (state === "not built")
    return `not built: start it, or see beforehand what it would flag: npm run observe -- backfill ${name} --dry-run`;
  const behind =
    lag === undefined
      ? "how far behind the log is not known"
      : lag.events === 0
        ? "up to date with the log"
        : `${lag.more ? "more than " : ""}${counted(lag.events, "event")} behind the log, for ${lag.seconds.toFixed(1)} s`;
  const at = position === undefined ? "has read nothing yet" : `stands at position ${position}`;
  if (state === "serving") return `serving; ${at}, ${behind}`;
  return `outdated: version ${version} is declared, version ${servingVersion} serves and stands still unless the new one takes its cases over at the next start. What a backfill would flag: npm run observe -- backfill ${name} --dry-run`;
}
