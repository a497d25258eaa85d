/** Events of a story as a store would return them: numbered, timed, and gone through JSON. */

import assert from "node:assert/strict";
import {
  derivedId,
  envelopeFields,
  jsonContentType,
  contentsOf,
  RecordedEvent,
  type AnyEvent,
  type EventMetadata,
} from "../../message/index.js";

/** What the record of an event says besides the event. */
export interface RecordedWith {
  /** `given-1` unless stated. */
  readonly streamName?: string;
  /** `given` unless stated; `undefined` for an event that has none. */
  readonly correlationId?: string | undefined;
  /** Business time. None unless stated. */
  readonly occurredAt?: Date;
  /** Marks imported history. */
  readonly imported?: boolean;
  /** The rest of its metadata. */
  readonly metadata?: EventMetadata;
}

/** An event alone, or with what its record says. Where no class is at hand, its stored type name will do. */
export type GivenEvent<E extends AnyEvent = AnyEvent> =
  E | (RecordedWith & { readonly event: E }) | (RecordedWith & { readonly event: string; readonly data?: object });

export class Recording {
  /** Stands still unless a story moves it. Milliseconds since the UNIX epoch. */
  nowMs = Date.UTC(2026, 0, 1);
  private position = 0;
  private readonly revisions = new Map<string, number>();

  record(given: GivenEvent): RecordedEvent {
    const { event, data, streamName = "given-1", occurredAt, imported, metadata, ...rest } = unfold(given);
    const correlationId = "correlationId" in rest ? rest.correlationId : "given";
    const stored: EventMetadata = {
      ...(correlationId !== undefined && { $correlationId: correlationId }),
      ...(occurredAt && { occurredAt: occurredAt.toISOString() }),
      ...(imported && { imported }),
      ...metadata,
    };
    const envelope = envelopeFields(stored);
    const revision = this.revisions.get(streamName) ?? 0;
    this.revisions.set(streamName, revision + 1);
    return new RecordedEvent(
      derivedId("given", ++this.position),
      streamName,
      typeof event === "string" ? event : event.type,
      revision,
      this.position,
      this.nowMs,
      envelope.schemaVersion,
      envelope.correlationId,
      envelope.occurredAtMs,
      envelope.imported,
      jsonContentType,
      contentsOf(JSON.parse(JSON.stringify(data ?? event)), () => stored),
    );
  }
}

function unfold(given: GivenEvent): RecordedWith & { readonly event: AnyEvent | string; readonly data?: object } {
  // By its kind: an event may well have a field that is called `event`.
  if ("kind" in given) {
    assert.equal(given.kind, "event", `${given.type} is a ${given.kind}; a story is given events.`);
    return { event: given };
  }
  return typeof given.event === "string" ? { data: {}, ...given } : given;
}
