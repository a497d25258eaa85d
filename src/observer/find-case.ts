/** Finds a case by its key, or by an alias of its key; and the definitions that its slots are judged by. */

import { DefinitionChanged, DefinitionMissing } from "../errors.js";
import type { Generation, ReadModelStore } from "../projection/read-model-store.js";
import type { EventStore } from "../store/event-store.js";
import type { Case, CaseEvent } from "./case.js";
import type { ObserverState } from "./observer-state.js";
import { DefinitionHistory } from "./definition-history.js";
import { recordedDefinitions } from "./definition-log.js";
import type { ObserverDefinition } from "./definition.js";
import type { DefinitionsInForce } from "./definitions.js";
import { aliasRow, caseRow, hashOfDeclared, type Alias } from "./rows.js";

export interface FoundCase {
  readonly key: string;
  readonly row: Case;
  /** What was asked for, where that is not the key. */
  readonly alias?: string;
}

/** @throws UnknownReadModel when the observer has not been built */
export async function findCase(
  readModels: ReadModelStore,
  observer: string,
  asked: string,
): Promise<FoundCase | undefined> {
  const row = (await readModels.findRow(observer, caseRow(asked))) as Case | undefined;
  if (row) return { key: asked, row };
  const { key } = await aliasIn(readModels, observer, asked);
  const meant = key === undefined ? undefined : await readModels.findRow(observer, caseRow(key));
  return meant && { key: key!, row: meant as Case, alias: asked };
}

/** Events that wait until somebody tells what this alias means. */
export const waitingFor = async (
  readModels: ReadModelStore,
  observer: string,
  alias: string,
): Promise<readonly CaseEvent[]> => (await aliasIn(readModels, observer, alias)).waiting ?? [];

const aliasIn = async (readModels: ReadModelStore, observer: string, alias: string): Promise<Alias> =>
  ((await readModels.findRow(observer, aliasRow(alias))) as Alias | undefined) ?? {};

/**
 * The definitions that the rows were made by, which are not those of the code until a rebuild is done.
 * @param known definitions at hand, that of the code first
 */
export async function definitionsOfRows(
  store: EventStore,
  known: readonly ObserverDefinition[],
  serving: Generation,
): Promise<DefinitionsInForce> {
  const hash = hashOfDeclared(serving.definition);
  const { inForce = 0 } = (serving.checkpoint?.state ?? {}) as Partial<ObserverState>;
  const recorded = await recordedDefinitions(store, known).catch((error: unknown) => {
    // A definition whose predicates are gone: what is at hand must do.
    if (!(error instanceof DefinitionMissing || error instanceof DefinitionChanged)) throw error;
    return [];
  });
  const place = recorded.findLastIndex(({ definition }) => definition.hash === hash);
  const own = recorded[place]?.definition ?? known.find((each) => each.hash === hash) ?? known[0]!;
  return new DefinitionHistory(own, recorded.slice(0, place + 1)).inForceAt(place < 0 ? 0 : inForce);
}
