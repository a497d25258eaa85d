/** A read model that can be kept live and rebuilt: what projections and observers have in common. */

import type { EventFilter, EventStore, Page } from "../store/event-store.js";
import type { Checkpoint, Lease } from "../subscription/index.js";
import type { Generation, ReadModelDeclaration, ReadModelStore } from "./read-model-store.js";

/** `live`: follows the log. `rebuild`: reads history into a generation that nobody sees yet. */
export type WriterMode = "live" | "rebuild";

export interface WriterContext {
  readonly generation: Generation;
  readonly lease: Lease;
  readonly mode: WriterMode;
  readonly readModels: ReadModelStore;
  readonly store: EventStore;
  /** Aborts when the writer is to stop. */
  readonly signal: AbortSignal;
  /** Stops whoever feeds the writer, in sight: for what goes wrong between two pages. */
  readonly fail: (error: unknown) => void;
}

/** Rows of a generation that is written. */
export interface RowsUnderWay {
  /** Since the writer was opened; a row that was written twice counts twice. */
  readonly written: number;
  /** What the next commit writes. */
  readonly waiting: number;
}

/** Writes one generation. It is used by one caller at a time. */
export interface GenerationWriter {
  /** Folds a page, which must follow on the one before. What is not committed yet is committed by `flush`. */
  handle(events: Page): Promise<void>;
  /** Commits rows and checkpoint. */
  flush(): Promise<void>;
  /** Where it stands, committed or not. */
  readonly checkpoint: Checkpoint;
  readonly rowsUnderWay?: RowsUnderWay;
  /** Live only: everything recorded so far was handled and committed. */
  caughtUp?(): Promise<void>;
  /** Rebuild only: it is about to take the place of what serves. It throws when it must not. */
  beforeActivation?(): Promise<void>;
}

export interface ReadModel {
  readonly declaration: ReadModelDeclaration;
  /** Nothing but rows comes of it: a rebuild of it may be resumed, and what served before may serve again. */
  readonly hasRowsOnly?: boolean;
  readonly filter: EventFilter;
  /** What is to be read of this log, where that is more than `filter` says. */
  filterFor?(store: EventStore): Promise<EventFilter>;
  /** Whether it goes on with a generation that was declared otherwise; such a one is outdated unless it says so. */
  adopts?(generation: Generation, store: EventStore): Promise<boolean>;
  /** In which way it was declared otherwise, as a clause; `undefined` where that cannot be told. */
  differsBy?(generation: Generation): string | undefined;
  open(context: WriterContext): Promise<GenerationWriter>;
}
