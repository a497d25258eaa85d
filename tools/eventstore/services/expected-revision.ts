/** The state that a writer expects its stream to be in, as requests say it. */

import type { ExpectedRevision } from "../../../src/store/index.js";
import { invalidArgument } from "./status.js";

/** The options of an append, a deletion or a tombstone. */
interface Expecting {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

interface ExpectingRevision extends Expecting {
  hasRevision(): boolean;
  getRevision(): string;
}

interface ExpectingPosition extends Expecting {
  hasStreamPosition(): boolean;
  getStreamPosition(): string;
}

/** @throws RpcError when nothing is stated */
export function expectedRevision(options: ExpectingRevision | ExpectingPosition): ExpectedRevision {
  if (options.hasNoStream()) return "no_stream";
  if (options.hasAny()) return "any";
  if (options.hasStreamExists()) return "stream_exists";
  const revision = "hasRevision" in options ? options.getRevision() : options.getStreamPosition();
  const stated = "hasRevision" in options ? options.hasRevision() : options.hasStreamPosition();
  if (!stated) throw invalidArgument("An expected revision, no_stream, any or stream_exists is required.");
  if (BigInt(revision) >= 2n ** 63n) throw invalidArgument(`A revision must be below 2^63, found ${revision}.`);
  return BigInt(revision);
}
