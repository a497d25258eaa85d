/** `parked retry` and `parked drop`: whoever works on the subscription is asked, and what it did is told. */

import { InvalidConfiguration, NotParked, parkingNamed, type ParkedAnswer } from "../../src/index.js";
import { exitCodes, Interrupted } from "../command-line.js";
import { coloured, counted } from "../observe/layout.js";
import type { Session } from "../observe/session.js";
import { whoAsks } from "../projections/pause.js";

interface AskingOptions {
  readonly by?: string;
  /** In seconds. */
  readonly timeout: number;
}

export interface RetryOptions extends AskingOptions {
  readonly all?: boolean;
}

export interface DropOptions extends AskingOptions {
  readonly reason: string;
  readonly yes?: boolean;
}

export async function retry(
  session: Session,
  name: string,
  positions: readonly bigint[],
  { all, ...options }: RetryOptions,
): Promise<void> {
  if (positions.length > 0 === Boolean(all))
    throw new InvalidConfiguration(["Name the positions to deliver again, or say --all (and not both)."]);
  await ask(session, name, { kind: "retry", positions: all ? "all" : positions }, options);
}

export async function drop(
  session: Session,
  name: string,
  positions: readonly bigint[],
  { yes, reason, ...options }: DropOptions,
): Promise<void> {
  const { rollcall, print } = session;
  const { name: of, subscription } = parkingNamed(rollcall.subscriptions, name);
  const parked = await rollcall.readModels.parked(subscription);
  const unknown = positions.find((position) => !parked.some((event) => event.position === position));
  if (unknown !== undefined) throw new NotParked(of, unknown);
  if (yes) return ask(session, name, { kind: "drop", positions, reason }, options);
  const events = parked.filter(({ position }) => positions.includes(position));
  const lines = events.map(
    ({ position, eventType, streamName, revision, error }) =>
      `  ${position}  ${eventType} (${streamName}, revision ${revision}): ${error}`,
  );
  const warning = `Nothing was dropped. ${of} would never deliver ${counted(events.length, "event")}; those that wait behind would be. To do it, say it again with --yes.`;
  print({ dropped: [], wouldDrop: events }, [...lines, coloured("yellow", warning)].join("\n"));
}

async function ask(
  { rollcall, signal, print }: Session,
  name: string,
  request: { readonly kind: "retry" | "drop"; readonly positions: readonly bigint[] | "all"; readonly reason?: string },
  { by = whoAsks(), timeout }: AskingOptions,
): Promise<void> {
  const answering = { answeredWithinMs: timeout * 1_000, begunWithinMs: Math.min(10, timeout) * 1_000, signal };
  const answer = await rollcall.askAboutParked(name, { ...request, by }, answering).catch((error: unknown) => {
    if (error === signal.reason && error instanceof Interrupted)
      throw new Interrupted(error.exitCode, "If somebody had begun with it, it goes on: see npm run parked -- list.");
    throw error;
  });
  if (!answer) {
    const text = `It is under way, and has taken longer than ${timeout} s. It goes on; see how far: npm run parked -- list ${name}`;
    return print({ outcome: "under way" }, text);
  }
  print({ outcome: "answered", ...answer }, inWords(answer));
  if (answer.failed.length + answer.unknown.length > 0) process.exitCode = exitCodes.failed;
}

function inWords({ delivered, dropped, failed, unknown }: ParkedAnswer): string {
  const lines = [
    ...(delivered.length > 0 ? [coloured("green", `Delivered: ${delivered.join(", ")}.`)] : []),
    ...(dropped.length > 0 ? [`Dropped, and put on record: ${dropped.join(", ")}.`] : []),
    ...failed.map(({ position, error }) =>
      coloured("red", `Failed again: ${position}: ${error} It stays parked, and so does what waits behind it.`),
    ),
    ...(unknown.length > 0 ? [`Not parked: ${unknown.join(", ")}.`] : []),
  ];
  return lines.join("\n") || "Nothing is parked.";
}
