/** What is wrong with the definition of an observer's class, each with its remedy. */

import { roleOf, type AnyClass, type DeclaredClass } from "../model/index.js";
import type { EventKey, ObserverOptions } from "./decorators.js";
import { definitionOf, fieldsOf } from "./definition.js";
import { milliseconds } from "./duration.js";
import { Expectation } from "./expectation.js";
import { pathProblem } from "./path.js";
import { isSlotName } from "./runs.js";
import type { Annotations, Count, SlotDefinition } from "./terms.js";

export function definitionProblems(declared: Pick<DeclaredClass, "type" | "role">): string[] {
  const { name } = declared.type;
  let fields: [string, unknown][];
  try {
    fields = fieldsOf(declared.type);
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
  problems.push(...optionProblems(name, declared.role.options as ObserverOptions));
  for (const [field, value] of fields)
    if (value instanceof Expectation && value.predecessor && !fields.some(([, other]) => other === value.predecessor))
      problems.push(
        `${name}.${field} comes after an expectation that is no field of ${name}. Write after(this.field).`,
      );
  // What cannot be read as a definition was told above.
  const slots = definitionOf(declared).slots;
  for (const slot of slots) problems.push(...slotProblems(`${name}.${slot.name}`, slot, slots));
  problems.push(...unreadKeyProblems(name, declared.role.options as ObserverOptions, slots));
  return problems;
}

function optionProblems(name: string, options: ObserverOptions): string[] {
  const { timeBase, includeImported, closeAfter, forgetAfter } = options;
  const problems: string[] = [];
  for (const option of ["lateness", "tolerance", "closeAfter", "forgetAfter"] as const)
    if (!(milliseconds(options[option] ?? {}) >= 0))
      problems.push(`${name} has a ${option} that is no duration. Write { minutes: 5 }.`);
  for (const option of ["lateness", "tolerance", "live"] as const)
    if (timeBase !== "occurred" && options[option] !== undefined)
      problems.push(`${name} states ${option}, which counts only with timeBase "occurred". Remove it.`);
  if (timeBase === "occurred" && includeImported === false)
    problems.push(
      `${name} judges business time without imported history. Remove includeImported, or use timeBase "recorded".`,
    );
  if (forgetAfter !== undefined && closeAfter === undefined)
    problems.push(
      `${name} states forgetAfter without closeAfter: what is never closed is never forgotten. State both.`,
    );
  problems.push(...fromProblems(name, options.from), ...keyProblems(name, options));
  if (options.applyTo !== undefined && !["new", "open", "all"].includes(options.applyTo))
    problems.push(`${name} has applyTo ${JSON.stringify(options.applyTo)}. Use "new", "open" or "all".`);
  for (const previous of options.previous ?? []) {
    const role = roleOf(previous as AnyClass);
    if (role?.kind !== "observer" || role.name !== options.name || role.version >= (options.version ?? 1))
      problems.push(
        `${name} names ${previous.name} as previous, which is no earlier version of the observer ${options.name}. Name the classes of its earlier versions.`,
      );
  }
  return problems;
}

function fromProblems(name: string, from: ObserverOptions["from"]): string[] {
  const isSound =
    from === undefined ||
    from === "beginning" ||
    from === "now" ||
    // Whoever writes no TypeScript may state anything.
    (from instanceof Object &&
      ("time" in from ? !Number.isNaN(Date.parse(from.time)) : /^\d+$/.test(String(from.position))));
  return isSound
    ? []
    : [
        `${name} has from ${JSON.stringify(from)}. Use "beginning", "now", { time: "2026-01-01T00:00:00Z" } or { position: "1234" }.`,
      ];
}

function keyProblems(name: string, { key, keys = {} }: ObserverOptions): string[] {
  const stated: [string, unknown][] = key === undefined ? [] : [["key", key]];
  for (const [type, declared] of Object.entries<EventKey>(keys))
    if (typeof declared === "string") stated.push([`keys["${type}"]`, declared]);
    else for (const [part, path] of Object.entries(declared)) stated.push([`keys["${type}"].${part}`, path]);
  const problems = stated.flatMap(([place, path]) => {
    const problem = pathProblem(path);
    return problem ? [`${name}: ${place} ${problem}`] : [];
  });
  const told = Object.values(keys).some((each) => typeof each === "object" && "alias" in each);
  if (!told && Object.values(keys).some((each) => typeof each === "object" && "via" in each))
    problems.push(`${name} finds keys via an alias that no event tells. Write { key, alias } for the event that does.`);
  return problems;
}

/** A type that no expectation names is a misspelt one, unless it tells an alias. */
function unreadKeyProblems(name: string, { keys = {} }: ObserverOptions, slots: readonly SlotDefinition[]): string[] {
  const named = new Set(slots.flatMap(({ trigger, counterpart, unless }) => [...trigger, ...counterpart, ...unless]));
  return Object.entries(keys)
    .filter(([type, key]) => !named.has(type) && !(typeof key === "object" && "alias" in key))
    .map(
      ([type]) =>
        `${name} has a key for ${JSON.stringify(type)}, which no expectation of it names (they name ${[...named].toSorted().join(", ")}). Correct the type, or remove the key.`,
    );
}

function slotProblems(place: string, slot: SlotDefinition, slots: readonly SlotDefinition[]): string[] {
  const { name, trigger, counterpart, unless, withinMs, min, max, escalateMs, orphanWithinMs, after, repeats, per } =
    slot;
  const problems: string[] = [];
  if (!isSlotName(name))
    problems.push(
      `${place} is no name that flags can carry. Use letters, digits, "_" and "$", and no name of what every object has, such as toString.`,
    );
  if (!(withinMs >= 0) || !Number.isFinite(withinMs))
    problems.push(`${place} has a deadline that is no duration. Write within({ minutes: 15 }).`);
  if (orphanWithinMs !== undefined && !(orphanWithinMs >= 0 && Number.isFinite(orphanWithinMs)))
    problems.push(`${place} has an orphanWithin that is no duration. Write orphanWithin({ minutes: 15 }).`);
  problems.push(...countProblems(place, "at least", min, 0), ...countProblems(place, "at most", max, 1));
  const least = min ?? 1;
  if (typeof least === "number" && typeof max === "number" && max >= 1 && least > max)
    problems.push(`${place} expects at least ${least} and at most ${max} counterparts. Turn them round.`);
  if (escalateMs?.some((ms, i) => !(Number.isFinite(ms) && ms > (escalateMs[i - 1] ?? -1))))
    problems.push(
      `${place} escalates in steps that are no ascending durations. Write escalating({ hours: 1 }, { hours: 4 }).`,
    );
  if (repeats === "round" && per)
    problems.push(`${place} tells its runs apart by rounds and by pairs. Use eachTime() or per(…), not both.`);
  for (const [part, path] of Object.entries(per ?? {})) {
    const problem = pathProblem(path);
    if (problem) problems.push(`${place}: the path of its ${part} ${problem}`);
  }
  if (after !== undefined) {
    const predecessor = slots.find((other) => other.name === after);
    if (predecessor?.repeats === "round" || predecessor?.per)
      problems.push(`${place} comes after ${after}, which has several runs. Let it come after one that has not.`);
    if (repeats || per || typeof min === "string" || typeof max === "string")
      problems.push(
        `${place} has no trigger of its own to repeat, to tell apart, or to read a number from. Begin it with whenever(…).`,
      );
  }
  problems.push(...annotationProblems(place, slot.annotations));
  const all = [...trigger, ...counterpart, ...unless];
  if (all.some((type) => type === "")) problems.push(`${place} has an empty event type. Name one.`);
  for (const type of new Set(all.filter((each, i) => all.indexOf(each) !== i)))
    problems.push(`${place} names ${type} more than once. An event type has one part in an expectation.`);
  return problems;
}

/** Types do not keep plain JavaScript from words that nobody who is notified would understand. */
function annotationProblems(place: string, { owner, severity, runbook }: Annotations): string[] {
  const problems: string[] = [];
  if (owner !== undefined && !owner.trim()) problems.push(`${place} has an owner without a name. Name one, or none.`);
  if (severity !== undefined && !["info", "warning", "critical"].includes(severity))
    problems.push(`${place} has severity ${JSON.stringify(severity)}. Use "info", "warning" or "critical".`);
  if (runbook !== undefined && !URL.canParse(runbook))
    problems.push(`${place} has a runbook that is no link: ${JSON.stringify(runbook)}. Write its URL.`);
  return problems;
}

function countProblems(place: string, what: string, count: Count | undefined, least: number): string[] {
  if (typeof count === "string") {
    const problem = pathProblem(count);
    return problem ? [`${place} expects ${what} as many as a path says that ${problem}`] : [];
  }
  if (count === undefined || (Number.isSafeInteger(count) && count >= least)) return [];
  return [`${place} ${what === "at most" ? "allows" : "expects"} ${what} ${count}. Use a whole number from ${least}.`];
}
