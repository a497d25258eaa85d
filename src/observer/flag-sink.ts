/** Where the flags of an observer go: into the log, or to whoever compares them with what is there. */

import type { EventStore } from "../store/event-store.js";
import type { ObserverDefinition } from "./definition.js";
import { recordFlags, type RecordableFlag } from "./flag-stream.js";

export interface FlagSink {
  /**
   * Takes flags of one case under one definition, which follow on each other. Once it resolves they are not given again,
   * unless the checkpoint behind them is lost.
   */
  record(definition: ObserverDefinition, flags: readonly RecordableFlag[]): Promise<void>;
}

/** Records flags in the log, each once. */
export const logSink = (store: EventStore): FlagSink => ({
  record: (definition, flags) => recordFlags(store, definition, flags),
});
