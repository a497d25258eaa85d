/** Keeps the active generation of a read model live: a subscriber around its writer. */

import { ReadModelOutdated } from "../errors.js";
import type { EventFilter, EventStore, Page } from "../store/event-store.js";
import type { Checkpoint, Lease, Subscriber, SubscriberControl } from "../subscription/index.js";
import { isDeclaredBy } from "./generation-rules.js";
import type { GenerationWriter, ReadModel } from "./read-model.js";
import type { Generation, ReadModelStore } from "./read-model-store.js";

/** Name of the lease that whoever keeps the generation live that serves in a place holds. */
export const liveLease = (place: string): string => `read-model:${place}`;

export class LiveReadModel implements Subscriber {
  readonly name: string;
  filter: EventFilter;
  private writer: GenerationWriter | undefined;
  private lastPosition: bigint | undefined;
  /** To be called once everything recorded so far is in. */
  private complete: (() => Promise<void>) | undefined;

  constructor(
    readonly readModel: ReadModel,
    private readonly store: EventStore,
    private readonly readModels: ReadModelStore,
  ) {
    this.name = liveLease(readModel.declaration.place);
    this.filter = readModel.filter;
  }

  get position(): bigint | undefined {
    return this.lastPosition;
  }

  /** @throws ReadModelOutdated when what is active was declared otherwise: its rows are not for this code to change */
  async open(lease: Lease, control: SubscriberControl): Promise<Checkpoint | undefined> {
    const { store, readModels, readModel } = this;
    const generation = await this.generation(lease);
    this.complete = async () => {
      if (!control.signal.aborted) await readModels.complete(generation, lease);
    };
    this.writer = await readModel.open({ generation, lease, mode: "live", readModels, store, ...control });
    this.filter = (await readModel.filterFor?.(store)) ?? readModel.filter;
    const { checkpoint } = this.writer;
    this.lastPosition = checkpoint.position;
    return generation.checkpoint ?? (checkpoint.position === undefined ? undefined : checkpoint);
  }

  private async generation(lease: Lease): Promise<Generation> {
    const { declaration } = this.readModel;
    const found = await this.readModels.openActive(declaration, lease);
    const isDeclared = isDeclaredBy(found, declaration);
    if (isDeclared && declaration.indexes.every((field) => found.indexes.includes(field))) return found;
    if (!isDeclared && !(await this.readModel.adopts?.(found, this.store)))
      throw new ReadModelOutdated(declaration.name, declaration, found, this.readModel.differsBy?.(found));
    return this.readModels.redeclare(found, lease, declaration);
  }

  async handle(events: Page): Promise<void> {
    await this.writer!.handle(events);
    this.lastPosition = this.writer!.checkpoint.position;
  }

  async flush(): Promise<void> {
    await this.writer?.flush();
  }

  async caughtUp(): Promise<void> {
    await this.complete?.();
    this.complete = undefined;
    await this.writer?.caughtUp?.();
  }

  async close(): Promise<void> {
    this.writer = undefined;
    this.complete = undefined;
  }
}
