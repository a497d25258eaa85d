/** Definitions as events: which definitions of an observer came one after the other, and from which position on. */

import { DefinitionChanged, DefinitionMissing } from "../errors.js";
import { derivedId, type RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import { definedType } from "./control-events.js";
import type { ApplyTo } from "./decorators.js";
import { completed, plainDefinition, type ObserverDefinition, type ObserverTerms } from "./definition.js";
import type { SlotDefinition } from "./terms.js";

export interface ObserverDefinedData {
  readonly observer: string;
  readonly version: number;
  readonly hash: string;
  readonly applyTo: ApplyTo;
  /** The terms, as they are hashed; of predicates only that they are there. */
  readonly terms: object;
  /** Read-only operation, where this is not recorded in the log that is read: where that ended; `null` while it was empty. */
  readonly head?: string | null;
}

/** A definition, and where it came into force. */
export interface RecordedDefinition {
  readonly definition: ObserverDefinition;
  /** Events from here on came after it. */
  readonly position: bigint;
  /** Events up to here came before it. */
  readonly after: bigint | undefined;
}

export const definitionStream = ({ streamPrefix }: Pick<EventStore, "streamPrefix">, observer: string): string =>
  `${streamPrefix}observers-${observer}`;

/**
 * The definitions that are on record, oldest first.
 * @param known definitions at hand, of which predicates and annotations are taken
 * @throws DefinitionMissing when cases may be judged by one of them that has a predicate and is not at hand;
 * DefinitionChanged where that one is on record under the version at hand
 */
export async function recordedDefinitions(
  store: EventStore,
  known: readonly ObserverDefinition[],
): Promise<readonly RecordedDefinition[]> {
  const own = known[0]!;
  const events: RecordedEvent[] = [];
  for await (const page of store.readStream(definitionStream(store, own.name)))
    events.push(...page.filter(({ type }) => type === definedType));
  const saying = events.map(({ data }) => data as ObserverDefinedData);
  // Nothing is judged by what came before a definition that concerns all of history.
  const isOwnForAll = own.applyTo === "all" && !saying.some(({ hash }) => hash === own.hash);
  const first = isOwnForAll ? events.length : saying.findLastIndex(({ applyTo }) => applyTo === "all");
  return events.map((event, i) => ({ definition: definitionIn(event, known, i >= first), ...placeOf(event) }));
}

/**
 * Records the definition after those that are on record; the same one again is found recorded.
 * @throws WrongExpectedRevision when another process recorded one meanwhile
 */
export async function recordDefinition(
  store: EventStore,
  definition: ObserverDefinition,
  recorded: number,
): Promise<RecordedDefinition> {
  const { name: observer, version, hash, applyTo } = definition;
  const head = store.own && { head: String((await store.head()) ?? "") || null };
  const data: ObserverDefinedData = { observer, version, hash, applyTo, terms: plainDefinition(definition), ...head };
  const event = { id: derivedId("observer-defined", observer, recorded, hash), type: definedType, data };
  const { position } = await store.append(definitionStream(store, observer), [event], {
    expectedRevision: recorded === 0 ? "no_stream" : BigInt(recorded - 1),
  });
  return { definition, ...placeOf({ data, position }) };
}

function placeOf({ data, position }: Pick<RecordedEvent, "data" | "position">) {
  const { head } = data as ObserverDefinedData;
  if (head === undefined) return { position, after: position };
  return head === null ? { position: 0n, after: undefined } : { position: BigInt(head) + 1n, after: BigInt(head) };
}

/** The definition that an event records. @throws DefinitionMissing, DefinitionChanged */
function definitionIn(
  event: RecordedEvent,
  known: readonly ObserverDefinition[],
  isJudgedBy: boolean,
): ObserverDefinition {
  const { observer, version, hash, applyTo, terms } = event.data as ObserverDefinedData;
  const atHand = known.find((definition) => definition.hash === hash);
  if (atHand) return { ...atHand, applyTo };
  const plain = terms as Omit<ObserverTerms, "toleranceMs" | "slots"> & {
    readonly toleranceMs: number | null;
    readonly slots: readonly (Omit<SlotDefinition, "annotations"> & {
      readonly where?: unknown;
      readonly agreeing?: unknown;
    })[];
  };
  const slots = plain.slots.map((slot) => ({ ...slot, annotations: {} }) as SlotDefinition);
  const definition = completed({ ...plain, toleranceMs: plain.toleranceMs ?? Infinity, slots }, applyTo);
  const asking = plain.slots.find(({ where, agreeing }) => where !== undefined || agreeing !== undefined);
  if (!asking || !isJudgedBy) return definition;
  // Its class is not to be kept, but its version to be raised.
  checkUnchanged(known[0]!, [{ definition }]);
  throw new DefinitionMissing(observer, version, asking.name);
}

/** @throws DefinitionChanged when the version is on record with other terms */
export function checkUnchanged(
  own: ObserverDefinition,
  recorded: readonly Pick<RecordedDefinition, "definition">[],
): void {
  const same = recorded.find(({ definition }) => definition.version === own.version);
  if (!same || same.definition.hash === own.hash) return;
  throw new DefinitionChanged(own.name, own.version, changesOf(same.definition, own));
}

/** In words, what a later definition says otherwise. */
export function changesOf(before: ObserverDefinition, after: ObserverDefinition): string[] {
  const { slots: ofBefore, ...termsBefore } = plainDefinition(before) as {
    readonly slots: readonly { readonly name: string }[];
  };
  const { slots: ofAfter, ...termsAfter } = plainDefinition(after) as {
    readonly slots: readonly { readonly name: string }[];
  };
  const changes = changedFields("", termsBefore, termsAfter).filter((change) => !change.startsWith("version "));
  const names = [...new Set([...ofBefore, ...ofAfter].map(({ name }) => name))].toSorted();
  for (const name of names) {
    const [from, to] = [ofBefore, ofAfter].map((slots) => slots.find((slot) => slot.name === name));
    if (!from) changes.push(`${name} was added`);
    else if (!to) changes.push(`${name} was removed`);
    else changes.push(...changedFields(`${name}.`, from, to));
  }
  return changes;
}

function changedFields(prefix: string, before: object, after: object): string[] {
  const [from, to] = [before, after] as Readonly<Record<string, unknown>>[];
  const fields = [...new Set([...Object.keys(from!), ...Object.keys(to!)])];
  return fields.flatMap((field) => {
    const [was, is] = [JSON.stringify(from![field]), JSON.stringify(to![field])];
    return was === is ? [] : [`${prefix}${field} was ${was ?? "not declared"}, is ${is ?? "not declared"}`];
  });
}
