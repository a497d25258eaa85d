/** "Whenever A, expect B within a time": the unit that an observer is made of. */

import type { AnyEvent, EventClass, Fields } from "../message/index.js";
import { milliseconds, type Duration } from "./duration.js";
import type { Annotations, Count, PairPaths, Predicates, Severity, Terms } from "./terms.js";

/** An event type: by its class, or by its stored name where no class is at hand. */
export type EventReference<E extends AnyEvent = AnyEvent> = EventClass<E> | string;

/** What a predicate sees of an event: its data. Of a type that is given as text, TypeScript knows nothing. */
export type DataOf<R> =
  R extends EventClass<infer E>
    ? Fields<E>
    : // oxlint-disable-next-line typescript/no-explicit-any
      any;

const typesOf = (references: readonly EventReference[]) =>
  references.map((reference) => (typeof reference === "string" ? reference : reference.type));

interface Besides {
  readonly predicates?: Predicates;
  readonly annotations?: Annotations;
  /** The expectation whose completion is the trigger. */
  readonly predecessor?: Expectation;
}

/** A finished expectation. Each method returns a new one. `T` and `C` are the data of trigger and counterpart. */
// oxlint-disable-next-line typescript/no-explicit-any
export class Expectation<T = any, C = any> {
  readonly predicates: Predicates;
  readonly annotations: Annotations;
  readonly predecessor: Expectation | undefined;

  constructor(
    readonly terms: Terms,
    { predicates = {}, annotations = {}, predecessor }: Besides = {},
  ) {
    this.predicates = predicates;
    this.annotations = annotations;
    this.predecessor = predecessor;
  }

  /** The counterpart is right once: each further one is flagged as a duplicate. */
  once(): Expectation<T, C> {
    return this.times(1);
  }

  /** As many counterparts are expected and right: a number, or the path of one in the trigger (`"data.parcels"`). */
  times(count: Count): Expectation<T, C> {
    return this.atLeast(count).atMost(count);
  }

  /** So many counterparts are enough: a number, or the path of one in the trigger. 1 unless stated. */
  atLeast(min: Count): Expectation<T, C> {
    const { min: _, ...terms } = this.terms;
    return this.copy(min === 1 ? terms : { ...terms, min });
  }

  /** So many counterparts are right, and each further one is flagged: a number, or the path of one in the trigger. */
  atMost(max: Count): Expectation<T, C> {
    return this.copy({ ...this.terms, max });
  }

  /** Waives the expectation, without a flag, once one of these events joins the case. */
  unless(...events: readonly EventReference[]): Expectation<T, C> {
    return this.copy({ ...this.terms, unless: [...this.terms.unless, ...typesOf(events)] });
  }

  /** Whether a counterpart belongs to the trigger at all. Pure: asked again in a rebuild. */
  where(belongs: (trigger: T, counterpart: C) => boolean): Expectation<T, C> {
    return this.copy(this.terms, { predicates: { ...this.predicates, where: belongs } });
  }

  /** Whether a pair that belongs together agrees; `Mismatch` is flagged if not. Pure: asked again in a rebuild. */
  agreeing(agrees: (trigger: T, counterpart: C) => boolean): Expectation<T, C> {
    return this.copy(this.terms, { predicates: { ...this.predicates, agreeing: agrees } });
  }

  /** Flags a counterpart whose trigger does not come within so long. */
  orphanWithin(duration: Duration): Expectation<T, C> {
    return this.copy({ ...this.terms, orphanWithinMs: milliseconds(duration) });
  }

  /** Flags a counterpart that comes before its trigger. */
  inOrder(): Expectation<T, C> {
    return this.copy({ ...this.terms, inOrder: true });
  }

  /** Flags a repeated trigger. */
  flagRepeats(): Expectation<T, C> {
    return this.copy({ ...this.terms, repeats: "flag" });
  }

  /** A repeated trigger opens a new round. */
  eachTime(): Expectation<T, C> {
    return this.copy({ ...this.terms, repeats: "round" });
  }

  /** A run of the slot for each value of a field: one path for all its events, or one for each part. */
  per(path: string | PairPaths): Expectation<T, C> {
    const per = typeof path === "string" ? { trigger: path, counterpart: path, unless: path } : path;
    return this.copy({ ...this.terms, per });
  }

  /** Flags a counterpart that comes although the slot was waived. */
  flagDoneAfterCancel(): Expectation<T, C> {
    return this.copy({ ...this.terms, flagDoneAfterCancel: true });
  }

  /** Flags what is still amiss so long after the deadline, once for each step, until it is acknowledged. */
  escalating(...steps: readonly [Duration, ...Duration[]]): Expectation<T, C> {
    return this.copy({ ...this.terms, escalateMs: steps.map(milliseconds) });
  }

  /** Who cares for it; flags carry it. */
  owner(owner: string): Expectation<T, C> {
    return this.copy(this.terms, { annotations: { ...this.annotations, owner } });
  }

  /** How grave it is; flags carry it. */
  severity(severity: Severity): Expectation<T, C> {
    return this.copy(this.terms, { annotations: { ...this.annotations, severity } });
  }

  /** Where it is written what to do; flags carry it. */
  runbook(url: string): Expectation<T, C> {
    return this.copy(this.terms, { annotations: { ...this.annotations, runbook: url } });
  }

  private copy(terms: Terms, besides: Besides = {}): Expectation<T, C> {
    const { predicates, annotations, predecessor } = this;
    return new Expectation(terms, { predicates, annotations, ...(predecessor && { predecessor }), ...besides });
  }
}

/** An expectation without a deadline never speaks, so it is no `Expectation` yet. */
// oxlint-disable-next-line typescript/no-explicit-any
export interface UnfinishedExpectation<T = any, C = any> {
  /** How long after the trigger the counterpart is in time; at the deadline itself it still is. */
  within(duration: Duration): Expectation<T, C>;
}

export interface Beginning<T> {
  /** The counterpart; of several, any. */
  expect<const R extends readonly [EventReference, ...EventReference[]]>(
    ...counterparts: R
  ): UnfinishedExpectation<T, DataOf<R[number]>>;
}

const beginning = <T>(triggers: readonly EventReference[], predecessor?: Expectation): Beginning<T> => ({
  expect: (...counterparts) => ({
    within: (duration) =>
      new Expectation(
        {
          trigger: typesOf(triggers),
          counterpart: typesOf(counterparts),
          unless: [],
          withinMs: milliseconds(duration),
        },
        { ...(predecessor && { predecessor }) },
      ),
  }),
});

/** Begins an expectation: `whenever(OrderPlaced).expect(PaymentTaken).within({ minutes: 15 }).once()`. Of several triggers, any. */
export const whenever = <const R extends readonly [EventReference, ...EventReference[]]>(
  ...triggers: R
): Beginning<DataOf<R[number]>> => beginning(triggers);

/** Begins an expectation that opens when another one of the same observer is met: `after(this.payment).expect(…).within(…)`. */
export const after = <T, C>(expectation: Expectation<T, C>): Beginning<T | C> => beginning([], expectation);
