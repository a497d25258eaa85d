/** Observers over HTTP: their cases, and the flags that were raised in one. */

import type { Request } from "express";
import { InvalidQuery } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import {
  flagStream,
  flagTypePrefix,
  type Case,
  type CaseStatus,
  type FlagData,
  type ObserverDefinition,
} from "../observer/index.js";
import { limitOf, linkToNext, pathPart, pathTo, queryParameters } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import { declarationOf, servingOf, whenBuilt } from "./read-models.js";
import type { Reply } from "./reply.js";
import { isoTime } from "./timeline.js";

const statuses: readonly CaseStatus[] = ["flagged", "open", "recovered", "settled"];

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
  if (status !== undefined && !statuses.includes(status as CaseStatus))
    throw new InvalidQuery(
      `${name}: there is no status ${JSON.stringify(status)}. A case is one of: ${statuses.join(", ")}.`,
    );
  const limit = limitOf(name, parameters);
  const { rows, nextCursor } = await whenBuilt(
    name,
    readModels.findRows(name, {
      ...(status !== undefined && { where: { status } }),
      limit,
      cursor: parameters.get("cursor"),
    }),
  );
  return {
    ...(nextCursor !== undefined && {
      headers: linkToNext(pathTo(request, "observers", name, "cases"), parameters, { cursor: nextCursor }),
    }),
    body: { items: rows.map(({ key, row }) => summary(key, row as Case)), nextCursor },
  };
}

export async function findCase(request: Request, { observers, readModels, store }: QueryContext): Promise<Reply> {
  const { name } = declarationOf(pathPart(request, "name"), observers);
  const correlationId = pathPart(request, "correlationId");
  const row = await whenBuilt(name, readModels.findRow(name, correlationId));
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
    const definition = { name, hash: serving.definition } as ObserverDefinition;
    for await (const page of store.readStream(flagStream(store, definition, correlationId), { limit: mostFlags }))
      flags.push(...page.map(flag));
  }
  return {
    body: {
      observer: name,
      ...summary(correlationId, row as Case),
      flags,
      timeline: pathTo(request, "correlations", correlationId),
    },
  };
}

function summary(correlationId: string, { status, slots, flags, dueMs }: Case) {
  return {
    correlationId,
    status,
    slots: Object.entries(slots).map(([name, { state, count, deadlineMs, triggerId }]) => ({
      name,
      state,
      // Kept only where a maximum was declared.
      count: count || undefined,
      deadline: isoTime(deadlineMs),
      triggerId,
    })),
    flagCount: flags,
    /** When it changes although no event comes. */
    due: isoTime(dueMs),
  };
}

function flag(recorded: RecordedEvent) {
  const { slot, deadline, triggerId, eventId, occurredInTime, decidedAt } = recorded.data as FlagData;
  return {
    sequence: Number(recorded.revision),
    kind: recorded.type.startsWith(flagTypePrefix) ? recorded.type.slice(flagTypePrefix.length) : recorded.type,
    slot,
    deadline,
    triggerId,
    eventId,
    occurredInTime,
    decidedAt,
    recordedAt: isoTime(recorded.recordedAtMs),
    position: String(recorded.position),
    flagId: recorded.id,
  };
}
