/** One reaction: the method is called, its commands are sent, failures are retried. */

import type { CommandBus } from "../aggregate/index.js";
import type { Clock } from "../clock.js";
import {
  AccessDenied,
  CommandIdReused,
  CommandRejected,
  EventTooNew,
  IncompatibleStore,
  InvalidCommand,
  StoreUnavailable,
  UnknownCommand,
  UntrustedConnection,
} from "../errors.js";
import {
  derivedId,
  runInContext,
  type AnyCommand,
  type EventClass,
  type RecordedEvent,
  type Upcasters,
} from "../message/index.js";
import { methodsByType, type DeclaredClass, type MethodUse } from "../model/index.js";
import type { DeliveryOutcome } from "../subscription/index.js";
import type { Reaction } from "./decorators.js";

type ReactMethod = (event: object, recorded: RecordedEvent, reaction: Reaction) => unknown;

/** Errors that say the same however often one tries. */
const permanent = [CommandRejected, InvalidCommand, UnknownCommand, CommandIdReused];

/** No fault of the event, and nothing that time mends: the reactor stops, in sight, and parks nothing. */
const stopping = [EventTooNew, AccessDenied, UntrustedConnection, IncompatibleStore];

export class ReactionRunner {
  private readonly uses: ReadonlyMap<string, MethodUse>;

  constructor(
    declared: DeclaredClass,
    private readonly instance: object,
    private readonly name: string,
    private readonly upcasters: Upcasters,
    private readonly commands: CommandBus,
    private readonly clock: Clock,
    private readonly maxAttempts: number,
  ) {
    this.uses = methodsByType(declared.type, "reactsTo");
  }

  get eventTypes(): readonly string[] {
    return [...this.uses.keys()];
  }

  /** @throws EventTooNew, AccessDenied, UntrustedConnection, IncompatibleStore, which are no fault of the event */
  async run(recorded: RecordedEvent, signal: AbortSignal, maxAttempts = this.maxAttempts): Promise<DeliveryOutcome> {
    for (let attempts = 1; ;) {
      if (signal.aborted) return { kind: "interrupted" };
      try {
        const finished = await this.attempt(recorded, signal);
        return { kind: finished ? "done" : "interrupted" };
      } catch (error) {
        if (signal.aborted) return { kind: "interrupted" };
        if (stopping.some((type) => error instanceof type)) throw error;
        const hopeless = permanent.some((type) => error instanceof type);
        if (hopeless || attempts >= maxAttempts) return { kind: "failed", attempts, error };
        await this.clock.sleep(backoffMs(attempts), signal);
        // A store that is away says nothing about the event: that does not count.
        if (!(error instanceof StoreUnavailable)) attempts++;
      }
    }
  }

  private async attempt(recorded: RecordedEvent, signal: AbortSignal): Promise<boolean> {
    const { method, message } = this.uses.get(recorded.type)!;
    const event = this.upcasters.decode(recorded, message as EventClass);
    const idempotencyKey = derivedId("reaction", this.name, recorded.id);
    const { correlationId, traceparent } = recorded;
    return runInContext({ correlationId, causationId: recorded.id, traceparent }, async () => {
      const react = (this.instance as Record<string, ReactMethod>)[method]!;
      const answer = await react.call(this.instance, event, recorded, { idempotencyKey, signal });
      const commands = answer === undefined ? [] : ([answer].flat() as AnyCommand[]);
      for (const [index, command] of commands.entries()) {
        if (signal.aborted) return false;
        await this.commands.dispatch(command, { commandId: derivedId("command", idempotencyKey, index) });
      }
      return true;
    });
  }
}

/** Doubles from 100 ms to 5 s, with jitter. */
const backoffMs = (attempts: number) => Math.min(5_000, 100 * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
