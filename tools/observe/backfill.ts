/** `observe backfill`: a new observer, or version, judges what was recorded before it was defined. */

import {
  flagStream,
  hashOfDeclared,
  flagTypePrefix,
  type FlagData,
  type ObserverReadModel,
  type Rehearsal,
} from "../../src/index.js";
import { Interrupted, progress } from "../command-line.js";
import { counted } from "./layout.js";
import { observersNamed, type Session } from "./session.js";

const notified =
  "Flags of history are marked as backfill, and nobody is notified of them: reactors leave them alone unless they ask for them.";

export async function backfill(session: Session, name: string, dryRun: boolean | undefined): Promise<void> {
  const observer = observersNamed(session, [name])[0]!;
  const { version, hash } = observer.definition;
  const serving = await session.rollcall.readModels.activeGeneration(name);
  if (serving && hashOfDeclared(serving.definition) === hash) {
    const position = serving.checkpoint?.position;
    session.print(
      { observer: name, version, judged: true, position },
      `${name} version ${version} has judged its history already, up to position ${position ?? "none"}: nothing to do. (To make its cases anew: npm run rebuild -- ${name})`,
    );
    return;
  }
  await (dryRun ? rehearse(session, observer) : judge(session, observer));
}

async function rehearse({ rollcall, signal, print }: Session, { definition }: ObserverReadModel): Promise<void> {
  const { name } = definition;
  const rehearsal = await watched(name, signal, "Nothing was recorded.", (onProgress) =>
    rollcall.rehearse(name, { signal, onProgress: (position, through) => onProgress(position, through) }),
  );
  const { flags, cases, byKind, events, version } = rehearsal;
  const text = [
    `${name} version ${version} would judge ${counted(events, "event")} and raise ${flagsInWords({ flags, cases, byKind })}. Nothing was recorded.`,
    notified,
    `To do it: npm run observe -- backfill ${name}`,
  ];
  print({ ...rehearsal, dryRun: true }, text.join("\n"));
}

async function judge({ rollcall, signal, print }: Session, { definition }: ObserverReadModel): Promise<void> {
  const { name, version } = definition;
  const { flagsStore } = rollcall;
  const before = await flagsStore.head();
  const result = await watched(name, signal, `${name} serves as before.`, async (onProgress) => {
    const rebuilt = await rollcall.rebuild(name, {
      signal,
      onProgress: ({ position, head }) => onProgress(position ?? 0n, head ?? 0n),
    });
    // Stopped on request.
    if (!rebuilt.activated) throw signal.reason;
    return rebuilt;
  });
  const byKind: Record<string, number> = {};
  const cases = new Set<string>();
  let flags = 0;
  const filter = { streamPrefixes: [flagStream(flagsStore, definition)] };
  for await (const page of flagsStore.readLog({ after: before, filter, signal }))
    for (const { type, data } of page) {
      const { definition: of, case: key, backfill: isBackfill } = data as FlagData;
      if (of !== definition.hash || !isBackfill) continue;
      const kind = type.slice(flagTypePrefix.length);
      byKind[kind] = (byKind[kind] ?? 0) + 1;
      if (key !== undefined) cases.add(key);
      flags++;
    }
  const { events, position } = result;
  const done = { observer: name, version, events, position, flags, cases: cases.size, byKind, dryRun: false };
  const raised = flagsInWords(done);
  print(
    done,
    [
      `${name} version ${version} has judged ${counted(events, "event")}, recorded ${raised}, and serves.`,
      notified,
    ].join("\n"),
  );
}

async function watched<T>(
  label: string,
  signal: AbortSignal,
  advice: string,
  work: (onProgress: (position: bigint, through: bigint) => void) => Promise<T>,
): Promise<T> {
  let shown: ReturnType<typeof progress> | undefined;
  try {
    return await work((position, through) => {
      shown ??= progress(label, Number(through), "positions");
      shown.update(Number(position));
    });
  } catch (error) {
    if (error !== signal.reason || !(error instanceof Interrupted)) throw error;
    throw new Interrupted(error.exitCode, advice);
  } finally {
    shown?.end();
  }
}

function flagsInWords({ flags, cases, byKind }: Pick<Rehearsal, "flags" | "cases" | "byKind">): string {
  if (flags === 0) return "no flag";
  const kinds = Object.entries(byKind).map(([kind, count]) => `${count.toLocaleString("en")} ${kind}`);
  return `${counted(flags, "flag")} in ${counted(cases, "case")} (${kinds.join(", ")})`;
}
