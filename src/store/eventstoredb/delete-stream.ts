/** Deleting a stream: softly, so that it can begin again, or for good. */

import { StoreClosed } from "../../errors.js";
import type { ExpectedRevision } from "../event-store.js";
import { answerOf } from "./client-calls.js";
import { failureOf, Interruption } from "./failures.js";
import { inTime, unavailable } from "./patience.js";
import { identifierOf } from "./read-requests.js";
import type { Reading } from "./reading.js";
import { shared, streams } from "./stubs.js";

export interface DeleteStreamOptions {
  /** The state that the stream must be in. */
  readonly expectedRevision: ExpectedRevision;
  /** For good: the name can never be used again. Without it, an append lets the stream go on where it ended. */
  readonly permanently?: boolean;
}

/**
 * Asks once: whether it happened is unknown when no answer comes.
 * @throws WrongExpectedRevision, StreamDeleted, AccessDenied, StoreUnavailable
 */
export async function deleteStream(
  { calls, clock, readTimeoutMs, closed, who }: Reading,
  streamName: string,
  { expectedRevision: expected, permanently = false }: DeleteStreamOptions,
): Promise<void> {
  const what = `delete ${streamName}`;
  if (closed.aborted) throw new StoreClosed(what);
  try {
    const connection = await inTime(calls.streams({ deadlineMs: readTimeoutMs }), clock, readTimeoutMs, closed);
    await answerOf<typeof connection.service, unknown>(connection, (service, args, answered) => {
      if (permanently) {
        const options = expecting(new streams.TombstoneReq.Options(), streamName, expected);
        return service.tombstone(new streams.TombstoneReq().setOptions(options), ...args, answered);
      }
      const options = expecting(new streams.DeleteReq.Options(), streamName, expected);
      return service.delete(new streams.DeleteReq().setOptions(options), ...args, answered);
    });
  } catch (error) {
    const failure = failureOf(error, { what, privilege: what, who, streamName, expected });
    if (!(failure instanceof Interruption)) throw failure;
    if (closed.aborted) throw new StoreClosed(what);
    throw unavailable(what, readTimeoutMs, failure, "It may have been deleted: look before trying again.");
  }
}

/** The client's own deletion writes `stream_exists` where a number belongs, and fails; the message takes it as it is. */
function expecting<T extends streams.DeleteReq.Options | streams.TombstoneReq.Options>(
  options: T,
  streamName: string,
  expected: ExpectedRevision,
): T {
  options.setStreamIdentifier(identifierOf(streamName));
  if (expected === "any") options.setAny(new shared.Empty());
  else if (expected === "no_stream") options.setNoStream(new shared.Empty());
  else if (expected === "stream_exists") options.setStreamExists(new shared.Empty());
  else options.setRevision(expected.toString());
  return options;
}
