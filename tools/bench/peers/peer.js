/**
 * What each peer is asked for, by a command line: `prepare EVENTS FOLDER` puts the events of a file of JSON lines into its
 * store; `rebuild FOLDER ROWS` makes the read model anew, says how long it took, and writes the rows as JSON lines.
 */

import { createReadStream, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { columns } from "./upsert.js";

/** Events as the bench wrote them: `{ streamName, revision, event }`. */
export async function* eventsIn(file) {
  for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.parse(line);
}

/** Runs `rebuild` once, timed; peers write to the console on their own, so the answer is a line with a mark. */
export async function timed(rebuild) {
  globalThis.gc?.();
  const started = performance.now();
  await rebuild();
  return performance.now() - started;
}

export const rowOf = (found) => [
  found.key,
  Object.fromEntries(
    columns.map((column) => [column, typeof found[column] === "bigint" ? Number(found[column]) : found[column]]),
  ),
];

export async function runPeer({ prepare, rebuild }) {
  const [step, from, to] = process.argv.slice(2);
  if (step === "prepare") await prepare(from, to);
  else {
    const { ms, rows } = await rebuild(from);
    writeFileSync(to, rows.map((row) => `${JSON.stringify(rowOf(row))}\n`).join(""));
    process.stdout.write(`\nrebuilt ${JSON.stringify({ ms })}\n`);
  }
  process.exit(0);
}
