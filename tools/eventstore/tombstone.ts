/** How the file marks the end of a stream: the numbers in it are dense, so a tombstone has the next one. */

import type { EncodedEvent } from "../../src/store/appending.js";
import { serverEvent } from "./server-event.js";
import { streamDeletedType } from "./stream-names.js";

/** Only the engine writes it: what a client sends under this name is stored as bytes of no particular type. */
export const tombstoneContentType = "application/vnd.rollcall.tombstone";

/** Condition that rows of `event` meet when they are tombstones. */
export const isTombstoneRow = `type = '${streamDeletedType}' AND content_type = '${tombstoneContentType}'`;

/** Whether a stored record ends its stream. */
export const isTombstone = (type: string, contentType: string | null): boolean =>
  contentType === tombstoneContentType && type === streamDeletedType;

export const newTombstone = (): EncodedEvent => serverEvent(streamDeletedType, tombstoneContentType, new Uint8Array());
