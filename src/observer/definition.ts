/** What an observer declares, as plain data: checked, and with a hash that its flags carry. */

import { createHash } from "node:crypto";
import type { DeclaredClass } from "../model/index.js";
import { tickType } from "../subscription/index.js";
import type { ObserverOptions } from "./decorators.js";
import { milliseconds } from "./duration.js";
import { Expectation, type Terms } from "./expectation.js";

export interface SlotDefinition extends Terms {
  readonly name: string;
}

export interface ObserverDefinition {
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
  /** SHA-256 of name, version and terms, in hexadecimal. Never of source text, so formatting changes nothing. */
  readonly hash: string;
  /** Types that the observer reads, the clock's ticks included. */
  readonly eventTypes: readonly string[];
}

/** The definition of a class that carries `@Observer`. */
export function definitionOf(declared: DeclaredClass): ObserverDefinition {
  const { name, version, options } = declared.role;
  const { timeBase = "recorded", lateness = {}, tolerance, live = false, includeImported } = options as ObserverOptions;
  const slots = slotsOf(declared).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const terms = {
    name,
    version,
    timeBase,
    latenessMs: milliseconds(lateness),
    toleranceMs: tolerance ? milliseconds(tolerance) : Infinity,
    live: live || timeBase === "recorded",
    includeImported: includeImported ?? timeBase === "occurred",
    slots,
  };
  const eventTypes = new Set(
    slots.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless]),
  );
  return {
    ...terms,
    hash: createHash("sha256").update(JSON.stringify(terms)).digest("hex"),
    eventTypes: [...eventTypes].toSorted().concat(tickType),
  };
}

/** What is wrong with the definition of an observer's class, each with its remedy. */
export function definitionProblems(declared: DeclaredClass): string[] {
  const { name } = declared.type;
  const options = declared.role.options as ObserverOptions;
  const { timeBase, includeImported } = options;
  let fields: [string, unknown][];
  try {
    fields = Object.entries(new (declared.type as unknown as new () => object)());
  } catch (error) {
    return [
      `${name} cannot be made: ${(error as Error).message}. Correct it; a class that is undefined here comes of files that import each other.`,
    ];
  }
  const problems = fields
    .filter(([, value]) => !(value instanceof Expectation))
    .map(([field]) => `${name}.${field} is no finished expectation. Write whenever(…).expect(…).within(…).`);
  if (fields.length === 0)
    problems.push(`${name} expects nothing. Give it a field with an expectation, or do not register it.`);
  for (const option of ["lateness", "tolerance"] as const)
    if (!(milliseconds(options[option] ?? {}) >= 0))
      problems.push(`${name} has a ${option} that is no duration. Write { minutes: 5 }.`);
  for (const option of ["lateness", "tolerance", "live"] as const)
    if (timeBase !== "occurred" && options[option] !== undefined)
      problems.push(`${name} states ${option}, which counts only with timeBase "occurred". Remove it.`);
  if (timeBase === "occurred" && includeImported === false)
    problems.push(
      `${name} judges business time without imported history. Remove includeImported, or use timeBase "recorded".`,
    );
  for (const { name: slot, trigger, counterpart, unless, withinMs, max } of slotsOf(declared)) {
    const place = `${name}.${slot}`;
    if (!(withinMs >= 0) || !Number.isFinite(withinMs))
      problems.push(`${place} has a deadline that is no duration. Write within({ minutes: 15 }).`);
    if (max !== undefined && !(Number.isSafeInteger(max) && max >= 1))
      problems.push(`${place} allows at most ${max}. Use a whole number from 1.`);
    const all = [...trigger, ...counterpart, ...unless];
    if (all.some((type) => type === "")) problems.push(`${place} has an empty event type. Name one.`);
    for (const type of new Set(all.filter((each, i) => all.indexOf(each) !== i)))
      problems.push(`${place} names ${type} more than once. An event type has one part in an expectation.`);
  }
  return problems;
}

const slotsOf = ({ type }: DeclaredClass): SlotDefinition[] =>
  Object.entries(new (type as unknown as new () => object)()).flatMap(([name, value]) =>
    value instanceof Expectation ? [{ name, ...value.terms }] : [],
  );
