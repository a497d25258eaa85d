/** A snapshot: the state of an aggregate after some events, and how to tell whether those are the stream's. */

import { hash } from "node:crypto";
import type { RecordedEvent } from "../message/index.js";
import { EventMarks } from "./event-marks.js";

/** An event that the snapshot stands for, by all that would differ if it had been recorded another time. */
export interface Witness {
  readonly id: string;
  readonly revision: string;
  readonly position: string;
  readonly recordedAtMs: number;
}

export interface Snapshot {
  /** Where the stream began: state would be another one, had its beginning been cut off since. */
  readonly first: Witness;
  readonly last: Witness;
  readonly marks: EventMarks;
  /** As `stateText` writes it. */
  readonly state: string;
}

export const witnessOf = ({ id, revision, position, recordedAtMs }: RecordedEvent): Witness => ({
  id,
  revision: String(revision),
  position: String(position),
  recordedAtMs,
});

/** Whether the event is there as it was when the snapshot was taken. */
export const isSame = (witness: Witness, event: RecordedEvent): boolean =>
  witness.id === event.id &&
  witness.revision === String(event.revision) &&
  witness.position === String(event.position) &&
  witness.recordedAtMs === event.recordedAtMs;

/** Whose snapshot it is, and what its state follows from. */
export interface SnapshotIdentity {
  readonly storeId: string;
  readonly streamName: string;
  /** Of the aggregate. */
  readonly definition: string;
}

const digestLength = 43;

const digestOf = ({ storeId, streamName }: SnapshotIdentity, rest: string) =>
  hash("sha256", JSON.stringify([storeId, streamName, rest]), "base64url");

/** The text to keep: a digest of all that follows, the definition, then the content. */
export function snapshotText(identity: SnapshotIdentity, { first, last, marks, state }: Snapshot): string {
  const content = JSON.stringify({ first, last, marks: String(marks), state });
  const rest = identity.definition + content;
  return digestOf(identity, rest) + rest;
}

/** What the text says: `damaged` unless it is just what was kept; `other` when it is of another definition. */
export function readSnapshot(identity: SnapshotIdentity, text: string): Snapshot | "damaged" | "other" {
  const rest = text.slice(digestLength);
  if (text.slice(0, digestLength) !== digestOf(identity, rest)) return "damaged";
  if (!rest.startsWith(identity.definition)) return "other";
  const content = JSON.parse(rest.slice(identity.definition.length)) as Snapshot & { readonly marks: string };
  return { ...content, marks: EventMarks.from(content.marks) };
}
