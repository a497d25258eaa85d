/** Links as they stand in the log: their metadata tells which event made which projection write them. */

import { derivedId } from "../../../src/message/ids.js";
import type { LogRecord, ProposedRecord } from "../record-log.js";
import { correlationIdOf, jsonObject } from "./correlation-id.js";
import type { Definition, Link } from "./definitions.js";

/** Counts up: `version` with each change of a projection; `epoch` is the version at its last reset, -1 before. */
export interface Version {
  readonly epoch: number;
  readonly version: number;
}

/** Where a link, or a checkpoint, comes from. */
export interface Origin {
  readonly projection: number;
  readonly epoch: number;
  /** Position of the last event that it takes into account. */
  readonly position: number;
}

/** Version of the server's format. */
const format = 4;

/** The beginning of a metadata object, without its closing brace. */
export const originText = ({ id }: Definition, { epoch, version }: Version, position: number): string =>
  `{"$v":"${id}:${epoch}:${version}:${format}","$c":${position},"$p":${position}`;

/** @returns `undefined` for what no projection has written */
export function originOf(record: Pick<LogRecord, "metadata">): Origin | undefined {
  const { $v, $p } = jsonObject(record.metadata) ?? {};
  const [, projection, epoch] = typeof $v === "string" ? (/^(\d+):(-?\d+):\d+:\d+$/.exec($v) ?? []) : [];
  if (typeof $p !== "number" || projection === undefined) return undefined;
  return { projection: Number(projection), epoch: Number(epoch), position: $p };
}

/** The same event, projection and epoch give the same id, so that the log can tell a repetition. */
export function linkRecord(
  logId: string,
  definition: Definition,
  version: Version,
  source: LogRecord,
  link: Link,
): ProposedRecord {
  const correlationId = correlationIdOf(source);
  const says = {
    ...link.says,
    $causedBy: JSON.stringify(source.id),
    ...(correlationId !== undefined && { $correlationId: JSON.stringify(correlationId) }),
  };
  const members = Object.entries(says).map(([key, json]) => `,"${key}":${json}`);
  return {
    id: derivedId("system-projection", logId, definition.name, version.epoch, source.position),
    type: link.type,
    contentType: "application/octet-stream",
    data: link.data,
    metadata: Buffer.from(`${originText(definition, version, source.position)}${members.join("")}}`),
  };
}
