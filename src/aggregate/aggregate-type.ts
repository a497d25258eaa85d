/** An aggregate class at work: makes instances, applies events, decides commands. */

import { ApplyFailed, EventNotApplied, InvalidModel } from "../errors.js";
import type { AnyCommand, AnyEvent, EventClass, RecordedEvent, Upcasters } from "../message/index.js";
import { methodsByType, type DeclaredClass, type MethodUse } from "../model/index.js";
import type { DecisionContext } from "./decorators.js";
import { snapshotDeclaration, type SnapshotDeclaration } from "./snapshot-declaration.js";

type Methods = Record<string, (...args: unknown[]) => unknown>;

export class AggregateType {
  readonly name: string;
  readonly category: string;
  /** `undefined` for an aggregate without snapshots. */
  readonly snapshot: SnapshotDeclaration | undefined;
  private readonly applies: ReadonlyMap<string, MethodUse>;
  private readonly handles: ReadonlyMap<string, MethodUse>;

  constructor(
    private readonly declared: DeclaredClass,
    private readonly upcasters: Upcasters,
  ) {
    this.name = declared.type.name;
    this.category = declared.role.name;
    this.applies = methodsByType(declared.type, "applies");
    this.handles = methodsByType(declared.type, "handles");
    this.snapshot = snapshotDeclaration(declared, upcasters);
  }

  /** Types of the commands that it handles. */
  get commandTypes(): readonly string[] {
    return [...this.handles.keys()];
  }

  streamOf(aggregateId: string): string {
    return `${this.category}-${aggregateId}`;
  }

  /** An instance in its initial state. */
  create(): object {
    return new (this.declared.type as unknown as new () => object)();
  }

  /** Folds a recorded event into the state. @throws EventNotApplied, EventTooNew, UndecodableEvent, ApplyFailed */
  apply(instance: object, recorded: RecordedEvent): void {
    const use = this.applies.get(recorded.type);
    if (!use) throw new EventNotApplied(this.name, recorded.streamName, recorded.type, recorded.revision);
    const event = this.upcasters.decode(recorded, use.message as EventClass);
    this.fold(instance, use, event, recorded.streamName, recorded.revision);
  }

  /** Folds an event that was just decided: what cannot be applied must not be recorded. @throws ApplyFailed */
  applyDecided(instance: object, event: AnyEvent, streamName: string): void {
    this.fold(instance, this.applies.get(event.type)!, event, streamName, undefined);
  }

  /** The events that the command leads to. @throws InvalidModel when one of them is never applied; whatever the handler throws */
  decide(instance: object, command: AnyCommand, context: DecisionContext): readonly AnyEvent[] {
    const use = this.handles.get(command.type)!;
    const decided = [(instance as Methods)[use.method]!(command, context)].flat() as AnyEvent[];
    for (const event of decided)
      if (!this.applies.has(event?.type))
        throw new InvalidModel([
          `${this.name}.${use.method} decided ${event?.type ?? typeof event}, which ${this.name} does not apply. Add an @Applies method for it.`,
        ]);
    return decided;
  }

  private fold(instance: object, use: MethodUse, event: AnyEvent, streamName: string, revision: bigint | undefined) {
    try {
      (instance as Methods)[use.method]!(event);
    } catch (error) {
      throw new ApplyFailed(this.name, streamName, event.type, revision, error);
    }
  }
}
