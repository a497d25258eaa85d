/** Copies a log to another store: looks first, appends what is missing, and compares both logs. */

import { systemClock, type Clock } from "../../src/clock.js";
import { InvalidConfiguration } from "../../src/errors.js";
import type { RecordedEvent } from "../../src/message/index.js";
import type { EventStore } from "../../src/store/index.js";
import type { Refusal } from "./acceptance.js";
import { appendCopies } from "./append-copies.js";
import { Comparison } from "./comparison.js";
import { CopyDiffers, type Difference } from "./errors.js";
import { closing, LogCursor } from "./log-cursor.js";
import { Selection } from "./selection.js";
import { survey } from "./survey.js";

export interface CopyProgress {
  readonly phase: "comparing" | "copying" | "verifying";
  readonly done: number;
  readonly total: number;
  readonly unit: "positions" | "events";
}

export interface CompareOptions {
  readonly from: EventStore;
  readonly to: EventStore;
  /** Names of streams of the source that are not copied. */
  readonly leaveOut?: readonly string[] | undefined;
  /** Stops it; a copy after the appends under way. */
  readonly signal?: AbortSignal | undefined;
  /** Called often; cheap to ignore. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

export interface CopyOptions extends CompareOptions {
  /**
   * Most appends under way at a time, 1 unless stated. More only for a target that processes the appends of one
   * process in the order of the calls, as the embedded store does.
   */
  readonly inFlight?: number | undefined;
  /** What the target cannot keep; nothing unless stated. */
  readonly refuses?: Refusal | undefined;
  readonly clock?: Clock | undefined;
}

export interface VerifyResult {
  /** Events of the source that are to be in its copy. */
  readonly events: number;
  /** Events of the source that are not: those of EventStoreDB itself, and of deleted or named streams. */
  readonly leftOut: number;
  /** The target holds more after that: it has been used. */
  readonly targetGoesOn: boolean;
  /** SHA-256 over all events in their order, in hexadecimal: equal for a log and each copy of it. */
  readonly digest: string;
  readonly elapsedMs: number;
}

export interface CopyResult extends VerifyResult {
  readonly streams: number;
  /** By this run. */
  readonly copied: number;
  /** From an earlier run. */
  readonly alreadyThere: number;
  /** Of `copied`: events whose metadata has no place for a time, so that it is the time of the copy. */
  readonly withoutTime: number;
  /** The source has been written to during the copy: run it again for the rest. */
  readonly sourceGrew: boolean;
}

/**
 * Appends each event of one log to another, in the order of the log, with the ids and revisions that it has there. So
 * it may be killed at any point and run again. In the end both logs are read and compared.
 * @throws SourceTruncated, TargetUnsuitable, TargetDiffers; nothing was written then
 * @throws TargetInUse, CopyOutOfOrder, CopyDiffers, InvalidConfiguration, the signal's reason, and what the stores throw
 */
