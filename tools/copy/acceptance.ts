/** What a store cannot keep as it is, so that one can know before anything is written. */

import { jsonContentType, type RecordedEvent } from "../../src/message/index.js";

/** Why the target cannot hold a copy of the event; `undefined` when it can. */
export type Refusal = (event: RecordedEvent) => string | undefined;

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** What EventStoreDB would give back as something else; its limit of size is the server's own affair. */
export const refusedByEventStoreDb: Refusal = ({ id, contentType }) => {
  if (!uuid.test(id)) return `its id ${id} is no UUID in lower case`;
  if (contentType === jsonContentType || contentType === "application/octet-stream") return undefined;
  return `its content type ${contentType} is none that EventStoreDB knows`;
};
