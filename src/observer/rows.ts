/** What an observer keeps in its read model, and under which keys: cases, aliases of their keys, statistics. */

import type { CaseEvent } from "./case.js";

/** How the rows are laid out; another number needs a rebuild. */
export const rowFormat = 2;

export const casePrefix = "case/";
export const aliasPrefix = "alias/";
export const statisticsPrefix = "statistics/";
export const controlPrefix = "control/";

export const caseRow = (key: string): string => casePrefix + key;
export const aliasRow = (alias: string): string => aliasPrefix + alias;
/** In the order of their numbers. */
export const controlRow = (number: number): string => controlPrefix + String(number).padStart(12, "0");
export const statisticsRow = (key: string): string => statisticsPrefix + key;

/** What an alias means, or who waits until somebody tells. */
export interface Alias {
  readonly key?: string;
  readonly waiting?: readonly CaseEvent[];
}

/** A read model's definition: the observer's, and how its rows are laid out. */
export const declaredDefinition = (hash: string): string => `${hash}/${rowFormat}`;

/** The observer's definition, of what `declaredDefinition` made. */
export const hashOfDeclared = (definition: string): string => definition.split("/")[0]!;
