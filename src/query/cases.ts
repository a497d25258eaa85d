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
  flagCount,
  flagStream,
  flagTypePrefix,
  hashOfDeclared,
  quickEvidence,
  runOf,
  type Case,
  type CaseStatus,
  type ExplainedSlot,
  type FlagData,
  type ObserverState,
} from "../observer/index.js";
import type { Generation } from "../projection/index.js";
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
    body: { items: rows.map(({ row }) => summary(row as Case, inLog)), nextCursor },
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
      ...summary(found.row, logTimes(serving), explainedSlots(evidence)),
      rules: evidence.definitions.inForce.slots.map((slot) => `${slot.name}: ${expectationInWords(slot)}`),
      flags,
      timeline: pathTo(request, "correlations", found.key),
    },
  };
}

/** Times as the log says them: an observer counts on where a wild clock was reset. */
function logTimes(generation: Generation | undefined): (ms: number | undefined) => string | undefined {
  const { offsetMs = 0 } = (generation?.checkpoint?.state ?? {}) as Partial<ObserverState>;
  return (ms) => isoTime(ms === undefined ? undefined : ms - offsetMs);
}

function summary(
  found: Case,
  inLog: (ms: number | undefined) => string | undefined,
  explained: readonly ExplainedSlot[] = [],
) {
  const { key, status, slots, dueMs, acknowledged, closedMs } = found;
  return {
    correlationId: key,
    status,
    slots: Object.entries(slots).map(([name, { state, count, deadlineMs, triggerId, step }]) => {
      const { slot, ...run } = runOf(name);
      return {
        name: slot,
        ...run,
        state,
        // Kept only where there is something to count.
        count: count || undefined,
        deadline: inLog(deadlineMs),
        triggerId,
        escalations: step,
        reason: explained.find(({ run: explainedRun }) => explainedRun === name)?.reason,
      };
    }),
    flagCount: flagCount(found),
    /** When it changes although no event comes. */
    due: inLog(dueMs),
    acknowledged: acknowledged && { by: acknowledged.by, note: acknowledged.note, at: inLog(acknowledged.atMs) },
    closed: inLog(closedMs),
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
