/** What goes wrong in a run, when and for how long: a schedule of faults that a seed determines. */

import { Random } from "./random.js";

/** What befalls the line to the server, or the server. */
export const lineFaults = ["kill", "cut", "stall", "delay", "half-close", "throttle"] as const;

/** Who takes long over each thing it does. */
export const slowConsumers = [
  "slow projection",
  "slow observer",
  "slow reactor",
  "slow provider",
  "slow reader",
] as const;

export type SlowConsumer = (typeof slowConsumers)[number];
export type FaultKind = (typeof lineFaults)[number] | SlowConsumer;

export const faultKinds: readonly FaultKind[] = [...lineFaults, ...slowConsumers];

/** Connections end by it. */
const ending: readonly FaultKind[] = ["kill", "cut", "half-close"];
export const endsConnections = ({ kind }: Pick<Fault, "kind">): boolean => ending.includes(kind);

export interface Fault {
  readonly kind: FaultKind;
  /** After the first order; or as soon as so many appends and commands are acknowledged, so that it strikes in between. */
  readonly begins: { readonly afterMs: number } | { readonly acknowledged: number };
  /** 0 for what is over at once. A killed server is away for longer: it has to start. */
  readonly forMs: number;
  /** `delay`: milliseconds in each direction; `throttle`: bytes a second; a slow consumer: milliseconds for each thing. */
  readonly amount: number;
  /** Of a half-close. */
  readonly direction: "toServer" | "toClient";
}

/**
 * How long the store bears with the server. `configured`: as the application has it unless told otherwise. `hasty`: so
 * short that it looks for another connection in every longer stall, and that callers hear of every outage. `patient`:
 * so long that nobody hears of any.
 */
export const tempers = ["configured", "hasty", "patient"] as const;
export type Temper = (typeof tempers)[number];

export interface Schedule {
  readonly seed: number;
  readonly temper: Temper;
  readonly faults: readonly Fault[];
}

/** Within it everything is asked for; every fault begins in it, and not when all is nearly over. */
export const spanMs = 1_500;

/** Three to six faults; over successive seeds each kind comes first in turn, with each temper. */
export function planFaults(seed: number): Schedule {
  const random = new Random(seed);
  const first = faultKinds[seed % faultKinds.length]!;
  const rest = Array.from({ length: random.whole(1, 4) }, () => random.pick(faultKinds));
  // Calls under way break, or may, in every run.
  const kinds = [first, random.pick([...ending, "kill" as const, "stall" as const]), ...rest];
  return { seed, temper: tempers[seed % tempers.length]!, faults: kinds.map((kind) => planFault(kind, random)) };
}

function planFault(kind: FaultKind, random: Random): Fault {
  const strikes = endsConnections({ kind }) && random.whole(0, 1) === 0;
  return {
    kind,
    begins: strikes ? { acknowledged: random.whole(1, 150) } : { afterMs: random.whole(0, spanMs - 300) },
    forMs: durationOf(kind, random),
    amount: amountOf(kind, random),
    direction: random.pick(["toServer", "toClient"]),
  };
}

function durationOf(kind: FaultKind, random: Random): number {
  if (kind === "cut" || kind === "half-close") return 0;
  if (kind === "kill") return random.pick([random.whole(0, 300), random.whole(500, 2_500)]);
  return kind === "stall" ? random.whole(50, 1_300) : random.whole(300, 1_000);
}

function amountOf(kind: FaultKind, random: Random): number {
  if (kind === "throttle") return 1_000 * random.whole(5, 60);
  return kind === "delay" ? random.whole(20, 200) : random.pick([random.whole(10, 100), random.whole(100, 900)]);
}

/** The schedule as a failure tells it. */
export const inWords = ({ seed, temper, faults }: Schedule): string =>
  `seed ${seed}, ${temper}: ${faults.map(faultInWords).join("; ")}`;

function faultInWords({ kind, begins, forMs, amount, direction }: Fault): string {
  const when = "afterMs" in begins ? `at ${begins.afterMs} ms` : `at acknowledgement ${begins.acknowledged}`;
  if (kind === "cut") return `${kind} ${when}`;
  if (kind === "half-close") return `${kind} ${direction} ${when}`;
  if (kind === "kill" || kind === "stall") return `${kind} ${when} for ${forMs} ms`;
  if (kind === "throttle") return `${kind} to ${amount} bytes/s ${when} for ${forMs} ms`;
  return `${kind} (${amount} ms each) ${when} for ${forMs} ms`;
}
