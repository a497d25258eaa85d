/** Loads an aggregate for a command: from a snapshot and what came after it, or else from all of its events. */

import { derivedId, type RecordedEvent } from "../message/index.js";
import type { EventStore, Page } from "../store/event-store.js";
import type { AggregateType } from "./aggregate-type.js";
import { EventMarks } from "./event-marks.js";
import { isSame, witnessOf, type Snapshot } from "./snapshot.js";
import type { Snapshots } from "./snapshots.js";
import { restoreState } from "./state-text.js";

export interface Loaded {
  readonly instance: object;
  readonly revision: bigint | undefined;
  readonly correlationId: string | undefined;
  /** Events of the same command id. */
  readonly earlier: readonly RecordedEvent[];
  /** A snapshot of what was loaded, where one is due. It is to be kept when the command has been dealt with. */
  readonly due: Snapshot | undefined;
}

/** The first half of an event's id: which event of which command it is. */
export const eventPlace = (commandId: string, streamName: string, index: number): string =>
  derivedId("event", commandId, streamName, index).slice(0, 18);

export class AggregateLoader {
  constructor(
    private readonly store: EventStore,
    private readonly snapshots: Snapshots | undefined,
  ) {}

  /** @throws ApplyFailed, EventNotApplied, EventTooNew, UndecodableEvent */
  async load(type: AggregateType, streamName: string, commandId: string): Promise<Loaded> {
    const snapshot = await this.snapshots?.find(type, streamName);
    const resumed = snapshot && (await this.resume(type, streamName, commandId, snapshot));
    if (resumed instanceof Fold) return this.loaded(type, resumed, type.snapshot!.every);
    const fold = new Fold(type, streamName, commandId, undefined);
    for await (const page of this.store.readStream(streamName)) for (const recorded of page) fold.take(recorded);
    // One that is of another history would be looked at in vain with each command until another one takes its place.
    return this.loaded(type, fold, resumed === "of another history" ? 1 : type.snapshot?.every);
  }

  /** Goes on from the snapshot, if the events that it stands for are those of the stream, and none is of this command. */
  private async resume(type: AggregateType, streamName: string, commandId: string, snapshot: Snapshot) {
    // The command is answered from its events, so these are needed.
    if (snapshot.marks.mayHold(eventPlace(commandId, streamName, 0))) return "of this command, perhaps";
    const [first] = await firstPage(this.store.readStream(streamName, { limit: 1 }));
    if (!first || !isSame(snapshot.first, first)) return "of another history";
    const fold = new Fold(type, streamName, commandId, { snapshot, first });
    let isKnown = false;
    for await (const page of this.store.readStream(streamName, { from: BigInt(snapshot.last.revision) }))
      for (const recorded of page) {
        if (isKnown) fold.take(recorded);
        else if (isSame(snapshot.last, recorded)) isKnown = true;
        else return "of another history";
      }
    return isKnown ? fold : "of another history";
  }

  private loaded(type: AggregateType, fold: Fold, every: number | undefined): Loaded {
    const { instance, revision, correlationId, earlier } = fold;
    const isDue = every !== undefined && fold.taken.length >= every;
    // Before the command is decided: what a decision does to the instance is no part of its state.
    const state = isDue ? this.snapshots?.stateOf(type, fold.streamName, instance) : undefined;
    return {
      instance,
      revision,
      correlationId,
      earlier,
      due: state === undefined ? undefined : fold.snapshotOf(state),
    };
  }
}

/** State and what else a command needs to know, event by event. */
class Fold {
  readonly instance: object;
  readonly earlier: RecordedEvent[] = [];
  /** Ids of what was folded here. */
  readonly taken: string[] = [];
  private first: RecordedEvent | undefined;
  private last: RecordedEvent | undefined;
  private wanted: string;

  constructor(
    private readonly type: AggregateType,
    readonly streamName: string,
    private readonly commandId: string,
    private readonly begun: { readonly snapshot: Snapshot; readonly first: RecordedEvent } | undefined,
  ) {
    this.instance = type.create();
    this.first = begun?.first;
    this.wanted = eventPlace(commandId, streamName, 0);
    if (begun) restoreState(this.instance, begun.snapshot.state);
  }

  get revision(): bigint | undefined {
    const { last, begun } = this;
    return last ? last.revision : begun && BigInt(begun.snapshot.last.revision);
  }

  get correlationId(): string | undefined {
    return this.first?.correlationId;
  }

  take(recorded: RecordedEvent): void {
    this.type.apply(this.instance, recorded);
    this.first ??= recorded;
    this.last = recorded;
    if (this.type.snapshot) this.taken.push(recorded.id);
    if (!recorded.id.startsWith(this.wanted)) return;
    this.earlier.push(recorded);
    this.wanted = eventPlace(this.commandId, this.streamName, this.earlier.length);
  }

  /** To be asked when something was folded. */
  snapshotOf(state: string): Snapshot {
    const marks = this.begun?.snapshot.marks ?? EventMarks.none();
    return { first: witnessOf(this.first!), last: witnessOf(this.last!), marks: marks.with(this.taken), state };
  }
}

async function firstPage(pages: AsyncIterable<Page>): Promise<Page> {
  for await (const page of pages) return page;
  return [];
}
