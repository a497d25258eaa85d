/** What every command line here shares: errors as exit codes, a Ctrl-C that stops cleanly, and progress on stderr. */

import { CommanderError } from "commander";
import { InvalidConfiguration, RollcallError } from "../src/errors.js";
import { Pace, type Besides, type Standing } from "./pace.js";

/** A signal asked the command to stop, and it did. */
export class Interrupted extends RollcallError {
  readonly code = "INTERRUPTED";
  constructor(
    readonly exitCode: number,
    advice = "",
  ) {
    super(`Interrupted. ${advice}`.trim());
  }
}

export const exitCodes = { done: 0, failed: 1, usage: 2, store: 3, interrupted: 130 } as const;

/** What `run` does; to be shown by `--help`. */
export const exitCodesInWords =
  "Exit codes: 0 done, 1 invalid input or failure, 2 usage, 3 the store failed, 130 interrupted (Ctrl-C), 143 terminated.";

const storeCodes = new Set([
  "STORE_UNAVAILABLE",
  "STORE_CLOSED",
  "INCOMPATIBLE_STORE",
  "STREAM_DELETED",
  "ACCESS_DENIED",
  "UNTRUSTED_CONNECTION",
  "UNEXPECTED_ANSWER",
  "WRONG_EXPECTED_REVISION",
]);

/** Whether an error comes from the event store, and not from what was asked of it. */
export const isStoreFailure = (error: unknown): boolean => error instanceof RollcallError && storeCodes.has(error.code);

function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof InvalidConfiguration) return exitCodes.usage;
  return isStoreFailure(error) ? exitCodes.store : exitCodes.failed;
}

/**
 * Runs a command to its end and sets the exit code. `signal` aborts with an `Interrupted` at the first SIGINT or
 * SIGTERM; a second one ends the process at once. Errors go to stderr, with `--verbose` with their stack; with `--json`
 * they go to stdout, as `{ "error": { code, message, … } }`. A reader of the output that goes away, as `head` does, is a
 * request to stop, and quietly. Use commander with `exitOverride()`.
 */
export async function run(main: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = (exitCode: number) => () => {
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort(new Interrupted(exitCode));
  };
  let unread = false;
  const onOutputError = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    unread = true;
    controller.abort(new Interrupted(exitCodes.done));
  };
  // Never taken away: what is written last may fail when all is over.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", onOutputError);
  const handlers = { SIGINT: stop(exitCodes.interrupted), SIGTERM: stop(143) };
  for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
  try {
    await main(controller.signal);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    // What commander throws it has said already.
    if (!(error instanceof CommanderError) && !(unread && error instanceof Interrupted)) report(error);
  } finally {
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
  }
  // Whoever stopped waiting for a store leaves timers and connections behind, which would keep the process.
  if (controller.signal.aborted) await exitWhenWritten();
}

/** Ends the process as soon as its output is written, whatever else is under way. */
export async function exitWhenWritten(): Promise<never> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((done) => stream.write("", () => done()))),
  );
  process.exit();
}

/** Writes what happened to stdout: with `--json` as an object of that kind on a line, else as text. */
export const printer =
  (json: boolean | undefined) =>
  (kind: string, fields: object, text: string): void => {
    process.stdout.write(`${json ? JSON.stringify({ kind, ...fields }) : text}\n`);
  };

function report(error: unknown): void {
  const known = error instanceof Error ? error : new Error(String(error));
  if (process.argv.includes("--json")) {
    const { name: _, ...fields } = Object.assign({}, known, { message: known.message });
    const json = JSON.stringify({ error: fields }, (_key, value: unknown) =>
      typeof value === "bigint" ? `${value}` : value,
    );
    process.stdout.write(`${json}\n`);
  }
  const verbose = process.argv.includes("--verbose");
  const unexpected = !(known instanceof RollcallError) && !verbose ? " (--verbose shows where)" : "";
  process.stderr.write(`${verbose ? known.stack : known.message + unexpected}\n`);
}

export interface ConnectingOptions<T> {
  readonly signal: AbortSignal;
  /** Nothing is said. */
  readonly json?: boolean | undefined;
  /** Closes what has opened when nobody wanted it any more. */
  readonly leave: (opened: T) => Promise<unknown>;
}

/**
 * Waits for what opens at `place`, and tells people on stderr once it takes long.
 * @throws the signal's reason at once, and what opening throws
 */
export async function connecting<T>(
  place: string,
  opening: Promise<T>,
  { signal, json, leave }: ConnectingOptions<T>,
): Promise<T> {
  const telling = setTimeout(() => {
    if (!json) process.stderr.write(`Connecting to ${place} …\n`);
  }, silentMs);
  let giveUp = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error);
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
  });
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    // What it comes to now, be it an error, is nobody's concern.
    opening.then(leave).catch(() => {});
    throw error;
  } finally {
    clearTimeout(telling);
    signal.removeEventListener("abort", giveUp);
  }
}

const silentMs = 2_000;
const redrawMs = 100;
const lineMs = 5_000;

export interface Progress {
  /** `done` of the total is done. Call it as often as you like. */
  update(done: number, besides?: Besides): void;
  /** Erases what is drawn. */
  end(): void;
}

/**
 * Progress on stderr: on a terminal one line that is redrawn, else a line every few seconds; nothing of what takes less
 * than two seconds. Without `total` the time left is unknown.
 */
export function progress(label: string, total?: number, unit = "events"): Progress {
  const { stderr } = process;
  const started = performance.now();
  const pace = new Pace(total);
  let drawn: number | undefined;
  return {
    update(done, besides) {
      const now = performance.now();
      const standing = pace.at(done, now, besides);
      const due = drawn === undefined ? started + silentMs : drawn + (stderr.isTTY ? redrawMs : lineMs);
      if (now < due) return;
      drawn = now;
      const text = `${label}: ${inWords(done, total, unit, standing)}`;
      stderr.write(stderr.isTTY ? `\r\u001b[K${text.slice(0, (stderr.columns || 80) - 1)}` : `${text}\n`);
    },
    end() {
      if (drawn !== undefined && stderr.isTTY) stderr.write("\r\u001b[K");
    },
  };
}

function inWords(done: number, total: number | undefined, unit: string, { perSecond, leftMs }: Standing): string {
  const count = (n: number) => Math.round(n).toLocaleString("en");
  const rate = `${count(perSecond)}/s`;
  if (total === undefined) return `${count(done)} ${unit}, ${rate}`;
  const secondsLeft = leftMs === undefined ? undefined : Math.ceil(leftMs / 1_000);
  const left =
    secondsLeft === undefined ? "?" : secondsLeft < 90 ? `${secondsLeft} s` : `${count(secondsLeft / 60)} min`;
  return `${Math.floor((100 * done) / Math.max(1, total))} % of ${count(total)} ${unit}, ${rate}, ${left} left`;
}
