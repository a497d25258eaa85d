/** Where subscriptions keep what they have finished, who works on them, and what they could not handle: a port. */

/** Where a subscription stands. */
export interface Checkpoint {
  /** The log that the position belongs to. */
  readonly storeId: string;
  /** Last position finished; `undefined` before the first event. */
  readonly position: bigint | undefined;
  /** How many events were handled since the beginning. */
  readonly handled: number;
  /** When the event at `position` was recorded, in milliseconds since the UNIX epoch. */
  readonly recordedAtMs: number | undefined;
  /** What the subscription keeps besides rows: a JSON value. */
  readonly state?: unknown;
}

/** Before the first event of a log. */
export const beginningOf = (storeId: string): Checkpoint => ({
  storeId,
  position: undefined,
  handled: 0,
  recordedAtMs: undefined,
});

/** The right to work on a subscription, until it expires or somebody takes over. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** Grows with every holder. A commit with an older token than the newest writes nothing. */
  readonly token: number;
}

/** An event whose delivery failed for good, or that waits behind one of the same stream. */
export interface ParkedEvent {
  /** Name of the lease of who parked it: `reactor:charge`. */
  readonly subscription: string;
  readonly position: bigint;
  readonly streamName: string;
  readonly revision: bigint;
  readonly eventId: string;
  readonly eventType: string;
  /** Attempts made; 0 for one that only waits behind another. */
  readonly attempts: number;
  readonly error: string;
  readonly parkedAtMs: number;
}

export interface LeaseStore {
  /** The lease, when nobody else holds one that has not expired; a new token unless `holder` held it before. */
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined>;
  /** The lease, taken from whoever holds it, who is fenced from then on. */
  seize(name: string, holder: string, ttlMs: number): Promise<Lease>;
  /** Extends the lease; false when it was lost. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  /** Gives the lease back, so that another need not wait until it expires. */
  release(lease: Lease): Promise<void>;
}

/** Checkpoints of subscriptions that have no rows of their own: those with effects. */
export interface CheckpointStore extends LeaseStore {
  loadCheckpoint(subscription: string): Promise<Checkpoint | undefined>;
  /**
   * Saves the checkpoint and parks events in one transaction.
   * @throws Fenced when the lease was lost; nothing was written.
   */
  saveCheckpoint(lease: Lease, checkpoint: Checkpoint, parked?: readonly ParkedEvent[]): Promise<void>;
  /** Parked events in the order of the log. */
  parked(subscription: string): Promise<readonly ParkedEvent[]>;
}
