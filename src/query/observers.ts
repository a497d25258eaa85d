/** Observers over HTTP: which there are, what each expects of whom, and how its slots fare from day to day. */

import type { Request } from "express";
import { InvalidQuery } from "../errors.js";
import {
  expectationInWords,
  generalTermsInWords,
  statisticsPrefix,
  versionsOnRecord,
  type ObserverReadModel,
  type SlotDefinition,
  type SlotStatistics,
} from "../observer/index.js";
import { declarationOf } from "./asked-read-model.js";
import { limitOf, linkToNext, pathPart, pathTo, queryParameters } from "./parameters.js";
import type { QueryContext } from "./query-context.js";
import { servingOf, whenBuilt } from "./read-models.js";
import type { Reply } from "./reply.js";
import { isoTime } from "./timeline.js";

/** @throws UnknownReadModel that names the observers */
export function observerOf(request: Request, { observers }: QueryContext): ObserverReadModel {
  const { name } = declarationOf(
    pathPart(request, "name"),
    observers.map(({ declaration }) => declaration),
  );
  return observers.find(({ declaration }) => declaration.name === name)!;
}

export async function listObservers(request: Request, { observers, readModels }: QueryContext): Promise<Reply> {
  const items = await Promise.all(
    observers.map(async ({ declaration }) => {
      const { name, version } = declaration;
      return {
        name,
        version,
        ...(await servingOf(readModels, declaration)),
        href: pathTo(request, "observers", name),
        cases: pathTo(request, "observers", name, "cases"),
        statistics: pathTo(request, "observers", name, "statistics"),
      };
    }),
  );
  return { body: { items } };
}

export async function showObserver(request: Request, context: QueryContext): Promise<Reply> {
  const { store, readModels } = context;
  const { definition, declaration } = observerOf(request, context);
  const { name, version, hash, applyTo, timeBase, live, includeImported, latenessMs, toleranceMs } = definition;
  const { from, key, keys, closeAfterMs, forgetAfterMs } = definition;
  const versions = await versionsOnRecord(store, name);
  return {
    body: {
      name,
      version,
      ...(await servingOf(readModels, declaration)),
      definition: hash,
      applyTo,
      rules: definition.slots.map((slot) => `${slot.name}: ${expectationInWords(slot)}`),
      terms: generalTermsInWords(definition),
      timeBase,
      live,
      includeImported,
      latenessMs,
      from,
      key,
      keys,
      closeAfterMs,
      forgetAfterMs,
      // No number in JSON says "unbounded".
      toleranceMs: Number.isFinite(toleranceMs) ? toleranceMs : undefined,
      slots: definition.slots.map(slotTerms),
      versions: versions.map(({ position, recordedAtMs, ...each }) => ({
        ...each,
        position: String(position),
        recordedAt: isoTime(recordedAtMs),
      })),
      cases: pathTo(request, "observers", name, "cases"),
      statistics: pathTo(request, "observers", name, "statistics"),
    },
  };
}

function slotTerms(slot: SlotDefinition) {
  const { annotations, where, agreeing, ...terms } = slot;
  return {
    ...terms,
    // Of a predicate only that it is there can be told.
    where: where && true,
    agreeing: agreeing && true,
    ...annotations,
    inWords: expectationInWords(slot),
  };
}

export async function showStatistics(request: Request, context: QueryContext): Promise<Reply> {
  const { readModels } = context;
  const { definition } = observerOf(request, context);
  const { name, slots } = definition;
  const parameters = queryParameters(request, name, ["slot", "limit", "cursor"]);
  const slot = parameters.get("slot");
  if (slot !== undefined && !slots.some((each) => each.name === slot))
    throw new InvalidQuery(
      `${name}: there is no slot ${JSON.stringify(slot)}. It has: ${slots.map((each) => each.name).join(", ")}.`,
    );
  const { rows, nextCursor } = await whenBuilt(
    name,
    readModels.findRows(name, {
      prefix: slot === undefined ? statisticsPrefix : `${statisticsPrefix}${slot}/`,
      limit: limitOf(name, parameters),
      cursor: parameters.get("cursor"),
    }),
  );
  return {
    ...(nextCursor !== undefined && {
      headers: linkToNext(pathTo(request, "observers", name, "statistics"), parameters, { cursor: nextCursor }),
    }),
    body: { items: rows.map(({ row }) => statistics(row as SlotStatistics)), nextCursor },
  };
}

/** Without the histogram, whose scale is nobody's concern. */
const statistics = ({ period, took: _, ...row }: SlotStatistics) => ({ ...row, day: period });
