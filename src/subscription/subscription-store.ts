/** What a store keeps of subscriptions, put together of its parts: the same for every store. */

import type { Checkpoint, CheckpointStore, Lease, LeaseStore, ParkedEvent } from "./checkpoint-store.js";
import type { HeldLease, LeaseList } from "./lease-list.js";
import type {
  ParkedAnswer,
  ParkedEventStore,
  ParkedRequest,
  ParkedRequestState,
  ReleasedEvent,
} from "./parked-events.js";
import type { Pause, PauseStore } from "./pauses.js";

export interface SubscriptionParts {
  readonly leases: LeaseStore & { all(): Promise<readonly HeldLease[]> };
  readonly checkpoints: {
    load(subscription: string): Promise<Checkpoint | undefined>;
    save(lease: Lease, checkpoint: Checkpoint, parked: readonly ParkedEvent[]): Promise<void>;
    parked(subscription: string): Promise<readonly ParkedEvent[]>;
  };
  readonly pauses: {
    pause(subscription: string, words: Pick<Pause, "reason" | "by">): Promise<Pause>;
    resume(subscription: string): Promise<boolean>;
    all(): Promise<readonly Pause[]>;
  };
  readonly parkedEvents: {
    askParked(request: Omit<ParkedRequest, "askedAtMs">): Promise<void>;
    requests(subscription: string): Promise<readonly ParkedRequest[]>;
    begin(lease: Lease, id: string): Promise<boolean>;
    answer(lease: Lease, id: string, answer: ParkedAnswer): Promise<void>;
    state(id: string): Promise<ParkedRequestState | undefined>;
    withdraw(id: string): Promise<boolean>;
    release(lease: Lease, released: readonly ReleasedEvent[], parked: readonly ParkedEvent[]): Promise<void>;
    released(subscription: string, after: bigint): Promise<readonly ReleasedEvent[]>;
  };
}

export abstract class SubscriptionStore implements CheckpointStore, LeaseList, PauseStore, ParkedEventStore {
  constructor(private readonly parts: SubscriptionParts) {}

  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    return this.parts.leases.acquire(name, holder, ttlMs);
  }

  seize(name: string, holder: string, ttlMs: number): Promise<Lease> {
    return this.parts.leases.seize(name, holder, ttlMs);
  }

  renew(lease: Lease, ttlMs: number): Promise<boolean> {
    return this.parts.leases.renew(lease, ttlMs);
  }

  release(lease: Lease): Promise<void> {
    return this.parts.leases.release(lease);
  }

  loadCheckpoint(subscription: string): Promise<Checkpoint | undefined> {
    return this.parts.checkpoints.load(subscription);
  }

  saveCheckpoint(lease: Lease, checkpoint: Checkpoint, parked: readonly ParkedEvent[] = []): Promise<void> {
    return this.parts.checkpoints.save(lease, checkpoint, parked);
  }

  parked(subscription: string): Promise<readonly ParkedEvent[]> {
    return this.parts.checkpoints.parked(subscription);
  }

  pause(subscription: string, words: Pick<Pause, "reason" | "by">): Promise<Pause> {
    return this.parts.pauses.pause(subscription, words);
  }

  resume(subscription: string): Promise<boolean> {
    return this.parts.pauses.resume(subscription);
  }

  pauses(): Promise<readonly Pause[]> {
    return this.parts.pauses.all();
  }

  listLeases(): Promise<readonly HeldLease[]> {
    return this.parts.leases.all();
  }

  askParked(request: Omit<ParkedRequest, "askedAtMs">): Promise<void> {
    return this.parts.parkedEvents.askParked(request);
  }

  parkedRequests(subscription: string): Promise<readonly ParkedRequest[]> {
    return this.parts.parkedEvents.requests(subscription);
  }

  beginParkedRequest(lease: Lease, id: string): Promise<boolean> {
    return this.parts.parkedEvents.begin(lease, id);
  }

  answerParkedRequest(lease: Lease, id: string, answer: ParkedAnswer): Promise<void> {
    return this.parts.parkedEvents.answer(lease, id, answer);
  }

  parkedRequestState(id: string): Promise<ParkedRequestState | undefined> {
    return this.parts.parkedEvents.state(id);
  }

  withdrawParkedRequest(id: string): Promise<boolean> {
    return this.parts.parkedEvents.withdraw(id);
  }

  releaseParked(lease: Lease, released: readonly ReleasedEvent[], parked: readonly ParkedEvent[] = []): Promise<void> {
    return this.parts.parkedEvents.release(lease, released, parked);
  }

  releasedEvents(subscription: string, after = -1n): Promise<readonly ReleasedEvent[]> {
    return this.parts.parkedEvents.released(subscription, after);
  }
}
