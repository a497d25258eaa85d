/** Events as clients propose them: what is required of each, and how it is stored. */

import type { UUID } from "@eventstore/db-client/generated/shared_pb.js";
import type { Map as ProtobufMap } from "google-protobuf";
import type { ProposedRecord } from "../record-log.js";
import { uuidOf } from "./identifiers.js";
import { accessDenied, invalidArgument, maximumAppendSizeExceeded, missingMetadataProperty } from "./status.js";

/** The same in the requests of Append and BatchAppend. */
interface ProposedMessage {
  getId(): UUID | undefined;
  getMetadataMap(): ProtobufMap<string, string>;
  getCustomMetadata_asU8(): Uint8Array;
  getData_asU8(): Uint8Array;
}

const noId = "00000000-0000-0000-0000-000000000000";

/** The events of one append, which together may have so many bytes. */
export class ProposedEvents {
  readonly records: ProposedRecord[] = [];
  /** Of the data alone: that is what EventStoreDB counts up to 24.6. */
  bytes = 0;

  constructor(
    readonly streamName: string,
    private readonly maxBytes: number,
  ) {
    if (streamName === "$all") throw accessDenied("Nobody may append to $all. Name a stream.");
  }

  /** @throws RpcError when it cannot be stored */
  add(message: ProposedMessage): void {
    const properties = message.getMetadataMap();
    const property = (name: string): string => {
      const value = properties.get(name);
      if (value === undefined) throw missingMetadataProperty(name);
      return value;
    };
    const [type, contentType] = [property("type"), property("content-type")];
    if (type === "") throw invalidArgument("An event needs a type, found an empty one.");
    const id = uuidOf(message.getId(), "The id of an event");
    if (id === noId) throw invalidArgument(`The id of an event must not be empty, found ${noId}.`);
    const data = message.getData_asU8();
    this.bytes += data.length;
    if (this.bytes > this.maxBytes) throw maximumAppendSizeExceeded(this.maxBytes);
    this.records.push({
      id,
      type,
      contentType: contentType === "application/json" ? contentType : "application/octet-stream",
      data,
      metadata: message.getCustomMetadata_asU8(),
    });
  }
}
