/** Correlation travels by itself: what caused the present work, carried along every `await`. */

import { AsyncLocalStorage } from "node:async_hooks";

export interface MessageContext {
  /** Explicit correlation id; without one, a command takes that of its stream's first event. */
  readonly correlationId?: string | undefined;
  /** Id of the event that the present work reacts to. */
  readonly causationId?: string | undefined;
  /** W3C trace context. */
  readonly traceparent?: string | undefined;
}

const storage = new AsyncLocalStorage<MessageContext>();

/** The context of the present asynchronous call; empty outside of one. */
export const currentContext = (): MessageContext => storage.getStore() ?? {};

/** Runs `work` so that every command it sends belongs to `context`. */
export const runInContext = <T>(context: MessageContext, work: () => T): T => storage.run(context, work);
