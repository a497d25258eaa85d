/** What an observer declares, as plain data: with a hash that its flags carry. */

import { createHash } from "node:crypto";
import { roleOf, type AnyClass, type DeclaredClass } from "../model/index.js";
import { controlTypes } from "./control-events.js";
import type { ApplyTo, EventKey, ObserverOptions, StartFrom } from "./decorators.js";
import { milliseconds } from "./duration.js";
import { Expectation } from "./expectation.js";
import { plainTerms, type SlotDefinition } from "./terms.js";

export interface ObserverTerms {
  readonly name: string;
  readonly version: number;
  readonly timeBase: "recorded" | "occurred";
  readonly latenessMs: number;
  /** `Infinity` when any business time is believed. */
  readonly toleranceMs: number;
  readonly live: boolean;
  readonly includeImported: boolean;
  /** Sorted by name: slots of one case are judged in this order. */
  readonly slots: readonly SlotDefinition[];
  /** Where it begins to read; the beginning of the log when absent. */
  readonly from?: Exclude<StartFrom, "beginning">;
  /** Path of the key; the correlation id when absent. */
  readonly key?: string;
  /** The same by event type. */
  readonly keys?: Readonly<Record<string, EventKey>>;
  readonly closeAfterMs?: number;
  readonly forgetAfterMs?: number;
}

export interface ObserverDefinition extends ObserverTerms {
  /** SHA-256 of name, version and terms, in hexadecimal. Never of source text, so formatting changes nothing. */
  readonly hash: string;
  /** Types that belong to its slots. */
  readonly ownTypes: ReadonlySet<string>;
  /** Types that it reads, the control events included. */
  readonly eventTypes: readonly string[];
  /** Types whose data a predicate may ask for. */
  readonly readsData: boolean;
  /** Whether a case's key is a correlation id: some of its events are joined by theirs. */
  readonly joinsByCorrelation: boolean;
  readonly applyTo: ApplyTo;
}

/** The definition of a class that carries `@Observer`. */
export function definitionOf({ type, role }: Pick<DeclaredClass, "type" | "role">): ObserverDefinition {
  const { name, version } = role;
  const options = role.options as ObserverOptions;
  const { timeBase = "recorded", lateness = {}, tolerance, live = false, includeImported, from, key, keys } = options;
  const { closeAfter, forgetAfter, applyTo = "new" } = options;
  const terms: ObserverTerms = {
    name,
    version,
    timeBase,
    latenessMs: milliseconds(lateness),
    toleranceMs: tolerance ? milliseconds(tolerance) : Infinity,
    live: live || timeBase === "recorded",
    includeImported: includeImported ?? timeBase === "occurred",
    slots: slotsOf(type).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ...(from !== undefined && from !== "beginning" && { from }),
    ...(key !== undefined && { key }),
    ...(keys !== undefined && { keys: sortedByName(keys) }),
    ...(closeAfter !== undefined && { closeAfterMs: milliseconds(closeAfter) }),
    ...(forgetAfter !== undefined && { forgetAfterMs: milliseconds(forgetAfter) }),
  };
  return completed(terms, applyTo);
}

/** The terms with what follows from them. */
export function completed(terms: ObserverTerms, applyTo: ApplyTo): ObserverDefinition {
  const { slots, key, keys = {} } = terms;
  const slotTypes = slots.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless]);
  const telling = Object.entries(keys).flatMap(([type, key]) =>
    typeof key === "object" && "alias" in key ? [type] : [],
  );
  const types = [...new Set([...slotTypes, ...telling])].toSorted();
  return {
    ...terms,
    hash: createHash("sha256")
      .update(JSON.stringify(plainDefinition(terms)))
      .digest("hex"),
    ownTypes: new Set(types),
    eventTypes: [...types, ...controlTypes],
    readsData: slots.some(({ where, agreeing }) => where !== undefined || agreeing !== undefined),
    joinsByCorrelation: key === undefined && types.some((type) => keys[type] === undefined),
    applyTo,
  };
}

/** The terms as plain data, in the order that the hash depends on. Never change it: flags of earlier releases do too. */
export function plainDefinition(terms: ObserverTerms): object {
  const { name, version, timeBase, latenessMs, toleranceMs, live, includeImported, slots } = terms;
  const { from, key, keys, closeAfterMs, forgetAfterMs } = terms;
  return {
    name,
    version,
    timeBase,
    latenessMs,
    toleranceMs,
    live,
    includeImported,
    slots: slots.map(plainTerms),
    from,
    key,
    keys,
    closeAfterMs,
    forgetAfterMs,
  };
}

/** The definitions that a class says came before its own, oldest first. */
export const previousOf = ({ role }: Pick<DeclaredClass, "role">): ObserverDefinition[] =>
  ((role.options as ObserverOptions).previous ?? []).flatMap((type) => {
    const previous = roleOf(type as AnyClass);
    return previous ? [definitionOf({ type: type as AnyClass, role: previous })] : [];
  });

/** The fields of an observer's class. @throws whatever its constructor throws */
export const fieldsOf = (type: AnyClass): [string, unknown][] =>
  Object.entries(new (type as unknown as new () => object)());

function slotsOf(type: AnyClass): SlotDefinition[] {
  const fields = fieldsOf(type);
  return fields.flatMap(([name, value]) => {
    if (!(value instanceof Expectation)) return [];
    const { terms, predicates, annotations, predecessor } = value;
    const after = predecessor && fields.find(([, other]) => other === predecessor)?.[0];
    return [{ name, ...terms, ...(after !== undefined && { after }), ...predicates, annotations }];
  });
}

const sortedByName = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
