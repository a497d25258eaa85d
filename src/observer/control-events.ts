/** Events that are about observers themselves: what every observer reads besides its own types. */

import { tickType } from "../subscription/index.js";

/** In the clock stream: log time is to go back to `to`. */
export const resetType = "observer.ClockReset";
/** Somebody has seen what is amiss in a case. */
export const acknowledgedType = "observer.Acknowledged";
/** An observer is defined, for the first time or anew. */
export const definedType = "observer.ObserverDefined";

export const controlTypes: readonly string[] = [tickType, resetType, acknowledgedType, definedType];

const controls = new Set(controlTypes);
export const isControl = (type: string): boolean => controls.has(type);

export interface ClockResetData {
  /** ISO 8601. */
  readonly to: string;
  readonly by?: string;
}

export interface AcknowledgedData {
  readonly observer: string;
  readonly case: string;
  /** Every slot unless stated. */
  readonly slot?: string;
  readonly by?: string;
  readonly note?: string;
}
