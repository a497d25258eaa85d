/** Answers of a read, as messages. */

import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { LogRecord, RecordLog } from "../record-log.js";
import { streamIdentifier, uuidMessage, type UuidForm } from "./identifiers.js";

/** Turns a record into what the client is to see of it. */
export type Presentation = (record: LogRecord) => ReadResp;

export function presentation(log: RecordLog, options: { resolveLinks: boolean; uuids: UuidForm }): Presentation {
  const { resolveLinks, uuids } = options;
  return (record) => {
    const event = new streams.ReadResp.ReadEvent();
    event.setCommitPosition(String(record.position));
    const target = resolveLinks && record.type === "$>" ? log.resolve(record) : record;
    if (target) event.setEvent(recordedEvent(target, uuids));
    if (target !== record) event.setLink(recordedEvent(record, uuids));
    return new streams.ReadResp().setEvent(event);
  };
}

function recordedEvent(record: LogRecord, uuids: UuidForm) {
  const message = new streams.ReadResp.ReadEvent.RecordedEvent();
  message.setId(uuidMessage(record.id, uuids));
  message.setStreamIdentifier(streamIdentifier(record.streamName));
  message.setStreamRevision(String(record.revision));
  message.setCommitPosition(String(record.position)).setPreparePosition(String(record.position));
  // "created" counts 100 nanoseconds: as a number it would be too large to be exact.
  message
    .getMetadataMap()
    .set("type", record.type)
    .set("created", `${record.recordedAtMs}0000`)
    .set("content-type", record.contentType);
  message.setCustomMetadata(record.metadata).setData(record.data);
  return message;
}

export function confirmation(subscriptionId: string): ReadResp {
  const message = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId);
  return new streams.ReadResp().setConfirmation(message);
}

export function checkpoint(position: number): ReadResp {
  const message = new streams.ReadResp.Checkpoint();
  message.setCommitPosition(String(position)).setPreparePosition(String(position));
  return new streams.ReadResp().setCheckpoint(message);
}

export const caughtUp = () => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());

export function streamNotFound(streamName: string): ReadResp {
  const message = new streams.ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(streamName));
  return new streams.ReadResp().setStreamNotFound(message);
}
