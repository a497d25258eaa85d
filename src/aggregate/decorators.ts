/** Aggregates: a command is decided against state, and state is the fold of events. The types see to it that both fit. */

import type { AnyCommand, AnyEvent, CommandClass, EventClass } from "../message/index.js";
import { recordRole, recordUse, type RoleOptions } from "../model/index.js";

/** What a decision may know besides the command and the state. */
export interface DecisionContext {
  readonly commandId: string;
  readonly correlationId: string;
  /** The time of the decision; aggregates have no clock of their own. */
  readonly now: Date;
}

type DecidedBy<M> = M extends (command: infer C, ...rest: never[]) => infer R
  ? C extends AnyCommand
    ? R extends readonly (infer E)[]
      ? E
      : R
    : never
  : never;

type AppliedBy<M> = M extends (event: infer E) => void ? (E extends AnyEvent ? E : never) : never;

type HandledBy<M> = M extends (command: infer C, ...rest: never[]) => unknown
  ? C extends AnyCommand
    ? C
    : never
  : never;

/** The commands that an aggregate handles, read from the types of its methods. */
export type CommandsOf<A> = { [K in keyof A]: HandledBy<A[K]> }[keyof A];
/** The events that its decisions return. */
export type DecidedOf<A> = { [K in keyof A]: DecidedBy<A[K]> }[keyof A];
/** The events that it folds into its state. */
export type AppliedOf<A> = { [K in keyof A]: AppliedBy<A[K]> }[keyof A];

interface AggregateError<Message extends string, Missing> {
  readonly aggregateError: Message;
  readonly missing: Missing;
}

type AppliesWhatItDecides<A> = [Exclude<DecidedOf<A>, AppliedOf<A>>] extends [never]
  ? unknown
  : AggregateError<"an event is decided but never applied", Exclude<DecidedOf<A>, AppliedOf<A>>>;

/** That the state of an aggregate is kept now and then, so that not every event is read for every command. */
export interface SnapshotOptions {
  /**
   * From 1; raise it when state, or what `@Applies` methods call, changes: what another version kept is left aside. A
   * change of these methods themselves, of a field's initial value, an event's class or its upcasters is noticed without.
   */
  readonly version: number;
  /** How many events since the last one make another one due; 100 unless stated. */
  readonly every?: number;
}

export interface AggregateOptions extends RoleOptions {
  /** Without it, a command reads every event of its stream. */
  readonly snapshot?: SnapshotOptions;
}

/** Marks a class as an aggregate. Its `name` is the category: its streams are called `<name>-<aggregateId>`. */
export function Aggregate(options: AggregateOptions) {
  return <A extends object>(target: (new () => A) & AppliesWhatItDecides<A>): void =>
    recordRole(target, "aggregate", options);
}

/**
 * Marks the method that decides a command. It returns the events to append and changes nothing; it throws
 * `CommandRejected` when the state forbids the command.
 */
export function Handles<C extends AnyCommand>(command: CommandClass<C>) {
  return <M extends (command: C, context: DecisionContext) => AnyEvent | readonly AnyEvent[]>(
    target: object,
    method: string,
    _: TypedPropertyDescriptor<M>,
  ): void => recordUse(target, method, "handles", command);
}

/** Marks the method that folds an event into state. It runs on every load, so it must not fail. */
export function Applies<E extends AnyEvent>(event: EventClass<E>) {
  return <M extends (event: E) => void>(
    target: object,
    method: string,
    _: TypedPropertyDescriptor<M> &
      (ReturnType<M> extends PromiseLike<unknown>
        ? AggregateError<"an event is applied synchronously", never>
        : unknown),
  ): void => recordUse(target, method, "applies", event);
}
