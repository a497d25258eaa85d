/** Streams.Delete and Streams.Tombstone. */

import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { LogWrites } from "../counted-writes.js";
import { expectedRevision } from "./expected-revision.js";
import { streamNameOf } from "./identifiers.js";
import { unary } from "./service.js";
import { accessDenied, invalidArgument, streamDeleted, wrongExpectedVersion } from "./status.js";

export const deleteHandler = (log: LogWrites) =>
  unary(async (request: DeleteReq): Promise<DeleteResp> => {
    const position = await end(log, "delete", request.getOptions());
    if (position === undefined) return new streams.DeleteResp().setNoPosition(new shared.Empty());
    const message = new streams.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position);
    return new streams.DeleteResp().setPosition(message);
  });

export const tombstoneHandler = (log: LogWrites) =>
  unary(async (request: TombstoneReq): Promise<TombstoneResp> => {
    const position = await end(log, "tombstone", request.getOptions());
    if (position === undefined) return new streams.TombstoneResp().setNoPosition(new shared.Empty());
    const message = new streams.TombstoneResp.Position().setCommitPosition(position).setPreparePosition(position);
    return new streams.TombstoneResp().setPosition(message);
  });

async function end(
  log: LogWrites,
  how: "delete" | "tombstone",
  options: DeleteReq.Options | TombstoneReq.Options | undefined,
): Promise<string | undefined> {
  if (!options) throw invalidArgument("The options are required.");
  const streamName = streamNameOf(options.getStreamIdentifier());
  if (streamName === "$all" || streamName.startsWith("$$"))
    throw accessDenied(`${streamName} cannot be deleted. Name a stream, not its metadata.`);
  const expected = expectedRevision(options);
  const outcome = await log[how](streamName, expected);
  if (outcome.kind === "streamDeleted") throw streamDeleted(streamName);
  if (outcome.kind === "wrongRevision") throw wrongExpectedVersion(streamName, expected, outcome.current);
  return outcome.position === undefined ? undefined : String(outcome.position);
}
