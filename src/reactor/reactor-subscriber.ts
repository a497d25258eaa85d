/** A class that carries `@Reactor`, as a subscriber that delivers events to its reactions. */

import type { CommandBus } from "../aggregate/index.js";
import { systemClock } from "../clock.js";
import type { DeclaredClass, Model } from "../model/index.js";
import type { EventStore } from "../store/event-store.js";
import {
  OrderedDelivery,
  tickType,
  type CheckpointStore,
  type DeliveryLimits,
  type ParkedEventStore,
} from "../subscription/index.js";
import type { ReactorOptions } from "./decorators.js";
import { ReactionRunner } from "./reaction-runner.js";

export interface ReactorLimits extends DeliveryLimits {
  /** Attempts before an event is parked. */
  readonly maxAttempts?: number;
}

/** Name of the lease and the checkpoint of a reactor. */
export const reactorLease = (reactor: string): string => `reactor:${reactor}`;

export class ReactorSubscriber extends OrderedDelivery {
  constructor(
    declared: DeclaredClass,
    instance: object,
    { upcasters }: Model,
    commands: CommandBus,
    store: EventStore,
    checkpoints: CheckpointStore & ParkedEventStore,
    limits: ReactorLimits = {},
  ) {
    const { clock = systemClock, maxAttempts = 6 } = limits;
    const { name, includeImported = false, startFrom = "beginning" } = declared.role.options as ReactorOptions;
    const runner = new ReactionRunner(declared, instance, name, upcasters, commands, clock, maxAttempts);
    super(
      {
        name: reactorLease(name),
        filter: { eventTypes: [...runner.eventTypes, tickType] },
        startFrom,
        concerns: ({ type, imported }) => type !== tickType && (includeImported || !imported),
        deliver: (recorded, signal, most) => runner.run(recorded, signal, most),
      },
      store,
      checkpoints,
      limits,
    );
  }
}
