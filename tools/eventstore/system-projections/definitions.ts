/** The five projections that every EventStoreDB brings along: which events each sees, and what link it makes of one. */

import type { LogRecord, RecordFilter } from "../record-log.js";
import { isMetastream, linkType } from "../stream-names.js";
import { correlationIdOf, textOf } from "./correlation-id.js";
import { deletesItsStream, subjectOf } from "./deletion.js";

/** A link to be written because of an event. */
export interface Link {
  readonly streamName: string;
  /** `$>` points to an event, `$@` to a stream. */
  readonly type: "$>" | "$@";
  readonly data: Uint8Array;
  /** Further members of the link's metadata, each value as JSON text. */
  readonly says: Readonly<Record<string, string>>;
}

export interface Definition {
  readonly name: string;
  /** Place in the server's register of projections, by which links name their projection. */
  readonly id: number;
  readonly handlerType: string;
  readonly query: string;
  /** Every stream that it writes to begins with this. */
  readonly output: string;
  readonly sees: RecordFilter;
  /** `undefined` when it makes nothing of the event. */
  linkOf(record: LogRecord): Link | undefined;
}

const isSystemStream = (streamName: string): boolean => streamName.startsWith("$");

/** Events of users and the metadata of their streams; so no projection reads what itself or another has written. */
const ofUsers: RecordFilter = ({ streamName }) =>
  !isSystemStream(streamName) || (isMetastream(streamName) && !isSystemStream(subjectOf(streamName)));

/** The text before the first hyphen, if there is any. */
function categoryOf(streamName: string): string | undefined {
  const end = streamName.indexOf("-");
  return isSystemStream(streamName) || end < 1 ? undefined : streamName.slice(0, end);
}

/** What a link to the record must point to: a link is passed on, so that no link leads to another. */
const targetOf = (record: LogRecord): Uint8Array =>
  record.type === linkType ? record.data : Buffer.from(`${record.revision}@${record.streamName}`);

const link = (streamName: string, data: Uint8Array | string, says: Link["says"] = {}, type: Link["type"] = "$>") => ({
  streamName,
  type,
  data: typeof data === "string" ? Buffer.from(data) : data,
  says,
});

const streams: Definition = {
  name: "$streams",
  id: 1,
  handlerType: "native:EventStore.Projections.Core.Standard.IndexStreams",
  query: "",
  output: "$streams",
  sees: ofUsers,
  linkOf: ({ revision, streamName }) => (revision === 0n ? link("$streams", `0@${streamName}`) : undefined),
};

const streamByCategory: Definition = {
  name: "$stream_by_category",
  id: 2,
  handlerType: "native:EventStore.Projections.Core.Standard.CategorizeStreamByPath",
  query: "first\n-",
  output: "$category-",
  sees: ofUsers,
  linkOf({ revision, streamName }) {
    const category = revision === 0n ? categoryOf(streamName) : undefined;
    return category === undefined ? undefined : link(`$category-${category}`, streamName, {}, "$@");
  },
};

const byCategory: Definition = {
  name: "$by_category",
  id: 3,
  handlerType: "native:EventStore.Projections.Core.Standard.CategorizeEventsByStreamPath",
  query: "first\n-",
  output: "$ce-",
  sees: ofUsers,
  linkOf(record) {
    const deletes = deletesItsStream(record);
    const origin = deletes ? subjectOf(record.streamName) : record.streamName;
    const category = categoryOf(origin);
    if (category === undefined) return undefined;
    const says = { $o: JSON.stringify(origin), ...(deletes && { $deleted: "-1" }) };
    return link(`$ce-${category}`, targetOf(record), says);
  },
};

const byEventType: Definition = {
  name: "$by_event_type",
  id: 4,
  handlerType: "native:EventStore.Projections.Core.Standard.IndexEventsByEventType",
  query: "",
  output: "$et-",
  sees: (record) => record.type !== linkType && ofUsers(record),
  linkOf(record) {
    const deletes = deletesItsStream(record);
    // The real server leaves out the "$$" of a metastream here, so that such a link points into the stream itself.
    const target = `${record.revision}@${subjectOf(record.streamName)}`;
    return link(`$et-${deletes ? "$deleted" : record.type}`, target, deletes ? { $deleted: "-1" } : {});
  },
};

const byCorrelationId: Definition = {
  name: "$by_correlation_id",
  id: 5,
  handlerType: "native:EventStore.Projections.Core.Standard.ByCorrelationId",
  query: '{"correlationIdProperty":"$correlationId"}',
  output: "$bc-",
  sees: ofUsers,
  linkOf(record) {
    const correlationId = correlationIdOf(record);
    if (correlationId === undefined) return undefined;
    return link(`$bc-${correlationId}`, targetOf(record), {
      $eventTimestamp: JSON.stringify(inMicroseconds(record.recordedAtMs)),
      ...(record.type === linkType && { $link: `{"eventId":"${record.id}","metadata":${textOf(record.metadata)}}` }),
    });
  },
};

/** `2026-01-31T12:00:00.123000Z` */
const inMicroseconds = (ms: number): string => new Date(ms).toISOString().replace("Z", "000Z");

/** In the order in which a server registers them. */
export const definitions: readonly Definition[] = [streams, streamByCategory, byCategory, byEventType, byCorrelationId];
