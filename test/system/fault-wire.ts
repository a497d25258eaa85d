/** What goes over the wire: how often, and when, each event was sent to be appended, by whichever store of this process. */

import { streams, streamsService } from "../../src/store/eventstoredb/stubs.js";

const { prototype } = streamsService.StreamsClient;
type BatchAppend = typeof prototype.batchAppend;

/** The times at which an event was sent, in milliseconds since the UNIX epoch, by event id. */
const sentAt = new Map<string, number[]>();

/** Listens to what the official client's connection is given; returns how to stop. */
export function listenToAppends(): () => void {
  const original = prototype.batchAppend;
  prototype.batchAppend = function (this: typeof prototype, ...args: Parameters<BatchAppend>) {
    const call = original.apply(this, args);
    const write = call.write.bind(call) as (message: streams.BatchAppendReq) => boolean;
    call.write = (message: streams.BatchAppendReq) => {
      for (const event of message.getProposedMessagesList()) {
        const id = event.getId()!.getString();
        sentAt.set(id, [...(sentAt.get(id) ?? []), Date.now()]);
      }
      return write(message);
    };
    return call;
  } as BatchAppend;
  return () => {
    prototype.batchAppend = original;
    sentAt.clear();
  };
}

/** The times at which an event was sent, the earliest first. */
export const sendingsOf = (eventId: string): readonly number[] => sentAt.get(eventId) ?? [];
