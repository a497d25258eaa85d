/**
 * Messages: commands ask, events record.
 *
 * Every message class carries its type name as a literal, so two classes with
 * the same fields are still different types to the compiler.
 */

import { IsNotEmpty, IsString, MaxLength } from "class-validator";

export interface AnyCommand {
  readonly kind: "command";
  readonly type: string;
  /** Which aggregate the command is for; with the category it names the stream. */
  readonly aggregateId: string;
}

export interface AnyEvent {
  readonly kind: "event";
  readonly type: string;
}

/** What a message holds once its envelope (`kind`, `type`) is set aside. */
export type Fields<M> = {
  readonly [K in keyof M as K extends "kind" | "type" ? never : K]: M[K];
};

export type CommandClass<C extends AnyCommand = AnyCommand> = (new () => C) & { readonly type: C["type"] };
export type EventClass<E extends AnyEvent = AnyEvent> = (new () => E) & {
  readonly type: E["type"];
  /** The schema version that instances have, or `undefined` when the class leaves it to others (a reader's contract). */
  readonly version: number | undefined;
};

export interface MessageBase<Kind extends string, T extends string, Shared> {
  new (): { readonly kind: Kind; readonly type: T } & Shared;
  readonly type: T;
  /** Makes an immutable message; the only way to make one. */
  of<M extends object>(this: new () => M, fields: Fields<M>): M;
}

export interface EventBase<T extends string> extends MessageBase<"event", T, object> {
  readonly version: number | undefined;
}

/** Longest aggregate id, in characters. */
const longestAggregateId = 256;

/** Base class of a command: `class PlaceOrder extends Command("ordering.PlaceOrder") {}`. */
export function Command<const T extends string>(type: T): MessageBase<"command", T, { readonly aggregateId: string }> {
  const base = messageBase("command", type);
  for (const rule of [IsString(), IsNotEmpty(), MaxLength(longestAggregateId)]) rule(base.prototype, "aggregateId");
  return base as never;
}

export interface EventOptions {
  /** Schema version that new events are recorded with, from 1. Older ones need an upcaster for each step. */
  readonly version?: number;
}

/** Base class of an event: `class OrderPlaced extends DomainEvent("ordering.OrderPlaced") {}`. */
export function DomainEvent<const T extends string>(type: T, options: EventOptions = {}): EventBase<T> {
  return Object.assign(messageBase("event", type), { version: options.version }) as never;
}

function messageBase(kind: string, type: string) {
  class Message {
    static readonly type = type;

    static of(this: new () => object, fields: object) {
      return freezeMessage(Object.assign(new this(), fields));
    }
  }
  // On the prototype, so that JSON.stringify(message) writes the fields alone.
  Object.assign(Message.prototype, { kind, type });
  return Message;
}

/**
 * An instance of `type` that holds `fields`, immutable in depth; `fields` are a tree, as JSON is. Fields are assigned
 * after construction: a subclass field declared as `readonly total!: number` would otherwise reset what the base class
 * set.
 */
export function makeMessage<M extends object>(type: new () => M, fields: object): M {
  const message = Object.assign(new type(), fields);
  // Over the fields, not the message: a rebuild makes millions, and `in` is slow where there is a prototype.
  for (const key in fields) deepFreeze((fields as Record<string, unknown>)[key]);
  return Object.freeze(message);
}

/** Freezes a message and what it holds, be it a tree or not. */
export function freezeMessage<M extends object>(message: M): M {
  deepFreeze(message, new Set());
  return message;
}

// What is frozen already may hold what is not, so only `seen` ends the descent into a cycle.
function deepFreeze(value: unknown, seen?: Set<unknown>): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen?.has(value)) return;
  seen?.add(value);
  if (Array.isArray(value)) for (const part of value) deepFreeze(part, seen);
  else for (const key in value) deepFreeze((value as Record<string, unknown>)[key], seen);
  Object.freeze(value);
}
