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
  hashOfDeclared,
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

/** Flags shown of one case: only repeated duplicates can be so many. */
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
  // Flags belong to the definition that the rows were made with, which is not the declared one until a rebuild is done.
  const serving = (await readModels.activeGeneration(name))!;
  const flags: object[] = [];
  // The name and the hash are all that a flag stream's name is made of.
  const definition = { name, hash: hashOfDeclared(serving.definition) };
  for await (const page of store.readStream(flagStream(store, definition, found.key), { limit: mostFlags }))
    flags.push(...page.map(flag));
  const evidence = await quickEvidence(observer, store, found, serving);
  return {
    body: {
      observer: name,
      ...(found.alias !== undefined && { alias: found.alias }),
      ...caseSummary(found.row, logTimes(serving), explainedSlots(evidence)),
      rules: evidence.definitions.inForce.slots.map((slot) => `${slot.name}: ${expectationInWords(slot)}`),
      flags,
      timeline: pathTo(request, "correlations", found.key),
    },
  };
}

function flag(recorded: RecordedEvent) {
  const { observer: _, version: __, definition: ___, case: ____, sequence: _____, ...said } = recorded.data as FlagData;
  return {
    sequence: Number(recorded.revision),
    kind: recorded.type.startsWith(flagTypePrefix) ? recorded.type.slice(flagTypePrefix.length) : recorded.type,
    ...said,
    recordedAt: isoTime(recorded.recordedAtMs),
    position: String(recorded.position),
    flagId: recorded.id,
  };
}
