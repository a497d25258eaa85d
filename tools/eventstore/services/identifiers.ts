/** Stream names and UUIDs as they are on the wire. */

import shared from "@eventstore/db-client/generated/shared_pb.js";
import type { StreamIdentifier, UUID } from "@eventstore/db-client/generated/shared_pb.js";
import { invalidArgument } from "./status.js";

/** How a client wants to see UUIDs. */
export type UuidForm = "string" | "structured";

/** @throws RpcError when it is not set or empty */
export function streamNameOf(identifier: StreamIdentifier | undefined): string {
  const name = identifier ? Buffer.from(identifier.getStreamName_asU8()).toString() : "";
  if (name === "" || name === "$$") throw invalidArgument(`A stream name is required, "${name}" is none.`);
  return name;
}

export function streamIdentifier(streamName: string): StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(streamName));
  return identifier;
}

const anyForm = /^[{(]?([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})[)}]?$/i;

/** In lower case, with hyphens. @throws RpcError when it is not set or no UUID */
export function uuidOf(uuid: UUID | undefined, what: string): string {
  const structured = uuid?.getStructured();
  if (structured) {
    const bits = [structured.getMostSignificantBits(), structured.getLeastSignificantBits()];
    const hex = bits.map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, "0")).join("");
    return hyphenated(anyForm.exec(hex)!);
  }
  if (!uuid?.hasString()) throw invalidArgument(`${what} is required.`);
  const parts = anyForm.exec(uuid.getString());
  if (!parts) throw invalidArgument(`${what} must be a UUID, found "${uuid.getString()}".`);
  return hyphenated(parts);
}

const hyphenated = (parts: RegExpExecArray) => parts.slice(1).join("-").toLowerCase();

/** `id` has to be a UUID with hyphens. */
export function uuidMessage(id: string, form: UuidForm): UUID {
  const uuid = new shared.UUID();
  if (form === "string") return uuid.setString(id);
  const hex = id.replaceAll("-", "");
  const half = (from: number) => String(BigInt.asIntN(64, BigInt(`0x${hex.slice(from, from + 16)}`)));
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(half(0)).setLeastSignificantBits(half(16));
  return uuid.setStructured(structured);
}
