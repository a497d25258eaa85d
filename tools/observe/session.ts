/** What the commands of `observe` work on: the application, opened and not started, and how results are printed. */

import { existsSync } from "node:fs";
import { configurationFrom, InvalidConfiguration, Rollcall, UnknownReadModel } from "../../src/index.js";
import type { ObserverReadModel } from "../../src/index.js";
import { connecting } from "../command-line.js";
import { loadApplication } from "../load-application.js";
import { isEventStoreDb } from "../open-store.js";

export interface CommonOptions {
  readonly app?: string;
  readonly json?: boolean;
}

export interface Session {
  readonly rollcall: Rollcall;
  readonly signal: AbortSignal;
  readonly json: boolean;
  /** Writes the result: as JSON with `--json`, else as text. */
  readonly print: (result: object, text: string) => void;
}

/** Opens the application, and closes it at the end. Nothing of it runs. */
export async function withSession(
  { app, json = false }: CommonOptions,
  signal: AbortSignal,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const definition = await loadApplication(app);
  const configuration = configurationFrom(process.env);
  const { store } = configuration;
  if (store === "memory:")
    throw new InvalidConfiguration(["ROLLCALL_STORE is memory:, of which another process sees nothing. Name a log."]);
  // Opening a file that is not there would make it; and who is in the wrong folder wants to know.
  if (!isEventStoreDb(store) && !existsSync(store))
    throw new InvalidConfiguration([
      `ROLLCALL_STORE is ${store}, which is not there. Name a log, or change the folder.`,
    ]);
  const rollcall = await connecting(store, Rollcall.open(definition, { ...configuration, roles: [] }), {
    signal,
    json,
    leave: (open) => open.stop(),
  });
  const print = (result: object, text: string) =>
    void process.stdout.write(`${json ? JSON.stringify(result, plainly) : text.trimEnd()}\n`);
  try {
    await work({ rollcall, signal, json, print });
  } finally {
    await rollcall.stop();
  }
}

const plainly = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

export const observersOf = ({ rollcall }: Session): readonly ObserverReadModel[] => rollcall.assembly.observers;

/** The observers of these names; all when none is named. @throws UnknownReadModel */
export const observersNamed = (session: Session, names: readonly string[]): readonly ObserverReadModel[] =>
  names.length === 0 ? observersOf(session) : names.map((name) => session.rollcall.observer(name));

/** `undefined` for an observer that nobody has begun to build. */
export async function whereBuilt<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof UnknownReadModel) return undefined;
    throw error;
  }
}
