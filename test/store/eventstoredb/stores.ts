/** Stores over scripted servers, which are not asked anything before the test does. */

import { connectionOf, type ConnectionOptions } from "../../../src/store/eventstoredb/connection.js";
import { EventStoreDbEventStore, type EventStoreDbSettings } from "../../../src/store/eventstoredb/event-store-db.js";
import type { RollcallError } from "../../../src/errors.js";
import type { RecordedEvent } from "../../../src/message/index.js";
import type { Page } from "../../../src/store/index.js";
import type { Certificate } from "../../../tools/eventstore/certificate.js";
import { ScriptedServer, type Script } from "./scripted-server.js";

export interface Scripted {
  readonly server: ScriptedServer;
  readonly store: EventStoreDbEventStore;
}

const opened: (() => Promise<void> | void)[] = [];

/** What failed with nobody to hear of it, which would be the end of a process without tests; and listeners that pile up. */
const unheard: unknown[] = [];
process.on("unhandledRejection", (reason) => unheard.push(reason));
process.on("warning", (warning) => {
  if (warning.name === "MaxListenersExceededWarning") unheard.push(warning);
});

/** Closes everything that was opened since it was last called. @throws what failed unheard meanwhile */
export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close();
  for (const reason of unheard.splice(0)) throw reason;
}

/** A store that is not checked; times are short unless stated. */
export function storeOf(connection: ConnectionOptions, settings: EventStoreDbSettings = {}): EventStoreDbEventStore {
  const store = new EventStoreDbEventStore(connectionOf(connection), {
    appendDeadlineMs: 5_000,
    readTimeoutMs: 5_000,
    ...settings,
  });
  opened.push(() => store.close());
  return store;
}

export async function serverOf(script: Script, certificate?: Certificate): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script, certificate);
  opened.push(() => server.stop());
  return server;
}

export async function scripted(script: Script, settings?: EventStoreDbSettings): Promise<Scripted> {
  const server = await serverOf(script);
  return { server, store: storeOf({ connectionString: server.connectionString }, settings) };
}

export async function eventsOf(pages: AsyncIterable<Page>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of pages) events.push(...page);
  return events;
}

/** The error of ours that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<RollcallError> {
  try {
    await promise;
  } catch (error) {
    return error as RollcallError;
  }
  throw new Error("Expected a rejection, found none.");
}
