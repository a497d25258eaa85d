/** What becomes of parked events: operators ask for it, whoever holds the lease does it, and all of it is on record: a port. */

import type { Lease, ParkedEvent } from "./checkpoint-store.js";

/** What an operator wants of parked events. */
export interface ParkedRequest {
  /** UUID. */
  readonly id: string;
  readonly subscription: string;
  /** `retry`: deliver them again, each in its stream's order. `drop`: never deliver them, and let their streams go on. */
  readonly kind: "retry" | "drop";
  readonly positions: readonly bigint[] | "all";
  readonly by: string;
  /** Why; of a drop. */
  readonly reason?: string;
  readonly askedAtMs: number;
}

/** What was done. Those that waited behind what was asked for are in it too. */
export interface ParkedAnswer {
  readonly delivered: readonly bigint[];
  readonly dropped: readonly bigint[];
  /** They stay parked, and so does what waits behind them. */
  readonly failed: readonly { readonly position: bigint; readonly error: string }[];
  /** What was asked for and is not parked. */
  readonly unknown: readonly bigint[];
}

/** `begun`: somebody works on it, or died over it; whoever holds the lease next goes on with it. */
export type ParkedRequestState =
  { readonly state: "asked" | "begun" } | { readonly state: "answered"; readonly answer: ParkedAnswer };

/** An event that was parked and is no more. */
export interface ReleasedEvent extends ParkedEvent {
  readonly outcome: "delivered" | "dropped";
  readonly by: string;
  readonly reason?: string;
  readonly releasedAtMs: number;
}

export interface ParkedEventStore {
  /** Puts a request on record. Those that were answered a day ago and more are forgotten. */
  askParked(request: Omit<ParkedRequest, "askedAtMs">): Promise<void>;
  /** Requests without an answer, oldest first. */
  parkedRequests(subscription: string): Promise<readonly ParkedRequest[]>;
  /** Takes a request up; false when it was withdrawn, or answered. @throws Fenced when the lease was lost. */
  beginParkedRequest(lease: Lease, id: string): Promise<boolean>;
  /** @throws Fenced when the lease was lost. */
  answerParkedRequest(lease: Lease, id: string, answer: ParkedAnswer): Promise<void>;
  /** `undefined` when there is no such request. */
  parkedRequestState(id: string): Promise<ParkedRequestState | undefined>;
  /** Takes a request back; false once it was begun. */
  withdrawParkedRequest(id: string): Promise<boolean>;
  /**
   * In one transaction events leave the list of parked ones, that and how they did is put on record, and others are parked
   * with what is known of them now.
   * @throws Fenced when the lease was lost; nothing was written.
   */
  releaseParked(lease: Lease, released: readonly ReleasedEvent[], parked?: readonly ParkedEvent[]): Promise<void>;
  /** What was parked once, after a position, in the order of the log. */
  releasedEvents(subscription: string, after?: bigint): Promise<readonly ReleasedEvent[]>;
}

/** How long requests with their answers are kept, in milliseconds. */
export const keptRequestMs = 24 * 60 * 60_000;

/** As a column holds it. */
export const answerText = (answer: ParkedAnswer): string =>
  JSON.stringify(answer, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));

export function answerOf(text: string): ParkedAnswer {
  const { delivered, dropped, failed, unknown } = JSON.parse(text) as {
    readonly [list in "delivered" | "dropped" | "unknown"]: readonly string[];
  } & { readonly failed: readonly { readonly position: string; readonly error: string }[] };
  return {
    delivered: delivered.map(BigInt),
    dropped: dropped.map(BigInt),
    failed: failed.map(({ position, error }) => ({ position: BigInt(position), error })),
    unknown: unknown.map(BigInt),
  };
}

/** As a column holds them: `all`, or numbers with commas between. */
export const positionsText = (positions: ParkedRequest["positions"]): string =>
  positions === "all" ? positions : positions.join(",");

export const positionsOf = (text: string): ParkedRequest["positions"] =>
  text === "all" ? text : text.split(",").filter(Boolean).map(BigInt);
