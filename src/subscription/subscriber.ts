/** What a processor runs: somebody who reads a part of the log in order and keeps a checkpoint. */

import type { EventFilter, Page } from "../store/event-store.js";
import type { Checkpoint, Lease } from "./checkpoint-store.js";

/** How a subscriber and whoever runs it stop each other. */
export interface SubscriberControl {
  /** Aborts when the subscriber is to stop. */
  readonly signal: AbortSignal;
  /** Stops the subscription, in sight: for what goes wrong between two pages. */
  readonly fail: (error: unknown) => void;
}

/** What a subscriber hears while it runs. */
export interface RunControl extends SubscriberControl {
  /** Aborts when nothing more is to be begun, while what is under way may still finish; with `signal` at the latest. */
  readonly finishing: AbortSignal;
}

/** Why a subscriber takes no events for now, although it holds its lease. */
export interface Obstacle {
  readonly error: Error;
  /** Resolves when it is worth another look, and when the subscriber is to finish. */
  readonly changed: () => Promise<void>;
}

export interface Subscriber {
  /** Unique in the application; the lease has this name. */
  readonly name: string;
  readonly filter: EventFilter;
  /** False for one that has effects: it cannot be made anew from history. True unless stated. */
  readonly rebuildable?: boolean;
  /** Makes ready to go on from where the last holder of the lease finished, and says where that was. */
  open(lease: Lease, control: RunControl): Promise<Checkpoint | undefined>;
  /** While there is one, no page may be given to it. */
  readonly obstacle?: Obstacle | undefined;
  /** Takes a page. It may keep what it did until `flush`, but must not lose it. */
  handle(events: Page): Promise<void>;
  /** Commits what is not committed yet. */
  flush(): Promise<void>;
  /** Everything recorded so far was delivered, and committed. */
  caughtUp?(): Promise<void>;
  /** Waits, for a bounded time, until what is under way has finished: nothing more comes. */
  finish?(): Promise<void>;
  /** Where it stands: the last position handled. */
  readonly position: bigint | undefined;
  /** Lets go of what `open` acquired. What was not committed is delivered again. */
  close(): Promise<void>;
}
