/** `npm run rebuild -- NAME…`: rebuilds read models together by one read of the log, or one after the other by several threads. */

import { availableParallelism } from "node:os";
import { RollcallError, type RebuildProgress, type RebuildResult, type Rollcall } from "../../src/index.js";
import { applicationUrl } from "../load-application.js";
import { watching } from "./watching.js";

interface Timed extends RebuildResult {
  readonly elapsedMs: number;
}

interface Failure {
  readonly name: string;
  readonly error: Error;
}

interface Outcomes {
  readonly results: readonly Timed[];
  readonly failures: readonly Failure[];
}

export interface Ways {
  readonly app?: string;
  readonly fresh?: boolean;
  readonly json?: boolean;
  /** Threads; one read of the log for all of them without. */
  readonly workers?: number;
}

/** Some read models could not be rebuilt: what serves of those stays as it is. */
export class RebuildsFailed extends RollcallError {
  readonly code = "REBUILD_FAILED";

  constructor(failures: readonly Failure[]) {
    const each = failures.map(({ name, error }) => `\n  ${name}: ${error.message}`);
    super(`${failures.length} could not be rebuilt, and serve as before:${each.join("")}`, {
      cause: failures[0]!.error,
    });
  }
}

/** One that fails leaves the others alone. @throws NoRowsAlone for an observer among them, with `workers` */
export async function rebuildAll(
  rollcall: Rollcall,
  names: readonly string[],
  signal: AbortSignal,
  { app, fresh = false, json, workers: count }: Ways,
): Promise<Outcomes> {
  if (count === undefined)
    return watched(names, (onProgress) => rollcall.rebuildTogether(names, { signal, fresh, onProgress }));
  const cores = availableParallelism();
  if (count > cores && !json) process.stderr.write(`${count} workers are more than there are cores, ${cores}.\n`);
  const workers = { count, application: applicationUrl(app) };
  const outcomes: Outcomes[] = [];
  for (const name of names)
    outcomes.push(
      await watched([name], (onProgress) =>
        Promise.allSettled([rollcall.rebuild(name, { signal, onProgress, workers })]),
      ),
    );
  return {
    results: outcomes.flatMap(({ results }) => results),
    failures: outcomes.flatMap(({ failures }) => failures),
  };
}

async function watched(
  names: readonly string[],
  rebuild: (onProgress: (said: RebuildProgress) => void) => Promise<readonly PromiseSettledResult<RebuildResult>[]>,
): Promise<Outcomes> {
  const started = performance.now();
  const label = names.length === 1 ? names[0]! : `${names.length} read models`;
  const outcomes = await watching(label, ({ head = 0n }) => head, rebuild);
  const elapsedMs = performance.now() - started;
  return {
    results: outcomes.flatMap((each) => (each.status === "fulfilled" ? [{ ...each.value, elapsedMs }] : [])),
    failures: outcomes.flatMap((each, i): Failure[] =>
      each.status === "rejected" ? [{ name: names[i]!, error: each.reason as Error }] : [],
    ),
  };
}

export const plain = ({ position, ...result }: Timed) => ({ ...result, position: position?.toString() });

export function inWords({ name, events, resumed, elapsedMs }: Timed): string {
  const rate = Math.round(((events - resumed) / elapsedMs) * 1_000).toLocaleString("en");
  const before = resumed > 0 ? `, ${resumed.toLocaleString("en")} of them by a rebuild that was left unfinished,` : "";
  return `${name}: rebuilt from ${events.toLocaleString("en")} events${before} in ${(elapsedMs / 1_000).toFixed(1)} s (${rate}/s), and serving.`;
}
