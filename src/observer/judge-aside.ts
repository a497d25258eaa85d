/** Judges history in a read-model store of its own, beside everything that serves: nothing is recorded, nobody sees it. */

import type { EventFilter, EventStore } from "../store/event-store.js";
import type { Generation, GenerationWriter, ReadModelStore } from "../projection/index.js";
import type { Lease } from "../subscription/index.js";
import type { FlagSink } from "./flag-sink.js";
import type { ObserverReadModel } from "./observer-read-model.js";

export interface JudgingOptions {
  readonly store: EventStore;
  /** Empty; its rows are of no use afterwards. */
  readonly scratch: ReadModelStore;
  /** Where the generation is that serves. */
  readonly readModels: ReadModelStore;
  readonly signal?: AbortSignal | undefined;
  /** Called with the position that was reached, and the one that is to be. */
  readonly onProgress?: ((position: bigint, through: bigint) => void) | undefined;
}

const foreverMs = 1e12;

export class Judging {
  private constructor(
    readonly generation: Generation,
    private readonly writer: GenerationWriter,
    private readonly filter: EventFilter,
    private readonly options: JudgingOptions,
  ) {}

  static async begin(readModel: ObserverReadModel, sink: FlagSink, options: JudgingOptions): Promise<Judging> {
    const { store, scratch, readModels: servedBy, signal = new AbortController().signal } = options;
    const lease: Lease = (await scratch.acquire("judging", "here", foreverMs))!;
    const generation = await scratch.createBuilding(readModel.declaration, lease);
    const context = { generation, lease, mode: "rebuild", readModels: scratch, store, signal, fail: () => {} } as const;
    const writer = await readModel.openInto(context, { sink, servedBy });
    return new Judging(generation, writer, await readModel.filterFor(store), options);
  }

  /** Events judged so far. */
  get events(): number {
    return this.writer.checkpoint.handled;
  }

  /** Where it stands. */
  get position(): bigint | undefined {
    return this.writer.checkpoint.position;
  }

  /** What it keeps besides its rows. */
  get state(): unknown {
    return this.writer.checkpoint.state;
  }

  /** Judges on, up to and including a position of the log. @throws the signal's reason when it aborts */
  async through(position: bigint): Promise<void> {
    const { writer, filter } = this;
    const { store, signal, onProgress } = this.options;
    for await (const page of store.readLog({ after: this.position, filter, signal })) {
      const due = page.at(-1)!.position <= position ? page : page.filter((event) => event.position <= position);
      if (due.length > 0) await writer.handle(due);
      onProgress?.(this.position ?? 0n, position);
      if (due.length < page.length) break;
    }
    signal?.throwIfAborted();
    await writer.flush();
  }
}
