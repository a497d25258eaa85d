/** `observe verify`: judges history again, aside, and compares it with what is recorded and serves. */

import { InvalidConfiguration, type Verification } from "../../src/index.js";
import { exitCodes, Interrupted, progress } from "../command-line.js";
import { coloured, counted } from "./layout.js";
import { observersOf, type Session } from "./session.js";

export async function verify(session: Session, names: readonly string[], all: boolean | undefined): Promise<void> {
  if (names.length > 0 === Boolean(all))
    throw new InvalidConfiguration(["Name the observers to verify, or say --all (and not both)."]);
  const { rollcall, signal } = session;
  const wanted = all ? observersOf(session).map(({ definition }) => definition.name) : names;
  for (const name of wanted) rollcall.observer(name);
  const results: Verification[] = [];
  for (const name of wanted) results.push(await verifyOne(session, name));
  session.print({ results, equal: results.every(isEqual) }, results.map(inWords).join("\n"));
  if (!results.every(isEqual)) process.exitCode = exitCodes.failed;
  signal.throwIfAborted();
}

export async function verifyOne({ rollcall, signal }: Session, name: string): Promise<Verification> {
  const shown = progress(name, undefined, "positions");
  try {
    return await rollcall.verify(name, { signal, onProgress: (position) => shown.update(Number(position)) });
  } catch (error) {
    if (error !== signal.reason || !(error instanceof Interrupted)) throw error;
    throw new Interrupted(error.exitCode, "Nothing was changed.");
  } finally {
    shown.end();
  }
}

export const isEqual = ({ differences }: { readonly differences: readonly unknown[] }) => differences.length === 0;

export function inWords(result: Verification): string {
  const { observer, version, events, flags, cases, position, differences } = result;
  const judged = `${observer} (version ${version}): ${counted(events, "event")} judged again, up to position ${position ?? "none"}`;
  if (isEqual(result))
    return `${judged}: ${counted(flags, "flag")} and ${counted(cases, "case")}, all as recorded and as served.`;
  return [
    coloured("red", `${judged}: ${counted(differences.length, "difference")}.`),
    ...differences.map(({ detail }) => `  ${detail}`),
    "  Nothing was changed. If a predicate was changed, raise the version; if a stream was truncated, keep what serves; else the read model is spoilt: rebuild it.",
  ].join("\n");
}
