/** Time travel: the rows of a projection as they were at a moment of the log, built beside what serves, under a label. */

import type { Page } from "../store/event-store.js";
import { systemClock } from "../clock.js";
import { InvalidConfiguration, MomentNotReached, NoRowsAlone } from "../errors.js";
import { liveLease } from "./live-read-model.js";
import { underLease, type RebuildOptions, type RebuildResult } from "./rebuild.js";
import type { ReadModel } from "./read-model.js";
import type { Generation } from "./read-model-store.js";

/** A moment of the log: a position, or a time in milliseconds since the UNIX epoch; events of just then are included. */
export type Moment = { readonly position: bigint } | { readonly timeMs: number };

const mark = "~";

/** Where the rows under a label are. */
export const labelledPlace = (place: string, label: string): string => `${place}${mark}${label}`;

/** Under which label a generation was built; `undefined` for one that follows the log. */
export function labelOf({ place }: Pick<Generation, "place">): string | undefined {
  const at = place.indexOf(mark);
  return at < 0 ? undefined : place.slice(at + 1);
}

/**
 * Builds the rows as they were. They replace what was there under the label, stay as they are, and go with `prune`.
 * @throws InvalidConfiguration for a label that is none
 * @throws NoRowsAlone for an observer: its verdicts are on record, with their times
 * @throws MomentNotReached for a position beyond the head of the log, or a time in the future
 * @throws RebuildInProgress, HandlingFailed …: as a rebuild
 */
export async function rebuildUntil(
  readModel: ReadModel,
  moment: Moment,
  label: string,
  options: RebuildOptions,
): Promise<RebuildResult> {
  const { name, version, place, definition, indexes } = readModel.declaration;
  if (!/^[\w-]{1,40}$/.test(label))
    throw new InvalidConfiguration([`Expected a label of letters, digits, _ and -, 40 at most, found "${label}".`]);
  if (!readModel.hasRowsOnly) throw new NoRowsAlone(name, "build as it was");
  await checkReached(name, moment, options);
  const declaration = { name, version, place: labelledPlace(place, label), definition, indexes };
  return underLease(declaration, options, async (lease, control) => {
    const { store, readModels, onProgress } = options;
    const { signal } = control;
    const generation = await readModels.createBuilding(declaration, lease);
    try {
      const head = await store.head();
      const writer = await readModel.open({ generation, lease, mode: "rebuild", readModels, store, ...control });
      for await (const page of store.readLog({ filter: readModel.filter, signal, repeatedly: true })) {
        const due = upTo(page, moment);
        if (due.length > 0) await writer.handle(due);
        const { handled: events, position } = writer.checkpoint;
        onProgress?.({ name, events, position, head });
        if (due.length < page.length) break;
      }
      await writer.flush();
      const { handled: events, position } = writer.checkpoint;
      if (signal.aborted) return { name, events, position, resumed: 0, activated: false };
      const before = await readModels.activeGeneration(declaration.place);
      // What was there may have been of a later moment: it is replaced all the same.
      const readThrough = before?.checkpoint?.position ?? head;
      const workerLease = liveLease(declaration.place);
      const activated = await readModels.activate(generation, lease, { workerLease, readThrough });
      return { name, events, position, resumed: 0, activated };
    } finally {
      // An activated one is left alone.
      await readModels.drop(generation, lease).catch(() => undefined);
    }
  });
}

async function checkReached(name: string, moment: Moment, { store, clock = systemClock }: RebuildOptions) {
  if ("position" in moment) {
    const head = await store.head();
    if (head !== undefined && moment.position <= head) return;
    const reached = head === undefined ? "the log is empty" : `the log ends at position ${head}`;
    throw new MomentNotReached(name, `position ${moment.position}`, reached);
  }
  const nowMs = clock.now();
  if (moment.timeMs > nowMs) throw new MomentNotReached(name, inIso(moment.timeMs), `it is ${inIso(nowMs)}`);
}

const latestMs = 8.64e15;
const inIso = (timeMs: number) => new Date(Math.min(timeMs, latestMs)).toISOString();

/** Up to the first event that is later. */
function upTo(page: Page, moment: Moment): Page {
  const end = page.findIndex((event) =>
    "position" in moment ? event.position > moment.position : event.recordedAtMs > moment.timeMs,
  );
  return end < 0 ? page : page.slice(0, end);
}
