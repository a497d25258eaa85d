/** Finds out what an earlier import of the same file has appended already, by the last event of each stream. */

import { InvalidImport } from "../../src/errors.js";
import type { RecordedEvent } from "../../src/message/index.js";
import type { EventStore, ReadStreamOptions } from "../../src/store/index.js";
import { idOf, type Addressing } from "./addressing.js";
import type { Spill, SpilledTrace } from "./spill.js";

export interface FindPresentOptions {
  readonly file: string;
  readonly store: EventStore;
  readonly source: string;
  readonly addressing: Addressing;
  readonly signal?: AbortSignal | undefined;
  /** Traces looked at so far. */
  readonly onTraces: (done: number) => void;
}

const readsAtOnce = 64;
const longestList = 100;

/**
 * Appends go in order and each names the revision it expects, so what is there of a stream is a beginning of what the
 * file says: the stream's last event alone tells how much. Marks that in the spill; returns how many events it is.
 * @throws InvalidImport when a stream holds something else than the file's events.
 */
export async function findPresent(spill: Spill, options: FindPresentOptions): Promise<number> {
  const { store, signal, file } = options;
  if ((await store.head()) === undefined) return 0;
  const conflicts: string[] = [];
  let total = 0;
  let done = 0;
  for (const traces of spill.traces(readsAtOnce)) {
    signal?.throwIfAborted();
    const found = await Promise.all(traces.map((trace) => presentOf(trace, spill, options)));
    for (const [i, present] of found.entries()) {
      if (typeof present === "number") {
        if (present > 0) spill.setPresent(traces[i]!.number, present);
      } else if (++total <= longestList) conflicts.push(present.conflict);
    }
    options.onTraces((done += traces.length));
  }
  if (total > 0) throw new InvalidImport(file, conflicts, total);
  return spill.present();
}

async function presentOf(
  { number, name, events }: SpilledTrace,
  spill: Spill,
  { store, source, addressing }: FindPresentOptions,
): Promise<number | { readonly conflict: string }> {
  const stream = addressing.streamOf(name);
  const last = await readOne(store, stream, { direction: "backwards" });
  if (!last) return 0;
  // A stream that went on after the import is as good: what matters is how the file's part of it ends.
  const present = Math.min(Number(last.revision) + 1, events);
  const held = Number(last.revision) < present ? last : await readOne(store, stream, { from: BigInt(present - 1) });
  const expected = spill.eventAt(number, present - 1);
  const type = addressing.typeOf(expected.activity);
  if (held?.id === idOf(source, expected) && held.type === type && held.occurredAtMs === expected.at) return present;
  const expectedInWords = `${type} of ${new Date(expected.at).toISOString()} (event ${expected.idx} of trace ${JSON.stringify(name)})`;
  return {
    conflict: `${stream}: revision ${present - 1} is ${held ? inWords(held) : "missing"}, expected ${expectedInWords}. Import with the source, options and unchanged file of the first time, or into another category or store.`,
  };
}

async function readOne(
  store: EventStore,
  stream: string,
  options: ReadStreamOptions,
): Promise<RecordedEvent | undefined> {
  for await (const page of store.readStream(stream, { ...options, limit: 1 })) return page[0];
  return undefined;
}

function inWords({ type, occurredAtMs, id }: RecordedEvent): string {
  return `${type}${occurredAtMs === undefined ? "" : ` of ${new Date(occurredAtMs).toISOString()}`} (id ${id})`;
}
