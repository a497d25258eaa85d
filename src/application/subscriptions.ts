/** The subscriptions of an application by name, as an operator calls them. */

import { AmbiguousSubscription, ParksNothing, UnknownSubscription } from "../errors.js";
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
 * The one of that name; `reactor:charge` tells it from others of the name `charge`, and so does the name of the lease.
 * @throws UnknownSubscription, AmbiguousSubscription
 */
export function subscriptionNamed(among: readonly NamedSubscription[], name: string): NamedSubscription {
  const inFull = among.find((each) => [`${each.kind}:${each.name}`, each.subscription].includes(name));
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

/**
 * The one of that name that parks what it cannot deliver: a reactor or a notification.
 * @throws UnknownSubscription, AmbiguousSubscription, ParksNothing
 */
export function parkingNamed(among: readonly NamedSubscription[], name: string): NamedSubscription {
  const parks = ({ kind }: NamedSubscription) => kind === "reactor" || kind === "notification";
  // A projection of the same name is no reason to ask which.
  const meant = among.filter(parks);
  if (meant.some((each) => each.name === name)) return subscriptionNamed(meant, name);
  const found = subscriptionNamed(among, name);
  if (!parks(found)) throw new ParksNothing(found.name, found.kind);
  return found;
}
