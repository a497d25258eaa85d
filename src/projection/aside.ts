/** Builds a read model from history in a store of its own, beside everything that serves: nobody sees it. */

import type { EventFilter, EventStore } from "../store/event-store.js";
import type { Lease } from "../subscription/index.js";
import type { GenerationWriter, ReadModel, WriterContext } from "./read-model.js";
import type { Generation, ReadModelStore } from "./read-model-store.js";

export interface AsideOptions {
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

export class Aside {
  private constructor(
    readonly generation: Generation,
    private readonly writer: GenerationWriter,
    private readonly filter: EventFilter,
    private readonly options: AsideOptions,
  ) {}

  /** @param open how the read model is opened, where that is not as in a rebuild */
  static async begin(
    readModel: ReadModel,
    options: AsideOptions,
    open: (context: WriterContext) => Promise<GenerationWriter> = (context) => readModel.open(context),
  ): Promise<Aside> {
    const { store, scratch, signal = new AbortController().signal } = options;
    const lease: Lease = (await scratch.acquire("aside", "here", foreverMs))!;
    const generation = await scratch.createBuilding(readModel.declaration, lease);
    const context = { generation, lease, mode: "rebuild", readModels: scratch, store, signal, fail: () => {} } as const;
    const writer = await open(context);
    return new Aside(generation, writer, (await readModel.filterFor?.(store)) ?? readModel.filter, options);
  }

  /** Events handled so far. */
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

  /** Reads on, up to and including a position of the log. @throws the signal's reason when it aborts */
  async through(position: bigint): Promise<void> {
    const { writer, filter } = this;
    const { store, signal, onProgress } = this.options;
    for await (const page of store.readLog({ after: this.position, filter, signal, repeatedly: true })) {
      const due = page.at(-1)!.position <= position ? page : page.filter((event) => event.position <= position);
      if (due.length > 0) await writer.handle(due);
      onProgress?.(this.position ?? 0n, position);
      if (due.length < page.length) break;
    }
    signal?.throwIfAborted();
    await writer.flush();
  }
}
