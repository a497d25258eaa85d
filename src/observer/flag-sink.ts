/** Where the flags of an observer go: into the log, or to whoever compares them with what is there. */

import { Divergence } from "../errors.js";
import type { EventStore } from "../store/event-store.js";
import { divergenceType, raiseAlarm } from "./alarms.js";
import type { ObserverDefinition } from "./definition.js";
import { recordFlags, type RecordableFlag } from "./flag-stream.js";

export interface FlagSink {
  /**
   * Takes flags of one case under one definition, which follow on each other. Once it resolves they are not given again,
   * unless the checkpoint behind them is lost.
   */
  record(definition: ObserverDefinition, flags: readonly RecordableFlag[]): Promise<void>;
  /** History has been read to its end, and what was made of it is to serve. It throws when it must not. */
  finish?(): Promise<void>;
}

/** Records flags in the log, each once; what stands in their place is an alarm. */
export const logSink = (store: EventStore): FlagSink => ({
  record: async (definition, flags) => {
    try {
      await recordFlags(store, definition, flags);
    } catch (error) {
      if (error instanceof Divergence)
        await raiseAlarm(store, definition, {
          type: divergenceType,
          flag: flags.find(({ sequence }) => BigInt(sequence) === error.sequence) ?? flags[0]!,
          flagId: error.expectedId,
          streamName: error.streamName,
          error,
        });
      throw error;
    }
  },
});