export async function copyLog(options: CopyOptions): Promise<CopyResult> {
  const { from, to, signal, onProgress, clock = systemClock, inFlight = 1, refuses = () => undefined } = options;
  const started = performance.now();
  if ((await from.storeId()) === (await to.storeId()))
    throw new InvalidConfiguration(["Source and target are the same log. Name two."]);
  if (from.streamPrefix !== to.streamPrefix)
    throw new InvalidConfiguration([
      `Rollcall's own streams begin with "${from.streamPrefix}" in the source, with "${to.streamPrefix}" in the target, and keep their names in a copy. Open both with the same prefix.`,
    ]);
  const { source, target, comparison, through } = await sidesOf(options);

  const whole = new LogCursor(from, source, { through, signal });
  const present = new LogCursor(to, target, { signal });
  const onPosition = (at: bigint) =>
    onProgress?.({ phase: "comparing", done: Number(at), total: Number(through), unit: "positions" });
  const { events, streams, targetGoesOn } = await closing([whole, present], () =>
    survey(whole, present, source, comparison, refuses, onPosition),
  );
  const alreadyThere = comparison.events;
  const total = events - alreadyThere;

  const missing = new LogCursor(from, source, { after: comparison.sourcePosition, through, signal });
  const onEvents = (done: number) => onProgress?.({ phase: "copying", done, total, unit: "events" });
  const { withoutTime } = await closing([missing], () =>
    appendCopies(missing, source, { store: to, inFlight, clock, signal, onEvents }),
  );

  // What was there already has been compared; the rest is now.
  if (total > 0)
    await compareRest(options, { source, target, comparison, through }, (done) =>
      onProgress?.({ phase: "verifying", done: done - alreadyThere, total, unit: "events" }),
    );
  return {
    streams,
    events,
    leftOut: whole.passedOver,
    copied: total,
    alreadyThere,
    withoutTime,
    targetGoesOn,
    sourceGrew: await hasMore(new LogCursor(from, source, { after: through, signal })),
    digest: comparison.digest,
    elapsedMs: Math.round(performance.now() - started),
  };
}

/**
 * Compares a log with its copy, event by event.
 * @throws CopyDiffers, the signal's reason, and what the stores throw
 */
export async function verifyCopy(options: CompareOptions): Promise<VerifyResult> {
  const started = performance.now();
  const sides = await sidesOf(options);
  const { comparison, through } = sides;
  const { leftOut, targetGoesOn } = await compareRest(options, sides, () =>
    options.onProgress?.({
      phase: "verifying",
      done: Number(comparison.sourcePosition),
      total: Number(through),
      unit: "positions",
    }),
  );
  const elapsedMs = Math.round(performance.now() - started);
  return { events: comparison.events, leftOut, targetGoesOn, digest: comparison.digest, elapsedMs };
}

interface Sides {
  readonly source: Selection;
  readonly target: Selection;
  readonly comparison: Comparison;
  /** Head of the source at the beginning: what is recorded later is for the next run. */
  readonly through: bigint;
}

async function sidesOf({ from, to, leaveOut, signal }: CompareOptions): Promise<Sides> {
  const through = (await from.head()) ?? 0n;
  const source = await Selection.of(from, leaveOut, signal);
  signal?.throwIfAborted();
  const target = Selection.everything(to);
  return { source, target, comparison: new Comparison(source, target), through };
}

/** Not by the head of the log, which the store's own events move too. */
const hasMore = (cursor: LogCursor): Promise<boolean> =>
  closing([cursor], async () => (await cursor.next()) !== undefined);

const longestList = 100;

/** Compares what comes after what was compared already. */
async function compareRest(
  { from, to, signal }: CompareOptions,
  { source, target, comparison, through }: Sides,
  onEvents: (compared: number) => void,
): Promise<{ leftOut: number; targetGoesOn: boolean }> {
  const expected = new LogCursor(from, source, { after: comparison.sourcePosition, through, signal });
  const found = new LogCursor(to, target, { after: comparison.targetPosition, signal });
  const differences: Difference[] = [];
  let total = 0;
  const note = (difference: Difference) => {
    if (++total <= longestList) differences.push(difference);
  };
  return closing([expected, found], async () => {
    for (;;) {
      const event = await expected.next();
      const beside = await found.next();
      if (!event) {
        if (total > 0) throw new CopyDiffers(differences, total);
        return { leftOut: expected.passedOver, targetGoesOn: beside !== undefined };
      }
      const difference = beside ? comparison.next(event, beside) : missingIn(event);
      if (difference) note(difference);
      if (difference?.outOfStep) throw new CopyDiffers(differences, total, true);
      onEvents(comparison.events);
    }
  });
}

const missingIn = ({ streamName, revision }: RecordedEvent) => ({
  streamName,
  revision,
  what: "is missing: the target ends before it",
  outOfStep: true,
});
