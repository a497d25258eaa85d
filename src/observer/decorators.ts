/** Observers: one case per correlation id, and a flag when what must follow does not. */

import { recordRole, type RoleOptions } from "../model/index.js";
import type { Duration } from "./duration.js";
import type { Expectation } from "./expectation.js";

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
}

/** Marks a class whose every field is an expectation; a field's name is its slot's name. */
export function Observer(options: ObserverOptions) {
  return <T extends { readonly [K in keyof T]: Expectation }>(target: new () => T): void =>
    recordRole(target, "observer", options);
}
