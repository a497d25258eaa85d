/** Where a link points to. */

import { tombstoneRevision } from "./record-log.js";

export interface LinkTarget {
  readonly streamName: string;
  /** -1: the last record of the stream. */
  readonly revision: bigint;
}

/** The target written as `<revision>@<stream>`; `undefined` for anything else. */
export function linkTarget(data: Uint8Array): LinkTarget | undefined {
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString("utf8");
  const at = text.indexOf("@");
  const number = text.slice(0, at);
  if (at < 0 || at === text.length - 1 || !/^\s*[+-]?\d+\s*$/.test(number)) return undefined;
  const revision = BigInt(number.trim().replace(/^\+/, ""));
  return revision < -1n || revision > tombstoneRevision ? undefined : { streamName: text.slice(at + 1), revision };
}
