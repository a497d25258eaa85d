/** The versions of an observer that are on record, as plain data: also those whose code is gone. */

import type { EventStore } from "../store/event-store.js";
import { definedType } from "./control-events.js";
import { definitionStream, type ObserverDefinedData } from "./definition-log.js";

export interface VersionOnRecord extends Omit<ObserverDefinedData, "observer" | "terms"> {
  readonly position: bigint;
  readonly recordedAtMs: number;
}

/** Oldest first. */
export async function versionsOnRecord(store: EventStore, observer: string): Promise<readonly VersionOnRecord[]> {
  const versions: VersionOnRecord[] = [];
  for await (const page of store.readStream(definitionStream(store, observer)))
    for (const { type, data, position, recordedAtMs } of page) {
      if (type !== definedType) continue;
      const { version, hash, applyTo } = data as ObserverDefinedData;
      versions.push({ version, hash, applyTo, position, recordedAtMs });
    }
  return versions;
}
