/** Imports history from an XES file: one pass that checks everything and sorts, one that appends in the order of time. */

import { systemClock, type Clock } from "../../src/clock.js";
import type { EventStore } from "../../src/store/index.js";
import { Addressing, type AddressingOptions } from "./addressing.js";
import { appendHistory } from "./append-history.js";
import { findPresent } from "./find-present.js";
import { readHistory } from "./read-history.js";
import { Spill } from "./spill.js";

export interface ImportProgress {
  readonly phase: "reading" | "comparing" | "appending";
  readonly done: number;
  readonly total: number;
  /** What is counted: of the file as it is stored, of streams, of events. */
  readonly unit: "bytes" | "traces" | "events";
}

interface CommonImportOptions extends AddressingOptions {
  /** XES, gzipped or not. */
  readonly file: string;
  /** Names the history in the ids of its events. The log's `concept:name` unless stated, or else the category. */
  readonly source?: string | undefined;
  /** Only events with one of these lifecycle transitions, in upper or lower case; all unless stated. */
  readonly lifecycle?: readonly string[] | undefined;
  /** How far ahead of the clock an event's time may be. 5 minutes unless stated. */
  readonly futureToleranceMs?: number | undefined;
  /**
   * Most appends under way at a time, 1000 unless stated. Say 1 for a store that may process appends of one process in
   * another order than that of the calls, as a remote one may.
   */
  readonly inFlight?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Stops the import after the appends under way; the same import can be run again and goes on from there. */
  readonly signal?: AbortSignal | undefined;
  /** Called often; cheap to ignore. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export type ImportOptions = CommonImportOptions &
  ({ readonly store: EventStore; readonly dryRun?: false } | { readonly store?: EventStore; readonly dryRun: true });

export interface ImportResult {
  readonly traces: number;
  /** Events to import; without those that a lifecycle filter left out. */
  readonly events: number;
  readonly leftOut: number;
  /** By this run; 0 in a dry run. */
  readonly appended: number;
  /** From an earlier run; 0 in a dry run, which asks no store. */
  readonly alreadyThere: number;
  /** Time of the first event and of the last, ISO 8601 in UTC; `undefined` without events. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly elapsedMs: number;
}

export const defaultFutureToleranceMs = 5 * 60_000;

/**
 * Appends each event of the file once, in the order of (time, trace in the file, event in the trace), with ids and
 * expected revisions that follow from the file alone. So it may be killed at any point and run again, with the same
 * source and options. An event's data is `{ activity, lifecycle, resource, …its other attributes }`, and on the first
 * of a stream `trace` with the trace's attributes; an attribute that is itself called like one of those four gets
 * `xes:` put before its key.
 * @throws InvalidImport when anything in the file is wrong, or streams hold other events; nothing was appended then.
 * @throws InvalidConfiguration, ImportOutOfOrder, the signal's reason, and what the store throws.
 */
export async function importXes(options: ImportOptions): Promise<ImportResult> {
  const { file, signal, clock = systemClock, onProgress } = options;
  const started = performance.now();
  const addressing = new Addressing(options);
  const spill = new Spill();
  try {
    const history = await readHistory(spill, {
      file,
      addressing,
      lifecycle: options.lifecycle,
      latest: clock.now() + (options.futureToleranceMs ?? defaultFutureToleranceMs),
      signal,
      onBytes: (done, total) => onProgress?.({ phase: "reading", done, total, unit: "bytes" }),
    });
    const { traces, events, leftOut, firstAt, lastAt } = history;
    let alreadyThere = 0;
    let appended = 0;
    if (!options.dryRun) {
      const source = options.source ?? history.logName ?? addressing.fallbackSource;
      const target = { file, store: options.store, source, addressing, signal, clock };
      alreadyThere = await findPresent(spill, {
        ...target,
        onTraces: (done) => onProgress?.({ phase: "comparing", done, total: traces, unit: "traces" }),
      });
      const total = events - alreadyThere;
      appended = await appendHistory(spill, {
        ...target,
        inFlight: options.inFlight ?? 1000,
        onEvents: (done) => onProgress?.({ phase: "appending", done, total, unit: "events" }),
      });
    }
    const [from, to] = [firstAt, lastAt].map((at) => (at === null ? undefined : new Date(at).toISOString()));
    const elapsedMs = Math.round(performance.now() - started);
    return { traces, events, leftOut, appended, alreadyThere, from, to, elapsedMs };
  } finally {
    spill.close();
  }
}
