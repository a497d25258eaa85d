/** `rebuild --dry-run`: what a rebuild would make, compared with what serves. */

import { InvalidConfiguration, UnknownReadModel, type ReadModelVerification } from "../../src/index.js";
import { exitCodes } from "../command-line.js";
import { observersOf, type Session } from "../observe/session.js";
import { isEqual } from "../observe/verify.js";
import { projectionInWords, verifyProjection } from "../verify/projection.js";

/** Differing rows that are named unless all are asked for. */
const namedUnlessAsked = 20;

/** @param names all projections when there is none */
export async function dryRun(session: Session, names: readonly string[], namesAll = false): Promise<void> {
  const { rollcall, json } = session;
  const observers = observersOf(session).map(({ definition }) => definition.name);
  const projections = rollcall.readModelNames.filter((name) => !observers.includes(name));
  const observed = names.filter((name) => observers.includes(name));
  if (observed.length > 0)
    throw new InvalidConfiguration(
      observed.map((name) => `${name} is an observer. See beforehand: npm run observe -- backfill ${name} --dry-run`),
    );
  const unknown = names.find((name) => !projections.includes(name));
  if (unknown !== undefined) throw new UnknownReadModel(unknown, projections);
  const results: ReadModelVerification[] = [];
  for (const name of names.length > 0 ? names : projections) {
    const result = await verifyProjection(session, name);
    results.push(result);
    if (!json) process.stdout.write(`${projectionInWords(result, namesAll ? Infinity : namedUnlessAsked)}\n`);
  }
  const equal = results.every(isEqual);
  if (json) session.print({ results, equal }, "");
  if (!equal) process.exitCode = exitCodes.failed;
}
