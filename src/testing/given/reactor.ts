/** Stories of a reactor: when an event comes, then these commands go out, or the reaction fails. */

import assert from "node:assert/strict";
import { CommandBus, type CommandResult, type DispatchOptions } from "../../aggregate/index.js";
import {
  currentContext,
  randomId,
  Upcasters,
  validateCommand,
  type AnyCommand,
  type AnyEvent,
} from "../../message/index.js";
import { buildModel, type AnyClass } from "../../model/index.js";
import { ReactionRunner } from "../../reactor/reaction-runner.js";
import { MemoryEventStore } from "../../store/index.js";
import { ManualClock } from "../manual-clock.js";
import { asStored, declaredAs, failedWith, named, same, type ErrorClass } from "./outcome.js";
import { Recording, type RecordedWith } from "./recording.js";

type ReactedBy<M> = M extends (event: infer E, ...rest: never[]) => unknown ? (E extends AnyEvent ? E : never) : never;
/** The events that a reactor reacts to, read from the types of its methods. */
export type ReactionsOf<R> = { [K in keyof R]: ReactedBy<R[K]> }[keyof R];

export interface ReactorStory<R> {
  /** An event to react to. Each `then…` delivers it once more, under the same idempotency key. */
  when(event: ReactionsOf<R>, recorded?: Omit<RecordedWith, "imported">): ReactorOutcome;
}

export interface ReactorOutcome {
  /** Exactly these commands, in this order. They are validated as the command bus would. */
  thenCommands(...expected: AnyCommand[]): Promise<void>;
  /** The first attempt fails with an error of this class, whose message matches. */
  thenFails(error: ErrorClass, message?: RegExp): Promise<void>;
}

/** Begins a story about an instance, with the gateways that the test gave it: `reactor(new RequestPayment(gateway))`. */
export function reactor<R extends object>(instance: R): ReactorStory<R> {
  const declared = declaredAs("reactor", instance.constructor as AnyClass);
  const { name } = declared.type;
  const when = (event: AnyEvent, recordedWith: RecordedWith = {}): ReactorOutcome => {
    const recorded = new Recording().record({ ...recordedWith, event });
    const react = async () => {
      const commands = new CommandRecorder();
      const clock = new ManualClock();
      const runner = new ReactionRunner(declared, instance, declared.role.name, new Upcasters(), commands, clock, 1);
      assert.ok(runner.eventTypes.includes(event.type), `${name} has no method that reacts to ${event.type}.`);
      const outcome = await runner.run(recorded, new AbortController().signal);
      return { sent: commands.sent, outcome };
    };
    return {
      thenCommands: async (...expected) => {
        const { sent, outcome } = await react();
        if (outcome.kind === "failed") throw outcome.error;
        same(sent.map(asStored), expected.map(asStored), `${name} sent other commands than expected.`);
      },
      thenFails: async (error, message) => {
        const { sent, outcome } = await react();
        if (outcome.kind === "failed") return failedWith(outcome.error, error, message, `${name} on ${event.type}`);
        assert.fail(`${name} reacted to ${event.type}. Expected: ${error.name}. It sent: ${named(sent)}`);
      },
    };
  };
  return { when: when as ReactorStory<R>["when"] };
}

/** A command bus whose commands go nowhere: who handles them is another story. */
class CommandRecorder extends CommandBus {
  readonly sent: AnyCommand[] = [];

  constructor() {
    const nothing = { aggregates: [], reactors: [], projections: [], observers: [], upcasters: [] };
    super(buildModel(nothing), new MemoryEventStore());
  }

  override async dispatch(command: AnyCommand, options: DispatchOptions = {}): Promise<CommandResult> {
    validateCommand(command);
    this.sent.push(command);
    const commandId = options.commandId ?? randomId();
    const correlationId = options.correlationId ?? currentContext().correlationId ?? commandId;
    const nothing = { revision: undefined, position: undefined, eventTypes: [], duplicate: false };
    return { ...nothing, commandId, correlationId, streamName: `given-${command.aggregateId}` };
  }
}
