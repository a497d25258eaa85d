/** What every subscription does: catches up, goes live, and reads on in pages when it falls behind. */

import { randomUUID } from "node:crypto";
import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { LiveFeed } from "../live-feed.js";
import type { LogRecord, RecordLog } from "../record-log.js";
import type { Outlet } from "./outlet.js";
import { unavailable } from "./status.js";
import { caughtUp, confirmation, type Presentation } from "./wire.js";

export interface Subscribing {
  readonly log: RecordLog;
  readonly feed: LiveFeed;
  readonly outlet: Outlet<ReadResp>;
  readonly present: Presentation;
}

export interface Source {
  /** What the feed is to be asked for; `undefined` for the whole log. */
  readonly streamName: string | undefined;
  /** Writes the next page of what is recorded; true when there is nothing more at this moment. */
  readPage(): boolean;
  /** Nothing more was there. */
  whenCaughtUp(): void;
  /** Writes what was committed a moment ago. */
  receive(record: LogRecord): void;
  /** It has fallen behind. */
  whenBehind(): void;
}

/** Runs until the client goes. @throws what `source` throws */
export async function subscribe({ feed, outlet }: Subscribing, source: Source): Promise<void> {
  outlet.write(confirmation(randomUUID()));
  while (await catchUp(outlet, source)) {
    // In the same turn as the last page was read: nothing is committed in between.
    const queue = feed.follow(source.streamName, outlet.wake);
    try {
      source.whenCaughtUp();
      outlet.write(caughtUp());
      while (!outlet.cancelled) {
        const record = outlet.full ? undefined : queue.next();
        if (record) source.receive(record);
        else if (queue.failure) throw unavailable(queue.failure);
        else if (queue.overflown) break;
        else await outlet.woken();
      }
    } finally {
      queue.end();
    }
    source.whenBehind();
  }
}

async function catchUp(outlet: Outlet<ReadResp>, source: Source): Promise<boolean> {
  while (await outlet.taken()) {
    if (source.readPage()) return true;
    // A filter that nothing passes must not keep everybody else waiting.
    if (!outlet.full) await new Promise(setImmediate);
  }
  return false;
}
