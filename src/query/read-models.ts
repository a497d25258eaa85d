/** Read models over HTTP: which there are, their rows by key, and their rows by the fields that are indexed. */

import type { Request } from "express";
import { UnknownReadModel } from "../errors.js";
import { servingGeneration, type ReadModelDeclaration, type Row } from "../projection/index.js";
import { askedReadModel, filtersOf, listParameters, rowParameters } from "./asked-read-model.js";
import { findByText } from "./filter-readings.js";
import { limitOf, linkToNext, pathPart, pathTo } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";

export async function listReadModels(request: Request, { projections, readModels }: QueryContext): Promise<Reply> {
  const items = await Promise.all(
    projections.map(async (declaration) => {
      const { name, version } = declaration;
      const serving = await servingGeneration(readModels, declaration);
      return {
        name,
        version,
        ...(serving && { servingVersion: serving.version }),
        filters: filtersOf(serving ?? declaration),
        href: pathTo(request, "read-models", name),
      };
    }),
  );
  return { body: { items } };
}

export async function findReadModelRow(request: Request, context: QueryContext): Promise<Reply> {
  const { name, place } = await askedReadModel(request, context);
  const key = pathPart(request, "key");
  const row = await whenBuilt(name, context.readModels.findRow(place, key));
  if (!row) throw new RequestProblem("UNKNOWN_ROW", `${name} has no row ${JSON.stringify(key)}.`);
  return { body: entry(key, row) };
}

export async function listReadModelRows(request: Request, context: QueryContext): Promise<Reply> {
  const asked = await askedReadModel(request, context);
  const { name, place } = asked;
  const parameters = rowParameters(request, asked);
  const filters = new Map([...parameters].filter(([field]) => !listParameters.includes(field)));
  const limit = limitOf(name, parameters);
  const { rows, nextCursor } = await whenBuilt(
    name,
    findByText(context.readModels, { name, place }, filters, { limit, cursor: parameters.get("cursor") }),
  );
  return {
    ...(nextCursor !== undefined && {
      headers: linkToNext(pathTo(request, "read-models", name), parameters, { cursor: nextCursor }),
    }),
    body: { items: rows.map(({ key, row }) => entry(key, row)), nextCursor },
  };
}

/** What a store finds of a read model that is declared: if it does not know of it, nobody has begun to build it. */
export async function whenBuilt<T>(name: string, found: Promise<T>): Promise<T> {
  try {
    return await found;
  } catch (error) {
    if (!(error instanceof UnknownReadModel)) throw error;
    throw new RequestProblem("READ_MODEL_NOT_BUILT", `${name} has not been built yet. Ask again once it has started.`);
  }
}

/** The version that serves, which is not the declared one until that has caught up; absent before the first build. */
export async function servingOf(
  readModels: QueryContext["readModels"],
  declaration: ReadModelDeclaration,
): Promise<{ readonly servingVersion?: number }> {
  const serving = await servingGeneration(readModels, declaration);
  return serving ? { servingVersion: serving.version } : {};
}

/** The store's key comes first and wins over a field of that name: it is what the row is found by. */
const entry = (key: string, row: Row) => Object.assign({ key }, row, { key });
