/** Which read model a path names, whose rows answer for it, and by which fields those can be filtered. */

import type { Request } from "express";
import { InvalidQuery, UnknownReadModel } from "../errors.js";
import {
  isDeclaredBy,
  labelledPlace,
  labelOf,
  servingGeneration,
  type Generation,
  type ReadModelDeclaration,
} from "../projection/index.js";
import { pathPart, queryParameters } from "./parameters.js";
import type { QueryContext } from "./query-context.js";

/** Parameters of every list: a field of such a name cannot be filtered on here. */
export const listParameters: readonly string[] = ["limit", "cursor"];

export interface AskedReadModel {
  /** As the path says it. */
  readonly name: string;
  readonly declaration: ReadModelDeclaration;
  /** Where the rows are. */
  readonly place: string;
  /** Whose rows they are; absent before the first build. */
  readonly answering?: Generation;
}

/**
 * `orders` names the rows that serve, `orders~monday` those that were built under a label.
 * @throws UnknownReadModel
 */
export async function askedReadModel(
  request: Request,
  { projections, readModels }: Pick<QueryContext, "projections" | "readModels">,
): Promise<AskedReadModel> {
  const said = pathPart(request, "name");
  const [name, ...labels] = said.split("~") as [string, ...string[]];
  const label = labels.length > 0 ? labels.join("~") : undefined;
  const declaration = declarationOf(name, projections);
  if (label === undefined) {
    const answering = await servingGeneration(readModels, declaration);
    return { name, declaration, place: answering?.place ?? declaration.place, ...(answering && { answering }) };
  }
  const place = labelledPlace(declaration.place, label);
  const answering = await readModels.activeGeneration(place);
  if (answering) return { name: said, declaration, place, answering };
  const known = (await readModels.generations())
    .filter((each) => each.name === name && each.state === "active")
    .flatMap((each) => labelOf(each) ?? []);
  throw new UnknownReadModel(JSON.stringify(said), [name, ...known.map((each) => `${name}~${each}`)]);
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

/** Fields to filter by: those of the rows that answer, which are not the declared ones until these have caught up. */
export const filtersOf = ({ indexes }: Pick<ReadModelDeclaration, "indexes">): readonly string[] =>
  indexes.filter((field) => !listParameters.includes(field));

/** What a URL asks of the rows. @throws InvalidQuery, which says when a filter that is declared will be there */
export function rowParameters(request: Request, { name, declaration, answering }: AskedReadModel): Map<string, string> {
  const filters = filtersOf(answering ?? declaration);
  const later = filtersOf(declaration).find((field) => field in request.query && !filters.includes(field));
  if (answering && later !== undefined)
    throw new InvalidQuery(
      `${name}: version ${answering.version} answers, whose rows cannot be filtered by ${JSON.stringify(later)}, but by: ${filters.join(", ") || "no field"}. ${whenThere(declaration, answering)}`,
    );
  return queryParameters(request, name, [...listParameters, ...filters]);
}

function whenThere(declaration: ReadModelDeclaration, answering: Generation): string {
  const { name, version } = declaration;
  if (answering.version !== version)
    return `Version ${version} declares it: ask again once that has caught up with the log (GET /ready).`;
  if (labelOf(answering) !== undefined) return "It was declared later: build the label anew.";
  return isDeclaredBy(answering, declaration)
    ? "It was declared later: ask again once a process with the role projection has started with this code."
    : `It was declared later, together with terms that it takes a rebuild for: npm run rebuild -- ${name}`;
}
