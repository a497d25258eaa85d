/** The messages that a scripted server sends. */

import emptyMessage from "google-protobuf/google/protobuf/empty_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import statusMessage from "@eventstore/db-client/generated/status_pb.js";
import type { BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { Message } from "google-protobuf";
import { randomId } from "../../../src/message/index.js";
import type { EventData } from "../../../src/store/index.js";

/** An event to append. */
export const event = (changes: Partial<EventData> = {}): EventData => ({
  id: randomId(),
  type: "test.Happened",
  data: { number: 1 },
  ...changes,
});

export interface Stored {
  readonly streamName?: string;
  readonly revision: bigint | number;
  readonly position: bigint | number | string;
  /** Where it was prepared; at its position unless stated. */
  readonly prepared?: number;
  readonly type?: string;
  readonly id?: string;
  readonly contentType?: string;
  readonly data?: string | Uint8Array;
  readonly metadata?: string | Uint8Array;
}

const bytes = (content: string | Uint8Array) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

function recorded(stored: Stored) {
  const { streamName = "order-1", type = "test.Happened", id = randomId(), contentType = "application/json" } = stored;
  const message = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(id))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(bytes(streamName)))
    .setStreamRevision(String(stored.revision))
    .setCommitPosition(String(stored.position))
    .setPreparePosition(String(stored.prepared ?? stored.position))
    .setData(bytes(stored.data ?? "{}"))
    .setCustomMetadata(bytes(stored.metadata ?? ""));
  message.getMetadataMap().set("type", type).set("content-type", contentType).set("created", "17000000000000000");
  return message;
}

/** A read's answer: an event; `link` is what led to it, and `stored` absent what it led to in vain. */
export function readEvent(stored: Stored | undefined, link?: Stored): ReadResp {
  const message = new streams.ReadResp.ReadEvent();
  if (stored) message.setEvent(recorded(stored));
  if (link) message.setLink(recorded(link));
  return new streams.ReadResp().setEvent(message.setCommitPosition(String((link ?? stored)!.position)));
}

/** `count` events of one stream, each at ten times its revision. */
export const events = (count: number, from = 0): ReadResp[] =>
  Array.from({ length: count }, (_, i) => readEvent({ revision: from + i, position: (from + i) * 10 }));

export const confirmation = (): ReadResp =>
  new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId("1"));

export const caughtUp = (): ReadResp => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());

export const checkpoint = (position: number): ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );

export const notFound = (): ReadResp => new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound());

export const isSubscription = (request: ReadReq): boolean => request.getOptions()!.hasSubscription();

/** Where a read of a stream begins; `undefined` for its beginning or end. */
export function revisionAsked(request: ReadReq): string | undefined {
  const stream = request.getOptions()!.getStream()!;
  return stream.hasRevision() ? stream.getRevision() : undefined;
}

/** Where a read of the log begins. */
export const positionAsked = (request: ReadReq): string | undefined =>
  request.getOptions()!.getAll()!.getPosition()?.getCommitPosition();

export const streamOf = (message: BatchAppendReq): string =>
  Buffer.from(message.getOptions()!.getStreamIdentifier()!.getStreamName_asU8()).toString();

export const eventIds = (message: BatchAppendReq): string[] =>
  message.getProposedMessagesList().map((proposed) => proposed.getId()!.getString());

/** The answer to an append that was written. */
export function written(message: BatchAppendReq, revision: number, position: number | undefined): BatchAppendResp {
  const success = new streams.BatchAppendResp.Success().setCurrentRevision(String(revision));
  if (position === undefined) success.setNoPosition(new emptyMessage.Empty());
  else
    success.setPosition(
      new shared.AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position)),
    );
  return new streams.BatchAppendResp().setCorrelationId(message.getCorrelationId()).setSuccess(success);
}

/** The answer to an append that was refused, with details of a type of `event_store.client`, or none that is known. */
export function refused(message: BatchAppendReq, words: string, details?: [type: string, message: Message], code = 0) {
  const packed = new any.Any();
  const [type, detail] = details ?? ["google.protobuf.Empty", new emptyMessage.Empty()];
  packed.pack(detail.serializeBinary(), type.includes(".") ? type : `event_store.client.${type}`);
  return new streams.BatchAppendResp()
    .setCorrelationId(message.getCorrelationId())
    .setError(new statusMessage.Status().setMessage(words).setCode(code).setDetails(packed));
}
