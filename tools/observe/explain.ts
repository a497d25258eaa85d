/** `observe explain`: what became of one case, and why, for whoever is on call. */

import {
  clockStreamOf,
  explainCase,
  RollcallError,
  timeInWords,
  waitingFor,
  type Explanation,
  type TimelineEntry,
} from "../../src/index.js";
import { caseSummary, logTimes } from "../../src/query/case-summary.js";
import { progress } from "../command-line.js";
import { explanationInWords } from "./explanation-text.js";
import { observersNamed, whereBuilt, type Session } from "./session.js";

/** No observer that was asked has such a case. */
class CaseNotFound extends RollcallError {
  readonly code = "UNKNOWN_CASE";
}

export async function explain(session: Session, asked: string, observer: string | undefined): Promise<void> {
  const { rollcall, signal, json } = session;
  const observers = observersNamed(session, observer === undefined ? [] : [observer]);
  const found: Explanation[] = [];
  for (const each of observers) {
    const shown = progress(`${each.definition.name}: searching the log`, undefined, "positions");
    const onProgress = (position: bigint) => shown.update(Number(position));
    const explaining = explainCase(each, rollcall, asked, { signal, onProgress });
    const explanation = await whereBuilt(explaining).finally(() => shown.end());
    if (explanation) found.push(explanation);
  }
  if (found.length === 0) throw new CaseNotFound(await whereElse(session, asked, observer));
  const cases = await Promise.all(found.map((each) => plain(session, each)));
  session.print({ cases }, json ? "" : found.map((each) => explanationInWords(each)).join("\n\n"));
}

async function plain({ rollcall }: Session, explanation: Explanation) {
  const { found, definition, slots, timeline, evidence } = explanation;
  const serving = await rollcall.readModels.activeGeneration(definition.name);
  const { slots: summarized, ...summary } = caseSummary(found.row, logTimes(serving), slots);
  const untouched = slots.filter(({ slot }) => !slot).map(({ run, reason }) => ({ name: run, state: "IDLE", reason }));
  return {
    observer: definition.name,
    version: definition.version,
    ...(found.alias !== undefined && { alias: found.alias }),
    ...summary,
    slots: [...summarized, ...untouched],
    rules: explanation.rules.map(({ annotations, where: _, agreeing: __, ...terms }) => ({ ...terms, ...annotations })),
    logTime: evidence.nowMs === undefined ? undefined : new Date(evidence.nowMs).toISOString(),
    position: evidence.position,
    timeline: timeline.map(plainEntry),
  };
}

function plainEntry({ atMs, kind, words, slot, passed, recorded, data, problem }: TimelineEntry) {
  return {
    at: timeInWords(atMs).replace(" ", "T"),
    kind,
    words,
    slot,
    passed,
    ...(recorded && {
      type: recorded.type,
      streamName: recorded.streamName,
      revision: recorded.revision,
      position: recorded.position,
      eventId: recorded.id,
      recordedAt: recorded.recordedAt,
      occurredAt: recorded.occurredAtMs === undefined ? undefined : new Date(recorded.occurredAtMs),
      data: kind === "event" ? data : recorded.data,
      problem,
    }),
  };
}

/** What there is instead of a case. */
async function whereElse(session: Session, asked: string, observer: string | undefined): Promise<string> {
  const { store, readModels } = session.rollcall;
  const observers = observersNamed(session, observer === undefined ? [] : [observer]).map(
    (each) => each.definition.name,
  );
  const said = [`No case, and no alias of one, is called ${JSON.stringify(asked)}. Asked: ${observers.join(", ")}.`];
  for (const name of observers) {
    const waiting = await whereBuilt(waitingFor(readModels, name, asked));
    if (waiting === undefined) said.push(`${name} has not been built yet.`);
    else if (waiting.length > 0)
      said.push(
        `${name}: ${waiting.map(({ type }) => type).join(", ")} came for that alias, and waits until an event tells whose it is.`,
      );
  }
  let count = 0;
  const types = new Set<string>();
  for await (const page of store.readCorrelation(asked))
    for (const { type, streamName } of page) {
      if (streamName === clockStreamOf(store)) continue;
      count++;
      types.add(type);
    }
  said.push(
    count === 0
      ? "No event has that correlation id either. A case is named by the correlation id of its process, not by the id of an order or a stream, unless the observer declares another key."
      : `There are ${count} events with that correlation id (${[...types].join(", ")}), which concern none of them, or have not been read yet.`,
  );
  return said.join(" ");
}
