/** Stories of an aggregate: given its history, when a command comes, then these events are decided, or it is rejected. */

import assert from "node:assert/strict";
import { AggregateType } from "../../aggregate/aggregate-type.js";
import type { AppliedOf, CommandsOf, DecidedOf, DecisionContext } from "../../aggregate/index.js";
import { Upcasters, validateCommand, type AnyCommand, type AnyEvent } from "../../message/index.js";
import { asStored, declaredAs, failedWith, named, same, type ErrorClass } from "./outcome.js";
import { Recording } from "./recording.js";

export interface AggregateStory<A> {
  /** The events that its stream holds. */
  given(...history: AppliedOf<A>[]): Pick<AggregateStory<A>, "when">;
  /** A command to decide; it is validated first. `context` is what the decision may know besides. */
  when(command: CommandsOf<A>, context?: Partial<DecisionContext>): AggregateOutcome<A>;
}

export interface AggregateOutcome<A> {
  /** Exactly these events, in this order; none for a command that changes nothing. @throws AssertionError */
  thenEvents(...expected: DecidedOf<A>[]): void;
  /** An error of this class, whose message matches. @throws AssertionError */
  thenRejects(error: ErrorClass, message?: RegExp): void;
}

/** Begins a story: `aggregate(Order).given(placed).when(cancel).thenEvents(cancelled)`. */
export function aggregate<A extends object>(type: new () => A): AggregateStory<A> {
  const machinery = new AggregateType(declaredAs("aggregate", type), new Upcasters());
  const given = (...history: AppliedOf<A>[]): Pick<AggregateStory<A>, "when"> => ({
    when: (command, context = {}) => outcome(machinery, history as AnyEvent[], command as AnyCommand, context),
  });
  return { given, when: given().when };
}

function outcome(
  machinery: AggregateType,
  history: readonly AnyEvent[],
  command: AnyCommand,
  context: Partial<DecisionContext>,
): AggregateOutcome<unknown> {
  const { name } = machinery;
  const recording = new Recording();
  const decide = () => {
    assert.ok(machinery.commandTypes.includes(command.type), `${name} has no method that handles ${command.type}.`);
    validateCommand(command);
    const instance = machinery.create();
    const streamName = machinery.streamOf(command.aggregateId);
    for (const event of history) machinery.apply(instance, recording.record({ event, streamName }));
    const unstated = { commandId: "given-command", correlationId: "given", now: new Date(recording.nowMs) };
    return machinery.decide(instance, command, { ...unstated, ...context });
  };
  return {
    thenEvents: (...expected: AnyEvent[]) =>
      same(decide().map(asStored), expected.map(asStored), `${name} decided other events than expected.`),
    thenRejects: (error, message) => {
      let decided: readonly AnyEvent[];
      try {
        decided = decide();
      } catch (thrown) {
        if (thrown instanceof assert.AssertionError) throw thrown;
        return failedWith(thrown, error, message, `${name} on ${command.type}`);
      }
      assert.fail(`${name} accepted ${command.type}. Expected: ${error.name}. It decided: ${named(decided)}`);
    },
  };
}
