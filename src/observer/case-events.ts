/** The events of a case, as far as they are still recorded. */

import type { RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import type { ObserverDefinition } from "./definition.js";
import { flagCategoryOf, type FlagData } from "./flag-stream.js";
import { identify } from "./keys.js";

export interface CaseEventsOptions {
  readonly dataOf: (event: RecordedEvent) => unknown;
  readonly signal?: AbortSignal | undefined;
  /** Called while the log is searched, with the position that was reached. */
  readonly onProgress?: ((position: bigint) => void) | undefined;
}

/**
 * Everything recorded with the case's key as correlation id, flags and acknowledgements included; where the observer
 * finds keys by other means, also what it finds so, for which the log is searched. In the order of the log.
 */
export async function eventsOfCase(
  store: EventStore,
  definition: ObserverDefinition,
  key: string,
  options: CaseEventsOptions,
): Promise<readonly RecordedEvent[]> {
  const events = new Map<string, RecordedEvent>();
  const add = (event: RecordedEvent) => events.set(`${event.revision}@${event.streamName}`, event);
  for await (const page of store.readCorrelation(key)) for (const event of page) add(event);
  if (definition.key !== undefined || definition.keys !== undefined) {
    const aliases = new Set<string>();
    const found = async () => {
      for await (const event of identified(store, definition, key, aliases, options)) add(event);
    };
    await found();
    // What came before its alias was told is found once the alias is known.
    if (aliases.size > 0) await found();
    if (!definition.joinsByCorrelation)
      for await (const flag of flagsOfCase(store, definition, key, options)) add(flag);
  }
  return inOrder(store, [...events.values()]);
}

/** In the order of the log; where flags are not in it (read-only operation), in that of the recording. */
export const inOrder = (store: EventStore, events: readonly RecordedEvent[]): readonly RecordedEvent[] =>
  events.toSorted((a, b) =>
    store.own ? a.recordedAtMs - b.recordedAtMs : a.position < b.position ? -1 : a.position > b.position ? 1 : 0,
  );

/** Of whatever definition; no correlation id tells which they are. */
async function* flagsOfCase(
  store: EventStore,
  { name }: ObserverDefinition,
  key: string,
  { signal }: CaseEventsOptions,
): AsyncGenerator<RecordedEvent> {
  const filter = { streamPrefixes: [`${flagCategoryOf(store)}-${name}-`] };
  for await (const page of store.readLog({ filter, signal }))
    yield* page.filter(({ data }) => (data as FlagData).case === key);
  signal?.throwIfAborted();
}

async function* identified(
  store: EventStore,
  definition: ObserverDefinition,
  wanted: string,
  aliases: Set<string>,
  { dataOf, signal, onProgress }: CaseEventsOptions,
): AsyncGenerator<RecordedEvent> {
  const filter = { eventTypes: [...definition.ownTypes] };
  for await (const page of store.readLog({ filter, signal })) {
    for (const event of page) {
      const { key, alias, via } = identify(definition, event, dataOf);
      if (key !== wanted && (via === undefined || !aliases.has(via))) continue;
      if (alias !== undefined) aliases.add(alias);
      yield event;
    }
    onProgress?.(page.at(-1)!.position);
  }
  signal?.throwIfAborted();
}
