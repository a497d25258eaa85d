/** What an expectation says, as plain data: what is hashed, recorded, and judged by. */

/** A number, or the path of one in the trigger; of a list, its length. */
export type Count = number | string;

/** Where the value is that tells runs of one slot apart. */
export interface PairPaths {
  readonly trigger: string;
  readonly counterpart: string;
  readonly unless?: string;
}

export interface Terms {
  /** Empty where another slot's completion is the trigger. */
  readonly trigger: readonly string[];
  readonly counterpart: readonly string[];
  readonly unless: readonly string[];
  readonly withinMs: number;
  /** Most counterparts that are right; unbounded when absent. */
  readonly max?: Count;
  /** Fewest counterparts that are enough; 1 when absent. */
  readonly min?: Count;
  /** Name of the slot whose completion is the trigger. */
  readonly after?: string;
  readonly orphanWithinMs?: number;
  readonly inOrder?: true;
  /** What a repeated trigger does; nothing when absent. */
  readonly repeats?: "flag" | "round";
  readonly flagDoneAfterCancel?: true;
  /** How long after the deadline, ascending. */
  readonly escalateMs?: readonly number[];
  readonly per?: PairPaths;
}

/** A question about a trigger and a counterpart: their data, and nothing else. */
export type Pairing = (trigger: never, counterpart: never) => boolean;

/** What no plain data can say. Only that they are there is part of a definition's hash. */
export interface Predicates {
  readonly where?: Pairing;
  readonly agreeing?: Pairing;
}

export type Severity = "info" | "warning" | "critical";

/** Whom an expectation concerns. No part of the definition: it may change without a new version. */
export interface Annotations {
  readonly owner?: string;
  readonly severity?: Severity;
  readonly runbook?: string;
}

export interface SlotDefinition extends Terms, Predicates {
  readonly name: string;
  readonly annotations: Annotations;
}

/** The slot as plain data, in the order that its hash depends on. Never change it: flags of earlier releases do too. */
export function plainTerms({ name, annotations: _, where, agreeing, ...terms }: SlotDefinition): object {
  const { trigger, counterpart, unless, withinMs, max, min, after, orphanWithinMs, inOrder, repeats } = terms;
  const { flagDoneAfterCancel, escalateMs, per } = terms;
  const [asksWhere, asksAgreeing] = [where && true, agreeing && true];
  return {
    name,
    trigger,
    counterpart,
    unless,
    withinMs,
    max,
    min,
    after,
    orphanWithinMs,
    inOrder,
    repeats,
    flagDoneAfterCancel,
    escalateMs,
    per,
    where: asksWhere,
    agreeing: asksAgreeing,
  };
}

/** Under which name an event keeps what a slot read of it; definitions may read the same slot at other places. */
export const readingName = (slot: string, by: number): string => (by === 0 ? slot : `${slot}@${by}`);
