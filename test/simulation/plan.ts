/** What goes wrong in a run, and when: clocks, delays, outages, lost answers, and who is killed or freezes at which call. */

import { Random } from "../system/random.js";
import { trueClock, type ClockPlan } from "./wild-clock.js";

/** The log, or the store of the read models. */
export type Port = "log" | "rows";

/** The n-th call of all (a crash point), or the n-th of those whose name begins so. */
export type Place = { readonly point: number } | { readonly call: string; readonly nth: number };

/** What befalls whoever makes a call: before it is made, or once it has taken effect and before its answer is there. */
export interface Strike {
  readonly at: Place;
  readonly when: "before" | "after";
  /** `fails`: the port does not answer this one call; after it has taken effect, the answer is lost. */
  readonly what: "dies" | "freezes" | "fails";
  /** How long it freezes. */
  readonly forMs?: number;
}

/** The port answers nobody, or not that process; its appends and commits under way may have happened or not. */
export interface Outage {
  readonly port: Port;
  readonly process?: number;
  readonly fromMs: number;
  readonly forMs: number;
}

/** How long either way of a call takes. */
export interface Delays {
  readonly mostMs: number;
  /** Share of those that take up to `slowMs`. */
  readonly slow: number;
  readonly slowMs: number;
}

export interface ProcessPlan {
  readonly startsAfterMs: number;
  readonly clock: ClockPlan;
  /** Once it was killed, another one takes its place so much later. */
  readonly returnsAfterMs: number;
  /** Stops on purpose, and starts again, at these moments. */
  readonly stops: readonly { readonly afterMs: number; readonly forMs: number }[];
}

export interface Plan {
  readonly processes: readonly ProcessPlan[];
  readonly leaseTtlMs: number;
  readonly logClock: ClockPlan;
  readonly leaseClock: ClockPlan;
  readonly delays: Delays;
  readonly strikes: readonly Strike[];
  readonly outages: readonly Outage[];
  /** Shares of the calls that fail, and of those that take effect though their caller hears that they failed. */
  readonly failing: number;
  readonly losing: number;
  /** Share of the subscriptions that begin earlier than they were asked to. */
  readonly redelivering: number;
  /** Nothing goes wrong but for skew and delays: then there are bounds to hold. */
  readonly calm: boolean;
}

export const calmPlan: Plan = {
  processes: [{ startsAfterMs: 0, clock: trueClock, returnsAfterMs: 500, stops: [] }],
  leaseTtlMs: 2_000,
  logClock: trueClock,
  leaseClock: trueClock,
  delays: { mostMs: 5, slow: 0, slowMs: 0 },
  strikes: [],
  outages: [],
  failing: 0,
  losing: 0,
  redelivering: 0,
  calm: true,
};

/** Most that a clock is off in a calm run, and in any run once all is mended. */
export const calmSkewMs = 400;

const struckCalls = ["append tick", "append flags", "commit", "rows", "log.subscribe", "acquire", "renew", "log.read"];

/** Each sort of trouble comes in half of the runs, so that each is met alone and with each other; every sixth run is calm. */
export function planOf(seed: number, random: Random, spanMs: number): Plan {
  const calm = seed % 6 === 0;
  const sometimes = () => !calm && random.whole(0, 1) === 1;
  const many = <T>(most: number, one: () => T): T[] => Array.from({ length: random.whole(1, most) }, one);
  const moment = () => random.whole(0, spanMs);
  const sign = () => random.pick([-1, 1]);
  const leaseTtlMs = random.pick([900, 2_000, 4_000]);
  const clockOf = (wild: boolean): ClockPlan => ({
    skewMs: wild ? sign() * random.pick([0, 200, 3_000]) : random.whole(-calmSkewMs, calmSkewMs),
    drift: wild ? random.pick([0, 0.01, -0.01, 0.2, -0.2]) : 0,
    jumps: wild
      ? many(2, () => ({ afterMs: moment(), byMs: sign() * random.pick([1, 300, 2_000, 9_000]) }))
      : trueClock.jumps,
  });
  const [wildOwn, wildLog, wildLease] = [sometimes(), sometimes(), sometimes()];
  const [crashes, freezes, stops, outages, losses, slow] = Array.from({ length: 6 }, sometimes);
  const count = random.whole(calm ? 1 : 2, 4);
  const strike = (what: Strike["what"]): Strike => ({
    at:
      random.whole(0, 2) > 0
        ? { call: random.pick(struckCalls), nth: random.pick([1, 1, 2, 3, random.whole(1, 12)]) }
        : { point: random.pick([random.whole(1, 60), random.whole(1, 800)]) },
    when: random.pick(["before", "after"]),
    what,
    ...(what === "freezes" && { forMs: leaseTtlMs * random.pick([0.1, 0.8, 1.3, 4]) }),
  });
  return {
    processes: Array.from({ length: count }, (_, place) => ({
      // In a calm run one is up all the time.
      startsAfterMs: calm && place === 0 ? 0 : random.pick([0, 0, random.whole(0, spanMs / 2)]),
      clock: clockOf(wildOwn),
      returnsAfterMs: random.pick([1, leaseTtlMs / 2, leaseTtlMs * 3]),
      stops: stops ? many(2, () => ({ afterMs: moment(), forMs: random.pick([1, 500, 5_000]) })) : [],
    })),
    leaseTtlMs,
    logClock: clockOf(wildLog),
    leaseClock: clockOf(wildLease),
    delays: {
      mostMs: random.pick([1, 5, 20]),
      slow: slow ? random.pick([0.01, 0.05]) : 0,
      slowMs: random.pick([300, leaseTtlMs * 1.5]),
    },
    strikes: [
      ...(crashes ? many(4, () => strike("dies")) : []),
      ...(freezes ? many(4, () => strike("freezes")) : []),
      ...(losses ? many(6, () => strike("fails")) : []),
    ],
    outages: outages
      ? many(3, () => ({
          port: random.pick(["log", "log", "rows"] as const),
          ...(random.whole(0, 1) && { process: random.whole(0, count - 1) }),
          fromMs: moment(),
          forMs: random.pick([1, 300, 3_000]),
        }))
      : [],
    failing: losses ? random.pick([0.01, 0.05]) : 0,
    losing: losses ? random.pick([0.01, 0.05]) : 0,
    redelivering: sometimes() ? 0.5 : 0,
    calm,
  };
}
