/** To which log the streams of read-only operation belong: remembered beside them, since nothing is written into the log. */

import { IncompatibleStore, WrongExpectedRevision } from "../errors.js";
import { derivedId, randomId } from "../message/index.js";
import type { EventStore, Page } from "./event-store.js";

/** A log that is only read. */
export interface ReadableLog extends EventStore {
  /** The identity that is on record in the log, where it may have none; others always have theirs. */
  identity?(): Promise<string | undefined>;
}

/** An event by which a log is known again. */
interface Witness {
  readonly id: string;
  readonly position: string;
  /** Position of the event before it: EventStoreDB reads only from where one is. Absent for the first of the log. */
  readonly after?: string;
}

interface LogBound {
  readonly storeId: string;
  /** It is on record in the log itself. */
  readonly isOfLog: boolean;
  readonly witnesses: readonly Witness[];
}

const boundType = "store.LogBound";

/** So many of the first events are remembered: some may be scavenged later, hardly all of them. */
const witnessCount = 10;

/**
 * The identity of the log: its own, or one that is made up the first time.
 * @throws IncompatibleStore when `own` belongs to another log
 */
export async function boundIdentity(log: ReadableLog, own: EventStore): Promise<string> {
  for (;;) {
    const found = await lastBound(own);
    const inLog = log.identity ? await log.identity() : await log.storeId();
    if (found && (inLog === found.bound.storeId || (await isKnownAgain(log, found.bound, inLog)))) {
      if (found.bound.isOfLog || found.bound.witnesses.length > 0) return found.bound.storeId;
      const witnesses = await witnessesOf(log);
      // While the log is empty there is nothing to know it by.
      if (witnesses.length === 0) return found.bound.storeId;
      await bind(own, { ...found.bound, witnesses }, found.revision + 1n);
    } else if (found) {
      throw new IncompatibleStore(
        `The flags and clocks that are kept for read-only operation belong to log ${found.bound.storeId}, found ${inLog === undefined ? "a log without its first events" : `log ${inLog}`}. Name the log that they belong to, or other read models (ROLLCALL_READ_MODELS), which have a file of their own for them.`,
      );
    } else {
      const bound = { storeId: inLog ?? randomId(), isOfLog: inLog !== undefined, witnesses: await witnessesOf(log) };
      await bind(own, bound, 0n);
    }
  }
}

const bindingStream = ({ streamPrefix }: EventStore): string => `${streamPrefix}log`;

async function lastBound(
  own: EventStore,
): Promise<{ readonly bound: LogBound; readonly revision: bigint } | undefined> {
  for await (const [event] of own.readStream(bindingStream(own), { direction: "backwards", limit: 1 }))
    return { bound: event!.data as LogBound, revision: event!.revision };
  return undefined;
}

async function bind(own: EventStore, bound: LogBound, revision: bigint): Promise<void> {
  const event = { id: derivedId("log-bound", revision, bound.storeId), type: boundType, data: bound };
  try {
    await own.append(bindingStream(own), [event], { expectedRevision: revision === 0n ? "no_stream" : revision - 1n });
  } catch (error) {
    // Another process was first: what it wrote counts.
    if (!(error instanceof WrongExpectedRevision)) throw error;
  }
}

/** An identity that was made up stays, also when somebody writes one into the log later. */
async function isKnownAgain(log: EventStore, { isOfLog, witnesses }: LogBound, inLog: string | undefined) {
  if (isOfLog && inLog !== undefined) return false;
  if (witnesses.length === 0) return true;
  for (const witness of witnesses) if (await isThere(log, witness)) return true;
  return false;
}

async function isThere(log: EventStore, { id, position, after }: Witness): Promise<boolean> {
  const [event] = await firstPage(log.readLog({ after: after === undefined ? undefined : BigInt(after) }));
  return event?.id === id && String(event.position) === position;
}

async function firstPage(pages: AsyncIterable<Page>): Promise<Page> {
  for await (const page of pages) return page;
  return [];
}

async function witnessesOf(log: EventStore): Promise<Witness[]> {
  const witnesses: Witness[] = [];
  let after: string | undefined;
  for await (const page of log.readLog())
    for (const { id, type, position } of page) {
      // The server's own records, statistics first of all, do not last.
      if (!type.startsWith("$"))
        witnesses.push({ id, position: String(position), ...(after !== undefined && { after }) });
      if (witnesses.length >= witnessCount) return witnesses;
      after = String(position);
    }
  return witnesses;
}
