/** Read models over HTTP: which there are, their rows by key, and their rows by the fields that are indexed. */

import type { Request } from "express";
import { UnknownReadModel } from "../errors.js";
import { labelledPlace, labelOf, servingGeneration, type ReadModelDeclaration, type Row } from "../projection/index.js";
import { findByText } from "./filter-readings.js";
import { limitOf, linkToNext, pathPart, pathTo, queryParameters } from "./parameters.js";
import { RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";

/** Parameters of every list: a field of such a name cannot be filtered on here. */
const listParameters = ["limit", "cursor"];

export async function listReadModels(request: Request, { projections, readModels }: QueryContext): Promise<Reply> {
  const items = await Promise.all(
    projections.map(async (declaration) => ({
      name: declaration.name,
      version: declaration.version,
      ...(await servingOf(readModels, declaration)),
      filters: filtersOf(declaration.indexes),
      href: pathTo(request, "read-models", declaration.name),
    })),
  );
  return { body: { items } };
}

export async function findReadModelRow(request: Request, { projections, readModels }: QueryContext): Promise<Reply> {
  const { name, place } = await asked(request, projections, readModels);
  const key = pathPart(request, "key");
  const row = await whenBuilt(name, readModels.findRow(place, key));
  if (!row) throw new RequestProblem("UNKNOWN_ROW", `${name} has no row ${JSON.stringify(key)}.`);
  return { body: entry(key, row) };
}

export async function listReadModelRows(request: Request, { projections, readModels }: QueryContext): Promise<Reply> {
  const { name, place, indexes } = await asked(request, projections, readModels);
  const parameters = queryParameters(request, name, [...listParameters, ...filtersOf(indexes)]);
  const filters = new Map([...parameters].filter(([field]) => !listParameters.includes(field)));
  const limit = limitOf(name, parameters);
  const { rows, nextCursor } = await whenBuilt(
    name,
    findByText(readModels, { name, place }, filters, { limit, cursor: parameters.get("cursor") }),
  );
  return {
    ...(nextCursor !== undefined && {
      headers: linkToNext(pathTo(request, "read-models", name), parameters, { cursor: nextCursor }),
    }),
    body: { items: rows.map(({ key, row }) => entry(key, row)), nextCursor },
  };
}

/** @throws UnknownReadModel that names those of the same kind. */
export function declarationOf(name: string, declarations: readonly ReadModelDeclaration[]): ReadModelDeclaration {
  const found = declarations.find((declaration) => declaration.name === name);
  if (found) return found;
  throw new UnknownReadModel(
    JSON.stringify(name),
    declarations.map((declaration) => declaration.name),
  );
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

/**
 * What a path names, and where its rows are: `orders` those that serve, `orders~monday` those that were built under a label.
 * @throws UnknownReadModel
 */
async function asked(
  request: Request,
  projections: readonly ReadModelDeclaration[],
  readModels: QueryContext["readModels"],
): Promise<ReadModelDeclaration> {
  const said = pathPart(request, "name");
  const [name, ...labels] = said.split("~") as [string, ...string[]];
  const label = labels.length > 0 ? labels.join("~") : undefined;
  const declaration = declarationOf(name, projections);
  if (label === undefined) {
    const serving = await servingGeneration(readModels, declaration);
    return { ...declaration, place: serving?.place ?? declaration.place };
  }
  const place = labelledPlace(declaration.place, label);
  if (await readModels.activeGeneration(place)) return { ...declaration, name: said, place };
  const known = (await readModels.generations())
    .filter((each) => each.name === name && each.state === "active")
    .flatMap((each) => labelOf(each) ?? []);
  throw new UnknownReadModel(JSON.stringify(said), [name, ...known.map((each) => `${name}~${each}`)]);
}

const filtersOf = (indexes: readonly string[]) => indexes.filter((field) => !listParameters.includes(field));

/** The store's key comes first and wins over a field of that name: it is what the row is found by. */
const entry = (key: string, row: Row) => Object.assign({ key }, row, { key });
