/** How an application says what it consists of: domains, projections, observers, and what is injected. */

import type { Container } from "inversify";
import type { Upcaster } from "../message/index.js";
import type { AnyClass } from "../model/index.js";
import type { Notification } from "../notification/index.js";

/** One bounded context. */
export interface Domain {
  /** Also the role that runs its reactors. */
  readonly name: string;
  readonly aggregates?: readonly AnyClass[];
  readonly reactors?: readonly AnyClass[];
  readonly upcasters?: readonly Upcaster[];
  /** Binds what the domain's reactors inject. */
  readonly bindings?: (container: Container) => void;
}

/** Observers alone will do: they need no domain, and no class of a message. */
export interface ApplicationDefinition {
  readonly domains?: readonly Domain[];
  readonly projections?: readonly AnyClass[];
  readonly observers?: readonly AnyClass[];
  /** Who is told of flags: `webhook({ … })`, `logNotification({ … })`, `metrics({ … })`, or a `Notification` of one's own. */
  readonly notifications?: readonly Notification[];
  /** Binds gateways, after the domains did. */
  readonly bindings?: (container: Container) => void;
}

/** Registers a domain. */
export const domain = (registration: Domain): Domain => registration;

/** Puts an application together; nothing is checked or started before `Rollcall.open`. */
export const application = (definition: ApplicationDefinition): ApplicationDefinition => definition;
