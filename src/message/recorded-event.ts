/** An event as the store returns it: the fact, and where, when and why it was recorded. */

import { firstRecordedAtMs, parseMetadata, readMetadata, textOf, type EventMetadata } from "./event-metadata.js";

export const jsonContentType = "application/json";

/** What events hold besides their envelopes: of several that were read together, taken apart when first asked for. */
export interface EventContents {
  data(index: number): unknown;
  /** As stored: a JSON value, JSON text, bytes, or `undefined`. Most folds never ask. */
  metadata(index: number): unknown;
  /** What the events themselves were not given. */
  readonly names?: EventNames;
}

/** Names of events that were read together, taken apart when first asked for: most folds ask for one of them, or none. */
export interface EventNames {
  id(index: number): string;
  streamName(index: number): string;
  revision(index: number): number;
}

/** The contents of one event. */
export const contentsOf = (data: unknown, metadata: () => unknown = () => undefined): EventContents => ({
  data: () => data,
  metadata,
});

/** What follows the category in the name of a stream; the whole name where there is no category. */
export const aggregateIdOf = (streamName: string): string => streamName.slice(streamName.indexOf("-") + 1);

export class RecordedEvent {
  // Numbers and plain values in a fixed order keep making one of these cheap: a rebuild makes millions.
  constructor(
    /** `undefined`, here and below, where the contents know. */
    private readonly storedId: string | undefined,
    private readonly storedStreamName: string | undefined,
    /** Stored type name, for example `ordering.OrderPlaced`. */
    readonly type: string,
    private readonly storedRevision: number | bigint | undefined,
    private readonly storedPosition: number | bigint,
    /** When the store recorded it, in milliseconds since the UNIX epoch. */
    readonly recordedAtMs: number,
    /** Version of the shape of `data` as stored. */
    readonly schemaVersion: number,
    readonly correlationId: string | undefined,
    /** Business time in milliseconds since the UNIX epoch, where the writer stated one. */
    readonly occurredAtMs: number | undefined,
    /** True for imported history. */
    readonly imported: boolean,
    /** `application/json`, or what the writer stated. */
    readonly contentType: string,
    private readonly contents: EventContents,
    /** Which of the contents are its own. */
    private readonly index = 0,
  ) {}

  /** Unique within its stream. */
  get id(): string {
    return this.storedId ?? this.contents.names!.id(this.index);
  }

  get streamName(): string {
    return this.storedStreamName ?? this.contents.names!.streamName(this.index);
  }

  /** As it was recorded, in whatever shape. The JSON value; for any other content type, and for JSON that does not parse, the bytes (`Uint8Array`). */
  get data(): unknown {
    return this.contents.data(this.index);
  }

  /** Place in its own stream, from 0, without gaps. */
  get revision(): bigint {
    return BigInt(this.storedRevision ?? this.contents.names!.revision(this.index));
  }

  /** Place in the whole log; grows, may have gaps. */
  get position(): bigint {
    return BigInt(this.storedPosition);
  }

  get recordedAt(): Date {
    return new Date(this.recordedAtMs);
  }

  /**
   * When it was recorded first, in milliseconds since the UNIX epoch: of an event that was copied from another log
   * (`npm run copy`), when that one recorded it. Log time is made of this.
   */
  get firstRecordedAtMs(): number {
    // A copy states business time in any case, so that other events cost nothing here.
    if (this.occurredAtMs === undefined) return this.recordedAtMs;
    return firstRecordedAtMs(this.metadata) ?? this.recordedAtMs;
  }

  /** The stream name's prefix: `order` in `order-7`. */
  get category(): string {
    const { streamName } = this;
    const dash = streamName.indexOf("-");
    return dash < 0 ? streamName : streamName.slice(0, dash);
  }

  /** What follows the category: `7` in `order-7`; the whole name where there is no category. */
  get aggregateId(): string {
    return aggregateIdOf(this.streamName);
  }

  /** As stored: a JSON value, JSON text, bytes, or `undefined`. */
  get rawMetadata(): unknown {
    return this.contents.metadata(this.index);
  }

  /** Metadata as an object; empty for what is absent, binary or not JSON. */
  get metadata(): EventMetadata {
    const raw = this.rawMetadata;
    return typeof raw === "string" || raw instanceof Uint8Array ? parseMetadata(raw) : readMetadata(raw);
  }

  /** The same event, saying the same in another shape. */
  withData(data: unknown): RecordedEvent {
    const { id, streamName, type, revision, storedPosition, recordedAtMs, schemaVersion, contentType } = this;
    const { correlationId, occurredAtMs, imported } = this;
    return new RecordedEvent(
      id,
      streamName,
      type,
      revision,
      storedPosition,
      recordedAtMs,
      schemaVersion,
      correlationId,
      occurredAtMs,
      imported,
      contentType,
      contentsOf(data, () => this.rawMetadata),
    );
  }

  /** Id of the event, or else the command, that led directly to this event. */
  get causationId(): string | undefined {
    return textOf(this.metadata.$causationId);
  }

  get commandId(): string | undefined {
    return textOf(this.metadata.commandId);
  }

  get traceparent(): string | undefined {
    return textOf(this.metadata.traceparent);
  }
}
