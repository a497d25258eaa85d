/** Prints flags as they are recorded, by whichever process. */

import { styleText } from "node:util";
import { flagCategoryOf, flagTypePrefix, type EventStore, type FlagData, type FlagKind } from "../../src/index.js";
import { Outage } from "./outage.js";

export interface PrintedFlag extends FlagData {
  readonly flag: FlagKind;
  readonly recordedAt: string;
}

/**
 * Follows the flag streams after a position of the log, from its beginning without one, until `signal` aborts. When the
 * store does not answer it goes on after the last flag, once the store does.
 * @throws what the store throws, but for `StoreUnavailable`
 */
export async function followFlags(
  store: EventStore,
  after: bigint | undefined,
  signal: AbortSignal,
  onFlag: (flag: PrintedFlag) => void,
  outage = new Outage({ signal }),
): Promise<void> {
  const filter = { streamPrefixes: [`${flagCategoryOf(store)}-`] };
  await outage.bear(async () => {
    for await (const message of store.subscribe({ after, filter, signal })) {
      outage.over();
      if (message.kind !== "events") continue;
      for (const { type, data, recordedAt, position } of message.events) {
        onFlag({
          ...(data as FlagData),
          flag: type.slice(flagTypePrefix.length) as FlagKind,
          recordedAt: recordedAt.toISOString(),
        });
        after = position;
      }
    }
  });
}

const meaning: Record<FlagKind, { readonly colour: "red" | "yellow" | "magenta" | "gray"; readonly words: string }> = {
  Missing: { colour: "red", words: "the counterpart did not come" },
  Escalated: { colour: "red", words: "it is still amiss" },
  LateArrival: { colour: "yellow", words: "the counterpart came late" },
  Duplicate: { colour: "magenta", words: "the counterpart came again" },
  Withdrawn: { colour: "gray", words: "was missing, and is no longer expected" },
  DuplicateTrigger: { colour: "magenta", words: "the trigger came again" },
  OutOfOrder: { colour: "yellow", words: "the counterpart came before its trigger" },
  Orphan: { colour: "red", words: "the trigger of a counterpart did not come" },
  OrphanResolved: { colour: "yellow", words: "the trigger came after all" },
  Mismatch: { colour: "red", words: "trigger and counterpart do not agree" },
  DoneAfterCancel: { colour: "red", words: "it was done although it had been cancelled" },
  AfterClose: { colour: "magenta", words: "it came when all was over" },
  Uncorrelated: { colour: "red", words: "an event belongs to no case" },
  ClockAnomaly: { colour: "red", words: "clocks disagree" },
};

/** One line for a person; coloured on a terminal. */
export function flagInWords(flag: PrintedFlag, url: string | undefined): string {
  const { flag: kind, observer, slot, deadline, recordedAt, case: key } = flag;
  const name = kind.padEnd(11);
  const { colour, words } = meaning[kind];
  const coloured = process.stdout.isTTY ? styleText(colour, name) : name;
  const day = deadline && deadline.slice(0, 10) !== recordedAt.slice(0, 10) ? `${deadline.slice(0, 10)} ` : "";
  const due = deadline ? ` (due ${day}${deadline.slice(11, 23)})` : "";
  const place = key !== undefined && url ? `${url}/correlations/${encodeURIComponent(key)}` : (key ?? "");
  return `${recordedAt.slice(11, 23)}  ${coloured}  ${observer}${slot ? `/${slot}` : ""}: ${words}${due}  ${place}`.trimEnd();
}
