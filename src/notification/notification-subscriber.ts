/** A notification as a subscriber of the flag streams, with a lease and a checkpoint of its own. */

import { systemClock } from "../clock.js";
import { flagTypePrefix } from "../observer/index.js";
import type { EventStore } from "../store/event-store.js";
import {
  clockStreamOf,
  OrderedDelivery,
  type CheckpointStore,
  type DeliveryLimits,
  type ParkedEventStore,
} from "../subscription/index.js";
import { DeliveryAttempts } from "./delivery-attempts.js";
import type { Notification } from "./notification.js";
import { flagStreamsOf } from "./raised-flag.js";

export interface NotificationLimits extends DeliveryLimits {
  /** Attempts before a flag is parked. */
  readonly maxAttempts?: number;
}

/** Name of the lease and the checkpoint of a notification. */
export const notificationLease = (notification: string): string => `notification:${notification}`;

export class NotificationSubscriber extends OrderedDelivery {
  /** `store`: where the flags are, as `flagsStoreOf` says. */
  constructor(
    notification: Notification,
    store: EventStore,
    checkpoints: CheckpointStore & ParkedEventStore,
    limits: NotificationLimits = {},
  ) {
    const { clock = systemClock, maxAttempts = 8, maxInFlight = 16 } = limits;
    const flagStreams = flagStreamsOf(store);
    const attempts = new DeliveryAttempts(notification, clock, maxAttempts);
    super(
      {
        name: notificationLease(notification.name),
        filter: { streamPrefixes: [flagStreams, clockStreamOf(store)] },
        startFrom: notification.startFrom ?? "now",
        concerns: (recorded) =>
          recorded.streamName.startsWith(flagStreams) &&
          recorded.type.startsWith(flagTypePrefix) &&
          attempts.concerns(recorded),
        deliver: (recorded, signal, most) => attempts.run(recorded, signal, most),
      },
      store,
      checkpoints,
      // Fewer than reactions: each is a request to the same receiver.
      { ...limits, maxInFlight },
    );
  }
}
