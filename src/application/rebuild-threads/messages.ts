/** What the main thread and the threads of a rebuild tell each other. */

import type { Generation, ProjectionLimits } from "../../projection/index.js";
import type { Part } from "../../store/key-part.js";
import type { Checkpoint, Lease } from "../../subscription/index.js";
import type { PortableConfiguration } from "./portable-configuration.js";
import type { PortableError } from "./portable-error.js";

/** What a thread is started with. */
export interface Assignment {
  /** URL of the module whose default export is the application. */
  readonly application: string;
  readonly configuration: PortableConfiguration;
  readonly generation: Generation;
  readonly lease: Lease;
  readonly part: Part;
  /** Up to where the log is read, that included. */
  readonly through: bigint;
  /** Of the one thread. */
  readonly limits: ProjectionLimits;
}

/** Rows to be written, encoded: a key and a text each, or no text for a row that is removed. */
export interface RowBatch {
  readonly keys: readonly string[];
  readonly docs: readonly (string | undefined)[];
}

export type FromThread =
  | ({ readonly kind: "rows" } & RowBatch)
  | { readonly kind: "progress"; readonly events: number; readonly position: bigint }
  | { readonly kind: "finished"; readonly checkpoint: Checkpoint }
  | { readonly kind: "failed"; readonly error: PortableError; readonly position: bigint | undefined };

export type ToThread =
  /** The batch of rows that was sent last is committed. */
  | { readonly kind: "written" }
  /** Nothing after this position matters any more. */
  | { readonly kind: "through"; readonly position: bigint };
