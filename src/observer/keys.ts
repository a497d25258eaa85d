/** Which case an event belongs to: by its correlation id, or by what the observer declares. */

import type { RecordedEvent } from "../message/index.js";
import type { ObserverDefinition } from "./definition.js";
import { nameOf, valueAt } from "./path.js";

/** Neither `key` nor `via`: no case can hold the event. */
export interface EventIdentity {
  readonly key?: string;
  /** The event tells that this means its key. */
  readonly alias?: string;
  /** An alias of the key. */
  readonly via?: string;
}

/** @param dataOf data of the event in its present shape */
export function identify(
  { key, keys }: Pick<ObserverDefinition, "key" | "keys">,
  event: RecordedEvent,
  dataOf: (event: RecordedEvent) => unknown,
): EventIdentity {
  const declared = keys?.[event.type] ?? key;
  if (declared === undefined) return event.correlationId === undefined ? {} : { key: event.correlationId };
  const at = (path: string) => nameOf(valueAt(event, path.startsWith("data.") ? dataOf(event) : undefined, path));
  if (typeof declared === "string") return named("key", at(declared));
  if ("via" in declared) return named("via", at(declared.via));
  const found = named("key", at(declared.key));
  return found.key === undefined || declared.alias === undefined
    ? found
    : { ...found, ...named("alias", at(declared.alias)) };
}

const named = (what: keyof EventIdentity, name: string | undefined): EventIdentity =>
  name === undefined ? {} : { [what]: name };
