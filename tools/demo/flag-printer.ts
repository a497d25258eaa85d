/** Prints flags as they are recorded, by whichever process. */

import { styleText } from "node:util";
import {
  flagCategoryOf,
  flagTypePrefix,
  meaningInWords,
  type EventStore,
  type FlagData,
  type FlagKind,
} from "../../src/index.js";
import { Outage } from "./outage.js";

export interface PrintedFlag extends FlagData {
  readonly flag: FlagKind;
  readonly recordedAt: string;
  readonly correlationId?: string | undefined;
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
      for (const { type, data, recordedAt, position, correlationId } of message.events) {
        onFlag({
          ...(data as FlagData),
          flag: type.slice(flagTypePrefix.length) as FlagKind,
          recordedAt: recordedAt.toISOString(),
          correlationId,
        });
        after = position;
      }
    }
  });
}

const colours: Readonly<Record<FlagKind, "red" | "yellow" | "magenta" | "gray">> = {
  Missing: "red",
  Escalated: "red",
  LateArrival: "yellow",
  Duplicate: "magenta",
  Withdrawn: "gray",
  DuplicateTrigger: "magenta",
  OutOfOrder: "yellow",
  Orphan: "red",
  OrphanResolved: "yellow",
  Mismatch: "red",
  DoneAfterCancel: "red",
  AfterClose: "magenta",
  Uncorrelated: "red",
  ClockAnomaly: "red",
};

/** One line for a person; coloured on a terminal. */
export function flagInWords(flag: PrintedFlag, url: string | undefined): string {
  const { flag: kind, observer, slot, deadline, recordedAt, case: key } = flag;
  const name = kind.padEnd(11);
  const coloured = process.stdout.isTTY ? styleText(colours[kind], name) : name;
  const day = deadline && deadline.slice(0, 10) !== recordedAt.slice(0, 10) ? `${deadline.slice(0, 10)} ` : "";
  const due = deadline ? ` (due ${day}${deadline.slice(11, 23)})` : "";
  const place = key !== undefined && url ? `${url}/${pageOf(observer, key, flag.correlationId)}` : (key ?? "");
  return `${recordedAt.slice(11, 23)}  ${coloured}  ${observer}${slot ? `/${slot}` : ""}: ${meaningInWords(kind, flag)}${due}  ${place}`.trimEnd();
}

/** The timeline over all domains, where the observer joins events by their correlation id. */
const pageOf = (observer: string, key: string, correlationId: string | undefined): string =>
  correlationId === undefined
    ? `observers/${observer}/cases/${encodeURIComponent(key)}`
    : `correlations/${encodeURIComponent(correlationId)}`;
