/** Appends as the messages of the server's batch protocol, and its answers as results and errors. */

import emptyMessage from "google-protobuf/google/protobuf/empty_pb.js";
import timestamp from "google-protobuf/google/protobuf/timestamp_pb.js";
import { AccessDenied, InvalidAppend, StreamDeleted, UnexpectedAnswer, WrongExpectedRevision } from "../../errors.js";
import type { EncodedEvent } from "../appending.js";
import type { ExpectedRevision } from "../event-store.js";
import { Interruption, tooLarge } from "./failures.js";
import { identifierOf } from "./read-requests.js";
import { isPosition } from "./recorded.js";
import { shared, streams } from "./stubs.js";

export interface AppendRequest {
  readonly streamName: string;
  readonly events: readonly EncodedEvent[];
  readonly expected: ExpectedRevision;
}

/** Bytes of events after which a message ends and the next one begins; the server takes 16 MiB. */
const mostBytes = 2.5 * 1024 * 1024;

/** The highest that the server can compare with; a stream never gets there. */
const highestRevision = 2n ** 63n - 2n;

/** The messages of one append, made as they are sent. `deadlineMs` is by the server's clock; none unless stated. */
export function* messagesOf(
  { streamName, events, expected }: AppendRequest,
  correlationId: string,
  deadlineMs: number | undefined,
): Generator<streams.BatchAppendReq, void> {
  let message = begun(correlationId).setOptions(optionsOf(streamName, expected, deadlineMs));
  let bytes = 0;
  for (const event of events) {
    const proposed = proposedMessage(event);
    const size = proposed.getData_asU8().length + proposed.getCustomMetadata_asU8().length + event.type.length * 3;
    if (bytes > 0 && bytes + size > mostBytes) {
      yield message;
      message = begun(correlationId);
      bytes = 0;
    }
    message.addProposedMessages(proposed);
    bytes += size;
  }
  yield message.setIsFinal(true);
}

const begun = (correlationId: string) =>
  new streams.BatchAppendReq().setCorrelationId(uuid(correlationId)).setIsFinal(false);

const uuid = (text: string) => new shared.UUID().setString(text);

function optionsOf(streamName: string, expected: ExpectedRevision, deadlineMs: number | undefined) {
  const options = new streams.BatchAppendReq.Options().setStreamIdentifier(identifierOf(streamName));
  if (deadlineMs !== undefined) options.setDeadline(timestamp.Timestamp.fromDate(new Date(deadlineMs)));
  if (expected === "any") return options.setAny(new emptyMessage.Empty());
  if (expected === "no_stream") return options.setNoStream(new emptyMessage.Empty());
  if (expected === "stream_exists") return options.setStreamExists(new emptyMessage.Empty());
  return options.setStreamPosition((expected > highestRevision ? highestRevision : expected).toString());
}

function proposedMessage({ id, type, contentType, data, metadata }: EncodedEvent) {
  const proposed = new streams.BatchAppendReq.ProposedMessage().setId(uuid(id)).setData(bytesOf(data));
  if (metadata !== undefined) proposed.setCustomMetadata(bytesOf(metadata));
  proposed.getMetadataMap().set("type", type).set("content-type", contentType);
  return proposed;
}

const encoder = new TextEncoder();

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? encoder.encode(content) : content;

/** Where the append is; a server leaves the position out where it does not know it any more. */
export interface Placed {
  readonly revision: bigint;
  readonly position: bigint | undefined;
}

/** What an answer means: a place, an `Interruption` to try again after, or an error for the caller. */
export function outcomeOf(answer: streams.BatchAppendResp, append: AppendRequest, who: string): Placed | Error {
  const success = answer.getSuccess();
  if (success?.hasCurrentRevision()) {
    const position = success.getPosition()?.getCommitPosition() ?? "";
    return {
      revision: BigInt(success.getCurrentRevision()),
      position: isPosition(position) ? BigInt(position) : undefined,
    };
  }
  return refusalOf(answer, append, who);
}

function refusalOf(answer: streams.BatchAppendResp, { streamName, expected }: AppendRequest, who: string): Error {
  const error = answer.getError();
  const details = error?.getDetails();
  const words = error?.getMessage() || "no reason";
  const unpacked = <T>(type: { deserializeBinary(bytes: Uint8Array): T }) =>
    type.deserializeBinary(details!.getValue_asU8());
  switch (details?.getTypeName() ?? "") {
    case "event_store.client.WrongExpectedVersion": {
      const wrong = unpacked(shared.WrongExpectedVersion);
      const actual = wrong.hasCurrentStreamRevision() ? BigInt(wrong.getCurrentStreamRevision()) : "no_stream";
      return new WrongExpectedRevision(streamName, expected, actual);
    }
    case "event_store.client.StreamDeleted":
      return new StreamDeleted(streamName);
    case "event_store.client.AccessDenied":
      return new AccessDenied(who, [`append to ${streamName}`]);
    case "event_store.client.MaximumAppendSizeExceeded":
      return tooLarge(streamName, unpacked(shared.MaximumAppendSizeExceeded).getMaxappendsize());
    case "event_store.client.BadRequest":
      return new InvalidAppend(streamName, `the server refused it: ${unpacked(shared.BadRequest).getMessage()}`);
    case "event_store.client.Timeout":
      return new Interruption("the server could not write it in time");
    case "google.protobuf.Empty":
      // Without a code: a server that starts, is busy, or has no leader.
      if (!error!.getCode()) return new Interruption(words);
      break;
    default:
  }
  return new UnexpectedAnswer(`append to ${streamName}: the server answered ${words} (code ${error?.getCode()}).`);
}
