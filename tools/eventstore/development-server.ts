/** Everything that a development server consists of, opened and closed in order: file, log, projections, services. */

import { randomUUID } from "node:crypto";
import { own } from "./ownership.js";
import type { RecordLog } from "./record-log.js";
import { startEventStoreServer, type EventStoreServer, type EventStoreServerOptions } from "./server.js";
import { projectionsService } from "./services/projections.js";
import { openRecordLog } from "./sqlite-record-log.js";
import { startSystemProjections, type SystemProjections } from "./system-projections.js";

export interface DevelopmentServerOptions extends Omit<EventStoreServerOptions, "log" | "services"> {
  /** Created when it is not there. */
  readonly file: string;
  /** Enables the system projections, as if a user had done so. */
  readonly runProjections?: boolean;
  /** A projection has failed and stands still. */
  readonly onFailure?: (projection: string, error: Error) => void;
}

export interface DevelopmentServer extends EventStoreServer {
  readonly log: RecordLog;
  readonly projections: SystemProjections;
}

/**
 * @throws FileAlreadyServed
 * @throws IncompatibleStore when the file is not a log.
 * @throws InvalidConfiguration when it cannot listen.
 */
export async function startDevelopmentServer(options: DevelopmentServerOptions): Promise<DevelopmentServer> {
  const { file, runProjections = false, onFailure } = options;
  const closing: (() => void | Promise<void>)[] = [own(file)];
  const closeAll = async () => {
    for (const each of closing.toReversed()) await each();
  };
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= closeAll());
  try {
    const log = await openRecordLog({ file });
    closing.push(() => log.close());
    await recordCreation(log);
    const projections = startSystemProjections(log, { enabled: runProjections, onFailure });
    closing.push(() => projections.stop());
    const server = await startEventStoreServer({ ...options, log, services: [projectionsService(projections)] });
    return {
      ...server,
      log,
      projections,
      stop: () => server.stop().then(close),
      kill: () => server.kill().then(close),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A real server records its own events from the first moment on; who reads everything has to expect such. */
async function recordCreation(log: RecordLog): Promise<void> {
  if (log.head() > 0) return;
  const data = Buffer.from(JSON.stringify({ software: "Rollcall development server", log: log.id }));
  const created = { id: randomUUID(), type: "$ServerCreated", contentType: "application/json", data };
  await log.append("$server", [{ ...created, metadata: new Uint8Array() }], "no_stream");
}
