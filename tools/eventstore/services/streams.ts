/** The Streams service: read, append, batchAppend, delete, tombstone. */

import streams from "@eventstore/db-client/generated/streams_grpc_pb.js";
import type { LogWrites } from "../counted-writes.js";
import type { LiveFeed } from "../live-feed.js";
import type { RecordLog } from "../record-log.js";
import { appendHandler } from "./append.js";
import { batchAppendHandler, type AppendSettings } from "./batch-append.js";
import { decodeBatchPart } from "./batch-request.js";
import { deleteHandler, tombstoneHandler } from "./delete.js";
import { readHandler } from "./read.js";
import type { Service } from "./service.js";

export interface StreamsOptions extends AppendSettings {
  readonly log: RecordLog;
  /** To the same log. */
  readonly writes: LogWrites;
  /** Of the same log. */
  readonly feed: LiveFeed;
}

export function streamsService({ log, writes, feed, ...settings }: StreamsOptions): Service {
  const { StreamsService } = streams;
  return {
    definition: {
      ...StreamsService,
      batchAppend: { ...StreamsService.batchAppend, requestDeserialize: decodeBatchPart },
    },
    handlers: {
      read: readHandler(log, feed),
      append: appendHandler(writes, settings.maxAppendBytes),
      batchAppend: batchAppendHandler(writes, settings),
      delete: deleteHandler(writes),
      tombstone: tombstoneHandler(writes),
    },
  };
}
