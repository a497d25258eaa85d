/** Reactors: an event comes in, effects happen through injected gateways, commands go out. */

import type { AnyCommand, AnyEvent, EventClass, RecordedEvent } from "../message/index.js";
import { recordRole, recordUse, type RoleOptions } from "../model/index.js";

export interface ReactorOptions extends RoleOptions {
  /**
   * Where a reactor that has no checkpoint yet begins: with the first event of the log, or after the last one that the
   * log holds at its first start. "beginning" unless stated.
   *
   * WARNING: with "beginning", a reactor that is added to a log reacts to its whole history: it charges, mails and
   * orders for everything that ever happened. A reactor that was renamed is a new one: it has no checkpoint, and its
   * idempotency keys, which are made of its name, are others, so that no gateway recognises what it did before.
   */
  readonly startFrom?: "beginning" | "now";
  /** Reacts to imported history as well. Off unless stated: importing history charges nobody. */
  readonly includeImported?: boolean;
}

/** What a reaction needs to act safely more than once. */
export interface Reaction {
  /** UUIDv5 of reactor and event: the same at every delivery. Hand it to every gateway that is called. */
  readonly idempotencyKey: string;
  /** Aborts when the reactor stops; the event is delivered again later. */
  readonly signal: AbortSignal;
}

type Commands = AnyCommand | readonly AnyCommand[] | void;

/** Marks a class as a reactor; its checkpoint is kept under `name`. Its constructor is injected. */
export function Reactor(options: ReactorOptions) {
  return (target: abstract new (...args: never[]) => object): void => recordRole(target, "reactor", options);
}

/**
 * Marks the method that answers an event with commands; it may be async and call gateways. It is called at least once
 * for each event, in order within a stream. What throws is retried with backoff, then parked.
 */
export function ReactsTo<E extends AnyEvent>(event: EventClass<E>) {
  return <M extends (event: E, recorded: RecordedEvent, reaction: Reaction) => Commands | Promise<Commands>>(
    target: object,
    method: string,
    _: TypedPropertyDescriptor<M>,
  ): void => recordUse(target, method, "reactsTo", event);
}
