/** Which records delete a stream, softly or for good, and of which stream they speak. */

import type { LogRecord } from "../record-log.js";
import { readStreamMetadata, saysSoftDeleted } from "../stream-metadata.js";
import { isMetastream, metadataType, originalOf, streamDeletedType } from "../stream-names.js";
import { textOf } from "./correlation-id.js";

/** The stream that a metastream describes; any other stream itself. */
export const subjectOf = (streamName: string): string =>
  isMetastream(streamName) ? originalOf(streamName) : streamName;

/** True for a tombstone, and for the metadata that soft delete writes. */
export function deletesItsStream({ streamName, type, data }: Pick<LogRecord, "streamName" | "type" | "data">): boolean {
  return isMetastream(streamName)
    ? type === metadataType && saysSoftDeleted(readStreamMetadata(textOf(data)))
    : type === streamDeletedType;
}
