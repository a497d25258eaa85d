/** Observers over HTTP: their cases, and the flags that were raised in one. */

import type { Request } from "express";
import { InvalidQuery } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import {
  casePrefix,
  caseRow,
  caseStatuses,
  flagCount,
  flagStream,
  flagTypePrefix,
  hashOfDeclared,
  runOf,
  type Case,
  type CaseStatus,
  type FlagData,
  type ObserverDefinition,
  type ObserverState,
} from "../observer/index.js";
import type { Generation } from "../projection/index.js";
import { limitOf, linkToNext, pathPart, pathTo, queryParameters } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import { declarationOf, servingOf, whenBuilt } from "./read-models.js";
import type { Reply } from "./reply.js";
import { isoTime } from "./timeline.js";

/** Flags shown of one case: only repeated duplicates can be so many. */
const mostFlags = 1000;

export async function listObservers(request: Request, { observers, readModels }: QueryContext): Promise<Reply> {
  const items = await Promise.all(
    observers.map(async ({ name, version }) => ({
      name,
      version,
      ...(await servingOf(readModels, name)),
      cases: pathTo(request, "observers", name, "cases"),
    })),
  );
  return { body: { items } };
}

export async function listCases(request: Request, { observers, readModels }: QueryContext): Promise<Reply> {
  const { name } = declarationOf(pathPart(request, "name"), observers);
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

export async function findCase(request: Request, { observers, readModels, store }: QueryContext): Promise<Reply> {
  const { name } = declarationOf(pathPart(request, "name"), observers);
  const correlationId = pathPart(request, "correlationId");
  const row = await whenBuilt(name, readModels.findRow(name, caseRow(correlationId)));
  if (!row)
    throw new RequestProblem(
      "UNKNOWN_CASE",
      `${name} has no case for correlation id ${JSON.stringify(correlationId)}.`,
    );
  // Flags belong to the definition that the rows were made with, which is not the declared one until a rebuild is done.
  const serving = await readModels.activeGeneration(name);
  const flags: object[] = [];
  if (serving) {
    // The name and the hash are all that a flag stream's name is made of.
    const definition = { name, hash: hashOfDeclared(serving.definition) } as ObserverDefinition;
    for await (const page of store.readStream(flagStream(store, definition, correlationId), { limit: mostFlags }))
      flags.push(...page.map(flag));
  }
  return {
    body: {
      observer: name,
      ...summary(row as Case, logTimes(serving)),
      flags,
      timeline: pathTo(request, "correlations", correlationId),
    },
  };
}

/** Times as the log says them: an observer counts on where a wild clock was reset. */
function logTimes(generation: Generation | undefined): (ms: number | undefined) => string | undefined {
  const { offsetMs = 0 } = (generation?.checkpoint?.state ?? {}) as Partial<ObserverState>;
  return (ms) => isoTime(ms === undefined ? undefined : ms - offsetMs);
}

function summary(found: Case, inLog: (ms: number | undefined) => string | undefined) {
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
