/** `rebuild NAME --until MOMENT --as LABEL`: a projection as it was, beside what serves. */

import { InvalidArgumentError } from "commander";
import type { Moment } from "../../src/index.js";
import { Interrupted } from "../command-line.js";
import { counted } from "../observe/layout.js";
import type { Session } from "../observe/session.js";
import { watching } from "./watching.js";

/** A position of the log, or a time by ISO 8601. @throws InvalidArgumentError */
export function momentOf(text: string): Moment {
  if (/^\d{1,19}$/.test(text)) return { position: BigInt(text) };
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(timeMs)) return { timeMs };
  throw new InvalidArgumentError("Expected a position of the log, or a time such as 2026-01-31T12:00:00Z.");
}

export async function buildUntil(
  { rollcall, signal, print }: Session,
  name: string,
  moment: Moment,
  label: string,
): Promise<void> {
  const end = "position" in moment ? moment.position : undefined;
  const { activated, ...result } = await watching(
    `${name}~${label}`,
    () => end,
    (onProgress) => rollcall.rebuildUntil(name, moment, label, { signal, onProgress }),
  );
  if (!activated) throw new Interrupted((signal.reason as Interrupted).exitCode, "Nothing was changed.");
  print(
    { ...result, label, path: `/read-models/${name}~${label}` },
    `${name}: built from ${counted(result.events, "event")}, up to position ${result.position ?? "none"}. Ask for it at /read-models/${name}~${label}; npm run projections -- prune ${name} drops it.`,
  );
}
