/** Reads that end: what they need, their answers as they come, and the read of a single event. */

import type { Clock } from "../../clock.js";
import { StoreClosed } from "../../errors.js";
import type { ClientCalls } from "./client-calls.js";
import { failureOf, type Asked } from "./failures.js";
import { Patience } from "./patience.js";
import { ReadCall } from "./read-call.js";
import type { streams } from "./stubs.js";

/** What every read needs to know of its store. */
export interface Reading {
  readonly calls: ClientCalls;
  readonly clock: Clock;
  /** How long the server may be silent, and for how long it is tried again then, in milliseconds. */
  readonly readTimeoutMs: number;
  /** Aborts when the store is closed. */
  readonly closed: AbortSignal;
  /** Who reads, in words. */
  readonly who: string;
}

/** The answers to one finite read, in the lists in which they came. @throws Interruption, ServiceError, StoreClosed */
export async function* answersTo(
  { calls, clock, readTimeoutMs, closed }: Reading,
  request: streams.ReadReq,
  what: string,
): AsyncGenerator<readonly streams.ReadResp[], void> {
  if (closed.aborted) throw new StoreClosed(what);
  const call = await ReadCall.start(calls, request, clock, readTimeoutMs, closed);
  try {
    for (;;) {
      const answers = closed.aborted ? undefined : await call.take(clock, readTimeoutMs, closed);
      if (closed.aborted) throw new StoreClosed(what);
      if (!answers) throw call.abandon(readTimeoutMs);
      if (answers.length === 0) return;
      yield answers;
    }
  } finally {
    call.cancel();
  }
}

/**
 * Reads again from where `attempt` says it was, until it ends without being interrupted.
 * @throws StoreUnavailable when interruptions last; StoreClosed; and what is no interruption.
 */
export async function* resuming<T>(
  { clock, readTimeoutMs, closed }: Reading,
  asked: Asked,
  attempt: () => AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  const patience = new Patience(asked.what, clock, readTimeoutMs);
  for (;;) {
    try {
      for await (const each of attempt()) {
        patience.progress();
        yield each;
      }
      return;
    } catch (error) {
      if (closed.aborted) throw new StoreClosed(asked.what);
      await patience.failed(failureOf(error, asked), closed);
    }
  }
}

/** The first event that a finite read finds. @throws StoreUnavailable, StoreClosed, AccessDenied, StreamDeleted */
export async function firstEvent(
  reading: Reading,
  request: streams.ReadReq,
  asked: Asked,
  isWanted: (event: streams.ReadResp.ReadEvent) => boolean = () => true,
): Promise<streams.ReadResp.ReadEvent | undefined> {
  for await (const answers of resuming(reading, asked, () => answersTo(reading, request, asked.what)))
    for (const answer of answers) {
      const event = answer.getEvent();
      if (event && isWanted(event)) return event;
    }
  return undefined;
}
