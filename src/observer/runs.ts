/** The runs of one slot in a case: rounds (`eachTime`) and pairs (`per`), and which of them an event concerns. */

import { belongs, idle, type Slot, type SlotEvent } from "./slot.js";
import type { SlotDefinition } from "./terms.js";

export type Slots = Readonly<Record<string, Slot>>;

/** A slot's name in a case: `payment`, `payment#2` for round 2, `payment[value]` for a pair. */
export interface Run {
  readonly slot: string;
  /** From 2 on. */
  readonly round?: number;
  readonly pair?: string;
}

/** Names that can be told apart from the marks of rounds and pairs, and from what every object has. */
export const isSlotName = (name: string): boolean =>
  /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && !(name in Object.prototype);

const roundName = (slot: string, round: number) => (round === 1 ? slot : `${slot}#${round}`);
const pairName = (slot: string, pair: string | undefined) => (pair === undefined ? slot : `${slot}[${pair}]`);

export function runOf(name: string): Run {
  const end = name.search(/[#[]/);
  if (end < 0) return { slot: name };
  const slot = name.slice(0, end);
  return name[end] === "#" ? { slot, round: Number(name.slice(end + 1)) } : { slot, pair: name.slice(end + 1, -1) };
}

export function nameOfRun({ slot, round, pair }: Run): string {
  return round === undefined ? pairName(slot, pair) : roundName(slot, round);
}

/** The order in which runs are judged: by slot, then by round or pair. */
export function compareRuns(a: string, b: string): number {
  const [x, y] = [runOf(a), runOf(b)];
  if (x.slot !== y.slot) return x.slot < y.slot ? -1 : 1;
  if (x.round !== y.round) return (x.round ?? 1) - (y.round ?? 1);
  return (x.pair ?? "") < (y.pair ?? "") ? -1 : (x.pair ?? "") > (y.pair ?? "") ? 1 : 0;
}

/** Which run a trigger concerns. */
export function runForTrigger(slots: Slots, { name, repeats, per }: SlotDefinition, pair: string | undefined): string {
  if (per) return pairName(name, pair);
  if (repeats !== "round") return name;
  let round = 1;
  while (slots[roundName(name, round + 1)]) round++;
  const last = slots[roundName(name, round)];
  return roundName(name, last && isTriggered(last) ? round + 1 : round);
}

/** Which run a counterpart concerns; `undefined` where there are rounds and it belongs to none. */
export function runForCounterpart(
  slots: Slots,
  terms: SlotDefinition,
  event: SlotEvent,
  pair: string | undefined,
): string | undefined {
  const { name, repeats, per } = terms;
  if (per) return pairName(name, pair);
  if (repeats !== "round" || !slots[name] || !isTriggered(slots[name])) return name;
  const rounds = roundsOf(slots, name).filter((round) => belongs(slots[round]!, terms, event));
  return (
    rounds.find((round) => slots[round]!.state === "OPEN") ??
    rounds.find((round) => slots[round]!.state === "MISSING") ??
    rounds.at(-1)
  );
}

/** Which runs a waiving event concerns; the first of them is marked where there is none yet. */
export function runsForUnless(
  slots: Slots,
  { name, repeats, per }: SlotDefinition,
  pair: string | undefined,
): readonly string[] {
  if (per) return pair === undefined ? pairsOf(slots, name) : [pairName(name, pair)];
  return repeats === "round" && slots[name] ? roundsOf(slots, name) : [name];
}

/** A run that is about to begin; a waiving event without a value has marked every pair to come. */
export function beginningOfRun(slots: Slots, name: string): Slot {
  const { pairsMarkedMs } = slots[runOf(name).slot] ?? idle;
  if (pairsMarkedMs === undefined) return idle;
  const marked = { ...idle, waiverMarked: true as const, settledMs: pairsMarkedMs };
  return name.endsWith("]") ? marked : { ...marked, pairsMarkedMs };
}

/** Keeps nothing but a mark for the pairs to come: no run has begun. */
export const isMarkOnly = ({ state, pairsMarkedMs, waiverMarked }: Slot): boolean =>
  state === "IDLE" && pairsMarkedMs !== undefined && !waiverMarked;

/** Whether a later trigger is another one. */
export const isTriggered = ({ state, triggerId }: Slot): boolean => triggerId !== undefined || state === "UNJUDGED";

function roundsOf(slots: Slots, name: string): string[] {
  const rounds: string[] = [];
  for (let round = 1; slots[roundName(name, round)]; round++) rounds.push(roundName(name, round));
  return rounds;
}

const pairsOf = (slots: Slots, name: string): string[] =>
  Object.keys(slots)
    .filter((each) => (each === name && !isMarkOnly(slots[name]!)) || each.startsWith(`${name}[`))
    .toSorted(compareRuns);
