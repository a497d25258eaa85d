/** Which records a filtered read shows, and how often it says how far it is. */

import type { ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import type { RecordFilter } from "../record-log.js";
import { fromDotNet } from "./dotnet-regex.js";
import { invalidArgument } from "./status.js";

export interface EventFilter {
  readonly passes: RecordFilter;
  /** A subscription sends a checkpoint after so many records, whether or not they passed. */
  readonly checkpointInterval: number;
}

/** Records considered at a time when the client does not say it. */
const defaultWindow = 32;

const ofPersistentSubscriptions = /^\$persistentsubscription-\$all::.*-(checkpoint|parked)$/s;

/** Nobody sees EventStoreDB's own bookkeeping in a filtered read or a subscription to everything. */
export const hiddenByDefault: RecordFilter = ({ streamName, type }) =>
  type !== "$epoch-information" && !(streamName.startsWith("$p") && ofPersistentSubscriptions.test(streamName));

/** @throws RpcError when something is missing or is no regular expression */
export function eventFilter(options: ReadReq.Options.FilterOptions): EventFilter {
  if (!options.hasMax() && !options.hasCount()) throw invalidArgument("A filter needs a window: max or count.");
  const window = options.hasMax() ? options.getMax() : defaultWindow;
  if (window === 0) throw invalidArgument("The window of a filter must be above 0.");
  const byStream = options.getStreamIdentifier();
  const expression = byStream ?? options.getEventType();
  if (!expression) throw invalidArgument("A filter needs an expression: stream_identifier or event_type.");
  const passes = matching(expression.getRegex(), expression.getPrefixList());
  return {
    passes: byStream
      ? (record) => passes(record.streamName) && hiddenByDefault(record)
      : (record) => passes(record.type) && hiddenByDefault(record),
    checkpointInterval: options.getCheckpointintervalmultiplier() * window,
  };
}

function matching(pattern: string, prefixes: readonly string[]): (text: string) => boolean {
  if (pattern !== "") {
    const regex = fromDotNet(pattern);
    return (text) => regex.test(text);
  }
  return (text) => prefixes.some((prefix) => text.startsWith(prefix));
}
