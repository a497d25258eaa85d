/** The reads that we ask the server for, as its messages. */

import { ofUsers, type LogFilter } from "./log-filter.js";
import { shared, streams } from "./stubs.js";

const { Options } = streams.ReadReq;

/** Most that the server's counter holds without loss. */
const unlimited = 2 ** 53 - 1;

/**
 * Events that the server looks at before it says how far it is, whether they pass or not: so a read of few among
 * millions shows that it goes on, and begins again where it was.
 */
export const checkpointInterval = 512;

export interface StreamRead {
  readonly streamName: string;
  readonly direction: "forwards" | "backwards";
  /** The beginning (forwards) or the end (backwards) unless stated. */
  readonly from?: bigint | undefined;
  readonly limit?: number;
  /** Links are delivered with what they lead to. */
  readonly resolveLinks?: boolean;
}

export function streamRead({ streamName, direction, from, limit, resolveLinks = false }: StreamRead): streams.ReadReq {
  const stream = new Options.StreamOptions().setStreamIdentifier(identifierOf(streamName));
  if (from !== undefined) stream.setRevision(from.toString());
  else if (direction === "forwards") stream.setStart(new shared.Empty());
  else stream.setEnd(new shared.Empty());
  const options = finite(limit ?? unlimited)
    .setStream(stream)
    .setReadDirection(direction === "forwards" ? 0 : 1)
    .setResolveLinks(resolveLinks)
    .setNoFilter(new shared.Empty());
  return new streams.ReadReq().setOptions(options);
}

/** The last record of the log. */
export function lastOfLog(): streams.ReadReq {
  const all = new Options.AllOptions().setEnd(new shared.Empty());
  return new streams.ReadReq().setOptions(finite(1).setAll(all).setReadDirection(1).setNoFilter(new shared.Empty()));
}

/** The record at a position; the next one where there is none. */
export function recordAt(position: bigint): streams.ReadReq {
  return new streams.ReadReq().setOptions(finite(1).setAll(allFrom(position)).setNoFilter(new shared.Empty()));
}

/** The first events after a position that pass; the one at the position may be among them. */
export function logFrom(after: bigint | undefined, filter: LogFilter, limit: number): streams.ReadReq {
  return new streams.ReadReq().setOptions(filtered(finite(limit).setAll(allFrom(after)), filter));
}

/** The log after a position, and on as it grows. */
export function subscription(after: bigint | undefined, filter: LogFilter | undefined): streams.ReadReq {
  const options = begun().setAll(allFrom(after)).setSubscription(new Options.SubscriptionOptions());
  return new streams.ReadReq().setOptions(filtered(options, filter));
}

export const identifierOf = (streamName: string): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(new TextEncoder().encode(streamName));

const begun = () =>
  new Options().setUuidOption(new Options.UUIDOption().setString(new shared.Empty())).setReadDirection(0);

const finite = (limit: number) => begun().setCount(Math.min(limit, unlimited).toString());

function allFrom(after: bigint | undefined): streams.ReadReq.Options.AllOptions {
  const all = new Options.AllOptions();
  if (after === undefined) return all.setStart(new shared.Empty());
  const position = after.toString();
  return all.setPosition(new Options.Position().setCommitPosition(position).setPreparePosition(position));
}

function filtered(options: streams.ReadReq.Options, filter: LogFilter | undefined): streams.ReadReq.Options {
  if (!filter) return options.setNoFilter(new shared.Empty());
  const asked = new Options.FilterOptions().setMax(checkpointInterval).setCheckpointintervalmultiplier(1);
  const names = new Options.FilterOptions.Expression();
  if (filter === ofUsers) return options.setFilter(asked.setEventType(names.setRegex("^[^$]")));
  const byType = "eventTypes" in filter;
  names.setPrefixList([...(byType ? filter.eventTypes : filter.streamPrefixes)]);
  return options.setFilter(byType ? asked.setEventType(names) : asked.setStreamIdentifier(names));
}
