/** Who holds leases, for those who look on: a port. */

export interface HeldLease {
  readonly name: string;
  /** Who works under it, or did so last and never gave it back; `undefined` when it is free. */
  readonly holder: string | undefined;
  /** Milliseconds until it expires, by the clock that counts; below 0 once it has. */
  readonly expiresInMs: number;
}

export interface LeaseList {
  /** All that were ever held, in the order of the names' UTF-8 bytes. */
  listLeases(): Promise<readonly HeldLease[]>;
}
