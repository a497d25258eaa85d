/** How a rebuild by several threads is asked for, and where it cannot be had. */

import { InvalidConfiguration, NoRowsAlone } from "../../errors.js";
import {
  ProjectionReadModel,
  type HistoryWriter,
  type ReadModel,
  type RebuildOptions,
} from "../../projection/index.js";
import type { Configuration } from "../configuration.js";
import { inMemory } from "../store-address.js";
import { writeHistoryInThreads } from "./write-history.js";

export const mostWorkers = 16;

export interface RebuildWorkers {
  /** Threads, each of which folds its part of the keys: 1 to 16, and no more than there are cores. */
  readonly count: number;
  /** URL of the module whose default export is this application: each thread loads it. */
  readonly application: string | URL;
}

/**
 * Reads history by threads.
 * @param isOwnStore whether threads can open the log too: one that the caller opened they cannot
 * @throws NoRowsAlone for an observer
 * @throws InvalidConfiguration with every problem
 */
export function historyByWorkers(
  readModel: ReadModel,
  { count, application }: RebuildWorkers,
  configuration: Configuration,
  isOwnStore: boolean,
  { store, readModels, onProgress }: Pick<RebuildOptions, "store" | "readModels" | "onProgress">,
): HistoryWriter {
  if (!(readModel instanceof ProjectionReadModel))
    throw new NoRowsAlone(readModel.declaration.name, "rebuild by several workers");
  const url = URL.canParse(String(application)) ? String(application) : undefined;
  const problems = [
    ...(Number.isInteger(count) && count >= 1 && count <= mostWorkers
      ? []
      : [`workers.count is ${count}. Use a whole number from 1 to ${mostWorkers}.`]),
    ...(url
      ? []
      : [`workers.application is "${String(application)}". Use the URL of a module, as import.meta.url is.`]),
    ...(isOwnStore && configuration.store !== inMemory
      ? []
      : [
          "Workers need a log that each of them can open. Name it by store (ROLLCALL_STORE), or rebuild without workers.",
        ]),
    ...(configuration.readModels === inMemory
      ? [
          "Workers need read models that each of them can open. Name them by readModels (ROLLCALL_READ_MODELS), or rebuild without workers.",
        ]
      : []),
  ];
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return (generation, lease, { signal }) =>
    writeHistoryInThreads(readModel, generation, lease, {
      store,
      readModels,
      configuration,
      application: url!,
      threads: count,
      signal,
      onProgress,
    });
}
