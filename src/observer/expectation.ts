/** "Whenever A, expect B within a time": the unit that an observer is made of. */

import type { AnyEvent, EventClass } from "../message/index.js";
import { milliseconds, type Duration } from "./duration.js";

/** An event type: by its class, or by its stored name where no class is at hand. */
export type EventReference<E extends AnyEvent = AnyEvent> = EventClass<E> | string;

/** What an expectation says, as plain data. */
export interface Terms {
  readonly trigger: readonly string[];
  readonly counterpart: readonly string[];
  readonly unless: readonly string[];
  readonly withinMs: number;
  /** Most counterparts that are right; unbounded when absent. */
  readonly max?: number;
}

const typesOf = (references: readonly EventReference[]) =>
  references.map((reference) => (typeof reference === "string" ? reference : reference.type));

/** A finished expectation. Each method returns a new one. */
export class Expectation {
  constructor(readonly terms: Terms) {}

  /** The counterpart may come once: each further one is flagged as a duplicate. */
  once(): Expectation {
    return this.atMost(1);
  }

  /** The counterpart may come `max` times: each further one is flagged as a duplicate. */
  atMost(max: number): Expectation {
    return new Expectation({ ...this.terms, max });
  }

  /** Waives the expectation, without a flag, once one of these events joins the case. */
  unless(...events: readonly EventReference[]): Expectation {
    return new Expectation({ ...this.terms, unless: [...this.terms.unless, ...typesOf(events)] });
  }
}

/** An expectation without a deadline never speaks, so it is no `Expectation` yet. */
export interface UnfinishedExpectation {
  /** How long after the trigger the counterpart is in time; at the deadline itself it still is. */
  within(duration: Duration): Expectation;
}

/** Begins an expectation: `whenever(OrderPlaced).expect(PaymentTaken).within({ minutes: 15 }).once()`. */
export function whenever(trigger: EventReference): {
  expect(counterpart: EventReference): UnfinishedExpectation;
} {
  return {
    expect: (counterpart) => ({
      within: (duration) =>
        new Expectation({
          trigger: typesOf([trigger]),
          counterpart: typesOf([counterpart]),
          unless: [],
          withinMs: milliseconds(duration),
        }),
    }),
  };
}
