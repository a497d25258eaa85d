/** Streams.Read: what a request asks for, and who answers it. */

import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { ReadReq, ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import { status, type ServerWritableStream } from "@grpc/grpc-js";
import type { LiveFeed } from "../live-feed.js";
import type { Direction, RecordLog } from "../record-log.js";
import { subscribeToAll } from "./all-subscription.js";
import { eventFilter } from "./filter.js";
import { readAll, readStream } from "./finite-read.js";
import { streamNameOf, type UuidForm } from "./identifiers.js";
import { Outlet } from "./outlet.js";
import { streaming } from "./service.js";
import { invalidArgument, RpcError } from "./status.js";
import { subscribeToStream } from "./stream-subscription.js";
import { presentation } from "./wire.js";

type Options = ReadReq.Options;

export const readHandler = (log: RecordLog, feed: LiveFeed) =>
  streaming((call: ServerWritableStream<ReadReq, ReadResp>) => read(log, feed, call));

async function read(log: RecordLog, feed: LiveFeed, call: ServerWritableStream<ReadReq, ReadResp>): Promise<void> {
  const options = call.request.getOptions();
  if (!options) throw invalidArgument("The options of the read are required.");
  const direction = directionOf(options);
  const present = presentation(log, { resolveLinks: options.getResolveLinks(), uuids: uuidFormOf(options) });
  const subscription = options.hasSubscription();
  if (!subscription && !options.hasCount()) throw invalidArgument("A read needs a count, or to be a subscription.");
  if (!options.hasFilter() && !options.hasNoFilter()) throw invalidArgument("A read needs a filter or no_filter.");
  if (subscription && direction === "backwards") throw invalidArgument("A subscription cannot go backwards.");
  const filter = options.hasFilter() ? eventFilter(options.getFilter()!) : undefined;
  const outlet = new Outlet<ReadResp>(call);
  const finite = { log, outlet, direction, count: Number(options.getCount()), present };

  const stream = options.getStream();
  const all = options.getAll();
  if (stream) {
    if (filter) throw invalidArgument("Only $all can be read with a filter.");
    const streamName = streamNameOf(stream.getStreamIdentifier());
    const from = revisionOf(stream);
    if (subscription) return subscribeToStream({ log, feed, outlet, present }, streamName, from);
    // What EventStoreDB answers, too: its index takes "end" for revision -1 here.
    if (from === "end" && direction === "forwards")
      throw new RpcError(status.UNKNOWN, "A stream cannot be read forwards from its end. Subscribe to it instead.");
    return readStream(finite, streamName, from);
  }
  if (!all) throw invalidArgument("A read needs a stream or all.");
  const from = positionOf(all, log.head(), direction, !subscription && direction === "forwards");
  if (!subscription) return readAll(finite, from, filter?.passes);
  if (filter?.checkpointInterval === 0) throw invalidArgument("checkpointIntervalMultiplier must be above 0.");
  return subscribeToAll({ log, feed, outlet, present }, from, filter);
}

function directionOf(options: Options): Direction {
  const { FORWARDS, BACKWARDS } = streams.ReadReq.Options.ReadDirection;
  const direction = options.getReadDirection();
  if (direction !== FORWARDS && direction !== BACKWARDS)
    throw invalidArgument(`A read goes forwards (0) or backwards (1), found ${String(direction)}.`);
  return direction === FORWARDS ? "forwards" : "backwards";
}

function uuidFormOf(options: Options): UuidForm {
  const form = options.getUuidOption();
  if (form?.hasString()) return "string";
  if (form?.hasStructured()) return "structured";
  throw invalidArgument("uuid_option is required: string or structured.");
}

/** The largest number that fits into the field; clients say "end" by it, too. */
const end = 2n ** 64n - 1n;

function numberOf(field: string, what: string): bigint {
  const value = BigInt(field);
  if (value >= 2n ** 63n && value !== end) throw invalidArgument(`${what} must be below 2^63, found ${value}.`);
  return value;
}

function revisionOf(options: ReadReq.Options.StreamOptions): bigint | "start" | "end" {
  if (options.hasStart()) return "start";
  if (options.hasEnd()) return "end";
  if (!options.hasRevision()) throw invalidArgument("A read of a stream needs a revision, start or end.");
  const revision = numberOf(options.getRevision(), "A revision");
  return revision === end ? "end" : revision;
}

/** An exclusive bound. Only a finite read forwards shows the record at the position that it is given. */
function positionOf(
  options: ReadReq.Options.AllOptions,
  head: number,
  direction: Direction,
  inclusive: boolean,
): number {
  const position = options.getPosition();
  if (!position && !options.hasStart() && !options.hasEnd())
    throw invalidArgument("A read of $all needs a position, start or end.");
  const commit = position && numberOf(position.getCommitPosition(), "A commit position");
  if (position) numberOf(position.getPreparePosition(), "A prepare position");
  if (options.hasEnd() || commit === end) return direction === "forwards" ? head : head + 1;
  const at = Math.min(Number(commit ?? 0n), Number.MAX_SAFE_INTEGER);
  return inclusive ? Math.max(at - 1, 0) : at;
}
