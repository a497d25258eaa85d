/** What an observer keeps besides its rows, and how much of those it keeps in memory. */

import type { LocalState } from "./local-control.js";
import type { ObserverFlagsState } from "./observer-flags.js";
import type { TimeState } from "./observer-time.js";

/** What an observer keeps besides its rows. */
export interface ObserverState extends TimeState, ObserverFlagsState {
  /** Events that wait until somebody tells what their alias means. */
  readonly unresolved?: number;
  /** It has met the event that it was to begin with. */
  readonly begun?: true;
  /** Place of the definition in force among those on record; the first when absent. */
  readonly inForce?: number;
  /** The next one is about to come into force, and some cases are judged by it already. */
  readonly redefining?: true;
  /** Read-only operation: where it stands. */
  readonly local?: LocalState;
}

/** How much an observer keeps in memory, and when it commits although more events follow. */
export interface ObserverLimits {
  /** Cases kept between commits; 50,000 unless stated. */
  readonly cachedCases?: number;
  /** Deadlines kept; later ones are read when their time comes. 50,000 unless stated. */
  readonly cachedDeadlines?: number;
  /** Changed rows at which it commits; 20,000 unless stated. */
  readonly commitCases?: number;
  /** Events at which it commits, however few rows they changed; 1,000,000 unless stated. */
  readonly commitEvents?: number;
  /** Flags at which it commits; 500 unless stated. */
  readonly commitFlags?: number;
}

export const defaultLimits: Required<ObserverLimits> = {
  cachedCases: 50_000,
  cachedDeadlines: 50_000,
  commitCases: 20_000,
  commitEvents: 1_000_000,
  commitFlags: 500,
};
