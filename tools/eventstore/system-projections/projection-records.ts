/** What a projection must remember: whether it is enabled, and its checkpoint, as events in system streams of its own. */

import { derivedId, randomId } from "../../../src/message/ids.js";
import type { LogRecord, RecordLog } from "../record-log.js";
import { jsonObject } from "./correlation-id.js";
import type { Definition } from "./definitions.js";
import { ProjectionOutputRefused } from "./errors.js";
import { originOf, originText, type Version } from "./link-record.js";

export interface Configuration extends Version {
  readonly enabled: boolean;
}

const streamOf = ({ name }: Definition) => `$projections-${name}`;
const checkpointStreamOf = (definition: Definition) => `${streamOf(definition)}-checkpoint`;

/** How far back to look, past what others may have written there. */
const lookBack = 100;

/** Disabled and never changed, while nothing else was written. */
export function readConfiguration(log: RecordLog, definition: Definition): Configuration {
  for (const record of lastOf(log, streamOf(definition), "$ProjectionUpdated")) {
    const { enabled, epoch, version } = jsonObject(record.data) ?? {};
    if (typeof enabled === "boolean" && typeof epoch === "number" && typeof version === "number")
      return { enabled, epoch, version };
  }
  return { enabled: false, epoch: -1, version: 0 };
}

/** Durable once it resolves. @throws ProjectionOutputRefused, StoreUnavailable */
export async function writeConfiguration(
  log: RecordLog,
  definition: Definition,
  configuration: Configuration,
): Promise<void> {
  const { handlerType, query } = definition;
  const said = { handlerType, query, mode: "Continuous", emitEnabled: true, checkpointsDisabled: false };
  await append(log, definition, streamOf(definition), {
    id: randomId(),
    type: "$ProjectionUpdated",
    data: JSON.stringify({ ...said, ...configuration }),
    metadata: "",
  });
}

/** Position up to which everything is linked for certain: 0 when nothing is known of this epoch. */
export function readCheckpoint(log: RecordLog, definition: Definition, { epoch }: Version): number {
  for (const record of lastOf(log, checkpointStreamOf(definition), "$ProjectionCheckpoint")) {
    const origin = originOf(record);
    if (origin?.projection === definition.id) return origin.epoch === epoch ? origin.position : 0;
  }
  return 0;
}

/** Durable once it resolves. @throws ProjectionOutputRefused, StoreUnavailable */
export async function writeCheckpoint(
  log: RecordLog,
  definition: Definition,
  version: Version,
  position: number,
): Promise<void> {
  await append(log, definition, checkpointStreamOf(definition), {
    id: derivedId("system-projection-checkpoint", log.id, definition.name, version.epoch, position),
    type: "$ProjectionCheckpoint",
    data: "{}",
    metadata: `${originText(definition, version, position)}}`,
  });
}

function lastOf(log: RecordLog, streamName: string, type: string): readonly LogRecord[] {
  const page = log.readStream(streamName, "backwards", "end", lookBack);
  return page.kind === "records" ? page.records.filter((record) => record.type === type) : [];
}

async function append(
  log: RecordLog,
  definition: Definition,
  streamName: string,
  event: { readonly id: string; readonly type: string; readonly data: string; readonly metadata: string },
): Promise<void> {
  const { id, type } = event;
  const [data, metadata] = [Buffer.from(event.data), Buffer.from(event.metadata)];
  const record = { id, type, contentType: "application/json", data, metadata };
  const { kind } = await log.append(streamName, [record], "any");
  if (kind !== "written") throw new ProjectionOutputRefused(definition.name, streamName, refusals[kind]);
}

const refusals = {
  wrongRevision: "its last event cannot be told.",
  streamDeleted: "it was deleted for good, and nothing can be written to it any more.",
};
