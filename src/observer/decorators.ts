/** Observers: one case per key, and a flag when what must follow does not. */

import { recordRole, type RoleOptions } from "../model/index.js";
import type { Duration } from "./duration.js";
import type { Expectation } from "./expectation.js";

/** The key of an event's case: a path; with an alias that means the same case; or the path of such an alias. */
export type EventKey = string | { readonly key: string; readonly alias?: string } | { readonly via: string };

/** Which open cases a new definition concerns: none, those that are open, or all of history. */
export type ApplyTo = "new" | "open" | "all";

/** Where an observer begins to read the log. */
export type StartFrom = "beginning" | "now" | { readonly time: string } | { readonly position: string };

export interface ObserverOptions extends RoleOptions {
  /**
   * Which time decides. `recorded` (unless stated): when the store recorded the events. `occurred`: their business
   * time, for imported history and for producers that record late.
   */
  readonly timeBase?: "recorded" | "occurred";
  /** `occurred` only: how much later than others an event may be recorded and still be judged in its order. None unless stated. */
  readonly lateness?: Duration;
  /** `occurred` only: how far beyond its recording an event may say that it occurred; further is not believed. Unbounded unless stated. */
  readonly tolerance?: Duration;
  /** `occurred` only: the log is live, so the passing of time on the store's clock counts as well. Off unless stated. */
  readonly live?: boolean;
  /** Judges imported history too. Always on in business time; in log time off unless stated. */
  readonly includeImported?: boolean;
  /** Where it begins to read: at the beginning unless stated; `now` is where it was first defined. Times in ISO 8601. */
  readonly from?: StartFrom;
  /** Path of the key that joins events into cases; their correlation id unless stated. */
  readonly key?: string;
  /** The same for single event types. */
  readonly keys?: Readonly<Record<string, EventKey>>;
  /** How long after it has come to rest a case is closed; never unless stated. */
  readonly closeAfter?: Duration;
  /** How long after it was closed a case without flags is forgotten; never unless stated. */
  readonly forgetAfter?: Duration;
  /** Which cases a raised version concerns: those that begin from then on (unless stated), the open ones too, or all of history. */
  readonly applyTo?: ApplyTo;
  /** Earlier versions of the class whose predicates are still needed for cases that are open under them. */
  readonly previous?: readonly (new () => object)[];
}

/** Marks a class whose every field is an expectation; a field's name is its slot's name. */
export function Observer(options: ObserverOptions) {
  return <T extends { readonly [K in keyof T]: Expectation }>(target: new () => T): void =>
    recordRole(target, "observer", options);
}
