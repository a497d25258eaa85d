/** What EventStoreDB can store of an event without changing it. */

import { InvalidAppend } from "../../errors.js";
import type { EncodedEvent } from "../appending.js";

/** Of one append: the server takes messages up to 16 MiB less a little, and events inside them. */
export const mostBytes = 16 * 1024 * 1024 - 64 * 1024;

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const nilUuid = "00000000-0000-0000-0000-000000000000";

/** The only ones that the server tells apart. */
const contentTypes = ["application/json", "application/octet-stream"];

/** @throws InvalidAppend when an event would come back as something else. */
export function checkKept(streamName: string, events: readonly EncodedEvent[]): void {
  for (const { id, contentType } of events) {
    if (!uuid.test(id) || id === nilUuid)
      throw new InvalidAppend(streamName, `event id ${id} is no UUID in lower case, as EventStoreDB needs it.`);
    if (!contentTypes.includes(contentType))
      throw new InvalidAppend(
        streamName,
        `content type ${contentType} of event ${id} would not be kept: EventStoreDB knows ${contentTypes.join(" and ")} only.`,
      );
  }
}
