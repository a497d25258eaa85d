/** What a run felt of its faults: a schedule that nobody notices would prove nothing. */

import { isFact, type Entry } from "./evidence.js";
import type { FaultRun } from "./fault-run.js";
import type { Strike } from "./fault-strikes.js";
import { sendingsOf } from "./fault-wire.js";

/** What a run has shown of the faults in it. */
export interface Felt {
  readonly strike: Strike;
  /** It did something to those under it. */
  readonly felt: boolean;
  /** The line was given up for another one while it was silent, and not broken. */
  readonly givenUp: boolean;
}

/** A silent line hides all else from those at its end: that the server was killed, too. */
const breaksThrough = ({ fault: { kind } }: Strike) => kind === "cut" || kind === "half-close";

/** Which faults were felt. */
export function feltIn({ faults: { strikes }, connectionsTaken, clients }: FaultRun): Felt[] {
  return strikes.map((strike) => {
    const { fault, beganAt, endedAt, open, taken, takenByItsEnd, underWay, slowed } = strike;
    const { kind, amount } = fault;
    const during = clients.acknowledged.filter((each) => each.askedAt < endedAt && each.acknowledgedAt > beganAt);
    const tookMs = ({ askedAt, acknowledgedAt }: (typeof during)[number]) =>
      acknowledgedAt - Math.max(askedAt, beganAt);
    const felt = (): boolean => {
      switch (kind) {
        case "kill":
          return open + underWay > 0 && connectionsTaken > taken;
        case "cut":
        case "half-close":
          return open > 0 && connectionsTaken > taken;
        case "stall":
          return underWay > 0 && during.some(({ acknowledgedAt }) => acknowledgedAt >= endedAt);
        case "delay":
          return during.some((each) => each.askedAt >= beganAt && tookMs(each) >= amount);
        case "throttle":
          return during.some((each) => each.bytes > amount / 20 && tookMs(each) >= (500 * each.bytes) / amount);
        case "slow projection":
        case "slow observer":
        case "slow reactor":
        case "slow provider":
        case "slow reader":
          return slowed > 0;
      }
    };
    const isAlone = strikes.every(
      (other) =>
        other === strike || !breaksThrough(other) || other.beganAt > endedAt || other.endedAt < beganAt - 1_000,
    );
    return { strike, felt: felt(), givenUp: kind === "stall" && isAlone && takenByItsEnd > taken };
  });
}

/** Facts that went to the server more than once; and those of them that it had recorded before the last time. */
export function resentIn(log: readonly Entry[]): { readonly resent: number; readonly recordedBefore: number } {
  // Not flags: a rebuild sends those again.
  const again = log.filter((entry) => isFact(entry) && sendingsOf(entry.id).length > 1);
  const before = again.filter(({ id, recordedAtMs }) => recordedAtMs < sendingsOf(id).at(-1)!);
  return { resent: again.length, recordedBefore: before.length };
}
