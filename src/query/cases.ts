/** Observers over HTTP: their cases, and the flags that were raised in one. */

import type { Request } from "express";
import { InvalidQuery, UnknownCase } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import {
  casePrefix,
  caseStatuses,
  expectationInWords,
  explainedSlots,
  findCase,
  flagStream,
  flagTypePrefix,
  quickEvidence,
  type Case,
  type CaseStatus,
  type FlagData,
} from "../observer/index.js";
import { caseSummary, logTimes } from "./case-summary.js";
import { observerOf } from "./observers.js";
import { limitOf, linkToNext, pathPart, pathTo, queryParameters } from "./parameters.js";
import type { QueryContext } from "./query-context.js";
import { whenBuilt } from "./read-models.js";
import type { Reply } from "./reply.js";
import { isoTime } from "./timeline.js";

/** Flags shown of one case and one definition: only repeated duplicates can be so many. */
const mostFlags = 1000;

export async function listCases(request: Request, context: QueryContext): Promise<Reply> {
  const { readModels } = context;
  const { name } = observerOf(request, context).definition;
  const parameters = queryParameters(request, name, ["status", "limit", "cursor"]);
  const status = parameters.get("status");
  if (status !== undefined && !caseStatuses.includes(status as CaseStatus))
    throw new InvalidQuery(
      `${name}: there is no status ${JSON.stringify(status)}. A case is one of: ${caseStatuses.join(", ")}.`,
    );
  const limit = limitOf(name, parameters);
  const { rows, nextCursor } = await whenBuilt(
    name,
    readModels.findRows(name, {
      ...(status !== undefined && { where: { status } }),
      prefix: casePrefix,
      limit,
      cursor: parameters.get("cursor"),
    }),
  );
  const inLog = logTimes(await readModels.activeGeneration(name));
  return {
    ...(nextCursor !== undefined && {
      headers: linkToNext(pathTo(request, "observers", name, "cases"), parameters, { cursor: nextCursor }),
    }),
    body: { items: rows.map(({ row }) => caseSummary(row as Case, inLog)), nextCursor },
  };
}

export async function showCase(request: Request, context: QueryContext): Promise<Reply> {
  const { readModels, store } = context;
  const observer = observerOf(request, context);
  const { name } = observer.definition;
  const asked = pathPart(request, "key");
  const found = await whenBuilt(name, findCase(readModels, name, asked));
  if (!found) throw new UnknownCase(name, asked);
  const serving = (await readModels.activeGeneration(name))!;
  const evidence = await quickEvidence(observer, store, found, serving);
  // Flags belong to the definitions that the rows were made by, which are not the declared one until a rebuild is done.
  const flags: object[] = [];
  for (const hash of evidence.hashes)
    for await (const page of store.readStream(flagStream(store, { name, hash }, found.key), { limit: mostFlags }))
      flags.push(...page.map(flag));
  return {
    body: {
      observer: name,
      ...(found.alias !== undefined && { alias: found.alias }),
      ...caseSummary(found.row, logTimes(serving), explainedSlots(evidence)),
      rules: evidence.definitions.inForce.slots.map((slot) => `${slot.name}: ${expectationInWords(slot)}`),
      flags,
      ...(evidence.definitions.inForce.joinsByCorrelation && {
        timeline: pathTo(request, "correlations", found.key),
      }),
    },
  };
}

function flag(recorded: RecordedEvent) {
  const { observer: _, definition: __, case: ___, sequence: ____, ...said } = recorded.data as FlagData;
  return {
    sequence: Number(recorded.revision),
    kind: recorded.type.startsWith(flagTypePrefix) ? recorded.type.slice(flagTypePrefix.length) : recorded.type,
    ...said,
    recordedAt: isoTime(recorded.recordedAtMs),
    position: String(recorded.position),
    flagId: recorded.id,
  };
}
