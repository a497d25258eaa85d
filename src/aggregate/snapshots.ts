/** The snapshots of a command bus: finds and keeps them; what fails is told, and never reaches a command. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.js";
import { SnapshotFailed, SnapshotRefused } from "../errors.js";
import type { EventStore } from "../store/event-store.js";
import type { AggregateType } from "./aggregate-type.js";
import { readSnapshot, snapshotText, type Snapshot, type SnapshotIdentity } from "./snapshot.js";
import type { SnapshotStore } from "./snapshot-store.js";
import { stateText } from "./state-text.js";

/** How long a store that failed is left alone, so that it neither holds commands up nor is told of with each of them. */
const restMs = 60_000;

export interface SnapshotsOptions {
  readonly clock: Clock;
  /** Told what failed; a warning of the process unless stated. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export class Snapshots {
  private readonly saving = new Set<Promise<void>>();
  /** Aggregates whose refusal was told: they are refused again with every command. */
  private readonly refused = new Set<string>();
  private restsUntilMs = -Infinity;
  private storeId: string | undefined;

  constructor(
    private readonly store: SnapshotStore,
    private readonly log: Pick<EventStore, "storeId">,
    private readonly options: SnapshotsOptions,
  ) {}

  /** The snapshot of a stream, if there is one that this code has taken. Whether the stream has its events, it cannot say. */
  async find({ name, snapshot }: AggregateType, streamName: string): Promise<Snapshot | undefined> {
    if (!snapshot || this.rests) return undefined;
    try {
      const identity = await this.identityOf(streamName, snapshot.definition);
      const text = await this.store.load(identity.storeId, streamName);
      const found = text === undefined ? "other" : readSnapshot(identity, text);
      if (typeof found !== "string") return found;
      if (found === "damaged")
        this.tell(
          new SnapshotFailed(
            `${streamName}: the snapshot of ${name} is not what was kept; every event is read, and another one taken. If it happens again, check the disk.`,
          ),
        );
    } catch (error) {
      this.rest("read", streamName, error);
    }
    return undefined;
  }

  /** The state of an instance as text; `undefined`, and told, when it would not survive. */
  stateOf({ name }: AggregateType, streamName: string, instance: object): string | undefined {
    if (this.rests) return undefined;
    try {
      const state = stateText(instance);
      if (typeof state === "string") return state;
      if (!this.refused.has(name)) this.tell(new SnapshotRefused(name, streamName, state.place, state.found));
      this.refused.add(name);
    } catch (error) {
      this.rest("taken", streamName, error);
    }
    return undefined;
  }

  /** Keeps it soon: nobody waits. */
  keep({ snapshot }: AggregateType, streamName: string, content: Snapshot): void {
    const work = async () => {
      // Whoever sent the command has the answer first.
      await nextTurn();
      const identity = await this.identityOf(streamName, snapshot!.definition);
      await this.store.save(identity.storeId, streamName, snapshotText(identity, content));
    };
    const saving = work()
      .catch((error: unknown) => this.rest("written", streamName, error))
      .finally(() => this.saving.delete(saving));
    this.saving.add(saving);
  }

  /** Resolves when everything is kept that was to be. */
  async settled(): Promise<void> {
    while (this.saving.size > 0) await Promise.all(this.saving);
  }

  private async identityOf(streamName: string, definition: string): Promise<SnapshotIdentity> {
    this.storeId ??= await this.log.storeId();
    return { storeId: this.storeId, streamName, definition };
  }

  private get rests(): boolean {
    return this.options.clock.now() < this.restsUntilMs;
  }

  private rest(what: string, streamName: string, cause: unknown): void {
    this.restsUntilMs = this.options.clock.now() + restMs;
    this.tell(
      new SnapshotFailed(
        `${streamName}: its snapshot could not be ${what}: ${cause instanceof Error ? cause.message : String(cause)}. Commands go on and read every event; snapshots are tried again in ${restMs / 1_000} s. Mend the cause; what is kept of snapshots may be deleted at any time.`,
        { cause },
      ),
    );
  }

  private tell(error: Error): void {
    const { onError = warn } = this.options;
    try {
      onError(error);
    } catch (thrown) {
      warn(thrown);
    }
  }
}

/** What is told where nobody listens. */
export const warn = (error: unknown): void =>
  process.emitWarning(String(error).replaceAll(/\s+/g, " "), "RollcallWarning");
