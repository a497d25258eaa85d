/** Events that the server writes of its own accord: metadata that says what became of a stream, tombstones. */

import { randomId } from "../../src/message/ids.js";
import type { EncodedEvent } from "../../src/store/appending.js";

/** A new one, with an id of its own and without metadata. */
export const serverEvent = (type: string, contentType: string, data: string | Uint8Array): EncodedEvent => ({
  id: randomId(),
  type,
  contentType,
  data,
  metadata: undefined,
  correlationId: undefined,
  schemaVersion: 1,
  occurredAtMs: undefined,
  imported: false,
});
