/** The subscriptions of an application by name, as an operator calls them. */

import { AmbiguousSubscription, UnknownSubscription } from "../errors.js";
import { notificationLease } from "../notification/index.js";
import { liveLease, type ReadModel } from "../projection/index.js";
import type { SubscriptionStatus } from "../query/index.js";
import { reactorLease } from "../reactor/index.js";
import type { Assembly } from "./assembly.js";

export interface NamedSubscription {
  readonly kind: SubscriptionStatus["kind"];
  readonly name: string;
  /** What its lease, and whatever else is kept of it, is kept under. */
  readonly subscription: string;
}

/** Projections, observers, reactors, notifications, in the order in which they were declared. */
export function subscriptionsOf({ projections, observers, reactors, notifications }: Assembly): NamedSubscription[] {
  const readModel =
    (kind: NamedSubscription["kind"]) =>
    ({ declaration: { name, place } }: ReadModel) => ({ kind, name, subscription: liveLease(place) });
  return [
    ...projections.map(readModel("projection")),
    ...observers.map(readModel("observer")),
    ...reactors.map(({ name }) => ({ kind: "reactor" as const, name, subscription: reactorLease(name) })),
    ...notifications.map(({ declared: { name } }) => ({
      kind: "notification" as const,
      name,
      subscription: notificationLease(name),
    })),
  ];
}

/**
 * The one of that name; `reactor:charge` tells it from others of the name `charge`.
 * @throws UnknownSubscription, AmbiguousSubscription
 */
export function subscriptionNamed(among: readonly NamedSubscription[], name: string): NamedSubscription {
  const inFull = among.find((each) => `${each.kind}:${each.name}` === name);
  if (inFull) return inFull;
  const found = among.filter((each) => each.name === name);
  if (found.length > 1)
    throw new AmbiguousSubscription(
      name,
      found.map(({ kind }) => kind),
    );
  if (!found[0])
    throw new UnknownSubscription(
      name,
      among.map((each) => each.name),
    );
  return found[0];
}
