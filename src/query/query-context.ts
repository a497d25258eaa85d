/** What the HTTP API needs of the application that it serves. */

import type { CommandBus } from "../aggregate/index.js";
import type { Model } from "../model/index.js";
import type { Exposition } from "../notification/index.js";
import type { ObserverReadModel } from "../observer/index.js";
import type { ReadModelDeclaration, ReadModelStore } from "../projection/index.js";
import type { EventStore } from "../store/event-store.js";
import type { ProcessorState } from "../subscription/index.js";

/** Why an operator lets a subscription stand still. */
export interface PauseStatus {
  readonly reason: string;
  readonly by: string;
  /** ISO 8601. */
  readonly since: string;
}

/** How far a subscription is behind the log. */
export interface Lag {
  /** Events of its own types that are not handled yet, as far as they were counted. */
  readonly events: number;
  /** True when there are more than were counted. */
  readonly more: boolean;
  /** Age of the oldest of them in seconds; 0 when there is none. */
  readonly seconds: number;
}

export interface SubscriptionStatus {
  readonly name: string;
  readonly kind: "projection" | "observer" | "reactor" | "notification";
  /** `elsewhere`: this process does not have the role. The others as a processor says them. */
  readonly state: "elsewhere" | ProcessorState;
  /** Last position committed, as text; absent before the first event. */
  readonly position?: string;
  /** Absent while the event store does not answer. */
  readonly lag?: Lag;
  /** Version of the generation that serves; read models only. */
  readonly version?: number;
  /** Why it stopped, retries or is outdated. */
  readonly error?: string;
  /** It was paused, in whichever process; absent otherwise. */
  readonly pause?: PauseStatus;
  /** Reactors and notifications: events that are parked. */
  readonly parked?: number;
  /** Projections that park rows: how many stand still, as far as they were counted (1,000). */
  readonly parkedRows?: number;
  /** Observers: relevant events without a key. */
  readonly uncorrelated?: number;
  /** Observers: events that wait until another one tells what their alias means; absent while there is none. */
  readonly waiting?: number;
}

export interface ApplicationStatus {
  /** Absent, like everything that it alone can tell, while the event store does not answer. */
  readonly storeId?: string;
  /** Why it does not. */
  readonly storeError?: string;
  /** Position of the last event of the log, as text; absent while it is empty. */
  readonly head?: string;
  readonly roles: readonly string[];
  readonly subscriptions: readonly SubscriptionStatus[];
}

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not, one sentence each. */
  readonly reasons: readonly string[];
}

/** A reactor or a notification, as far as its parked events are asked for. */
export interface ParkingDeclaration {
  readonly name: string;
  /** What its checkpoint and its parked events are kept under. */
  readonly subscription: string;
}

export interface QueryContext {
  readonly store: EventStore;
  readonly readModels: ReadModelStore;
  readonly commands: CommandBus;
  readonly model: Model;
  /** The read models that projections fold into. */
  readonly projections: readonly ReadModelDeclaration[];
  /** The observers; their rows are cases (`Case` of `src/observer`), among others. */
  readonly observers: readonly ObserverReadModel[];
  readonly reactors: readonly ParkingDeclaration[];
  readonly notifications: readonly ParkingDeclaration[];
  /** What `GET /metrics` says; `undefined` when no metrics are declared. */
  readonly exposition: (() => Promise<Exposition>) | undefined;
  status(): Promise<ApplicationStatus>;
  readiness(): Promise<Readiness>;
}
