/** Streams.Append: the events of one call, written together when the client has sent the last one. */

import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { AppendReq, AppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { ServerReadableStream } from "@grpc/grpc-js";
import type { ExpectedRevision } from "../../../src/store/index.js";
import type { LogWrites } from "../counted-writes.js";
import type { WriteOutcome } from "../record-log.js";
import { expectedRevision } from "./expected-revision.js";
import { streamNameOf } from "./identifiers.js";
import { ProposedEvents } from "./proposed-event.js";
import { clientStreaming } from "./service.js";
import { invalidArgument, streamDeleted } from "./status.js";

export const appendHandler = (log: LogWrites, maxAppendBytes: number) =>
  clientStreaming((requests: ServerReadableStream<AppendReq, AppendResp>) => append(log, maxAppendBytes, requests));

async function append(
  log: LogWrites,
  maxAppendBytes: number,
  requests: ServerReadableStream<AppendReq, AppendResp>,
): Promise<AppendResp> {
  let events: ProposedEvents | undefined;
  let expected: ExpectedRevision = "any";
  for await (const request of requests as AsyncIterable<AppendReq>) {
    const message = request.getProposedMessage();
    if (!events) {
      const options = request.getOptions();
      if (!options) throw invalidArgument("The first message of an append must hold its options.");
      events = new ProposedEvents(streamNameOf(options.getStreamIdentifier()), maxAppendBytes);
      expected = expectedRevision(options);
    } else if (message) events.add(message);
    else throw invalidArgument("Every message of an append but the first must hold a proposed event.");
  }
  if (!events) throw invalidArgument("An append needs its options.");
  const { streamName, records } = events;
  return answer(streamName, expected, await log.append(streamName, records, expected));
}

function answer(streamName: string, expected: ExpectedRevision, outcome: WriteOutcome): AppendResp {
  switch (outcome.kind) {
    case "streamDeleted":
      throw streamDeleted(streamName);
    case "wrongRevision":
      // An answer, not an error.
      return new streams.AppendResp().setWrongExpectedVersion(wrongExpectedVersion(expected, outcome.current));
    case "written": {
      const success = new streams.AppendResp.Success();
      if (outcome.revision === undefined) success.setNoStream(new shared.Empty());
      else success.setCurrentRevision(String(outcome.revision));
      if (outcome.position === undefined)
        return new streams.AppendResp().setSuccess(success.setNoPosition(new shared.Empty()));
      const at = String(outcome.position);
      const position = new streams.AppendResp.Position().setCommitPosition(at).setPreparePosition(at);
      return new streams.AppendResp().setSuccess(success.setPosition(position));
    }
  }
}

/** Each field has a twin for clients of 20.6.0. */
function wrongExpectedVersion(expected: ExpectedRevision, current: bigint | undefined) {
  const message = new streams.AppendResp.WrongExpectedVersion();
  if (current === undefined) message.setCurrentNoStream(new shared.Empty()).setNoStream2060(new shared.Empty());
  else message.setCurrentRevision(String(current)).setCurrentRevision2060(Number(current));
  if (expected === "any") message.setExpectedAny(new shared.Empty()).setAny2060(new shared.Empty());
  else if (expected === "no_stream") message.setExpectedNoStream(new shared.Empty());
  else if (expected === "stream_exists")
    message.setExpectedStreamExists(new shared.Empty()).setStreamExists2060(new shared.Empty());
  else message.setExpectedRevision(String(expected)).setExpectedRevision2060(Number(expected));
  return message;
}
