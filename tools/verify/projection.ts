/** A projection that is built from history again, aside, and what of its rows differs from what serves. */

import type { ReadModelVerification, RowVerdict, Sample } from "../../src/index.js";
import { Interrupted, progress } from "../command-line.js";
import { coloured, counted } from "../observe/layout.js";
import type { Session } from "../observe/session.js";

/** @throws UnknownReadModel, Interrupted */
export async function verifyProjection(
  { rollcall, signal }: Pick<Session, "rollcall" | "signal">,
  name: string,
  sample?: Sample,
): Promise<ReadModelVerification> {
  const shown = progress(name, undefined, "positions");
  try {
    const onProgress = (position: bigint) => shown.update(Number(position));
    return await rollcall.verifyProjection(name, { signal, onProgress, ...(sample && { sample }) });
  } catch (error) {
    if (error !== signal.reason || !(error instanceof Interrupted)) throw error;
    throw new Interrupted(error.exitCode, "Nothing was changed.");
  } finally {
    shown.end();
  }
}

/** @param mostKeys how many of the differing keys are named */
export function projectionInWords(result: ReadModelVerification, mostKeys = Infinity): string {
  const { name, version, servingVersion, isDeclared, events, rows, position, differences, sample } = result;
  const part = sample ? ` (a sample of ${sample.fraction * 100} %, seed ${sample.seed})` : "";
  const built = `${name} (version ${version}): ${counted(rows, "row")}${part} from ${counted(events, "event")}, up to position ${position ?? "none"}`;
  if (differences.length === 0) return `${built}: all as served.`;
  const count = (change: RowVerdict["change"]) => differences.filter((each) => each.change === change).length;
  const counts = `${count("added")} added, ${count("removed")} removed, ${count("changed")} changed`;
  const unsaid = differences.length - mostKeys;
  return [
    coloured("red", `${built}; against what serves (version ${servingVersion}): ${counts}.`),
    ...differences.slice(0, mostKeys).map(verdictInWords),
    ...(unsaid > 0 ? [`  … and ${unsaid.toLocaleString("en")} more: --diff names them all.`] : []),
    isDeclared
      ? "  Nothing was changed. If the fold was changed, raise the version; else the rows are spoilt: rebuild it."
      : "  Nothing was changed. A rebuild would make these changes.",
  ].join("\n");
}

const signs = { added: "+", removed: "-", changed: "~" } as const;

const verdictInWords = ({ key, change, fields }: RowVerdict): string =>
  `  ${signs[change]} ${JSON.stringify(key)}${fields ? `: ${fields.join(", ")}` : ""}`;
