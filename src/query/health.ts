/** Health over HTTP: whether the process lives, whether it is ready, and how far everything is. */

import type { Request } from "express";
import type { QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";

/** Of the process only: a store that does not answer is no reason to restart it. */
export const showLive = (): Reply => ({ body: { live: true } });

export async function showReady(_: Request, context: QueryContext): Promise<Reply> {
  const { ready, reasons } = await context.readiness();
  return { status: ready ? 200 : 503, body: { ready, reasons } };
}

export const showStatus = async (_: Request, context: QueryContext): Promise<Reply> => ({
  body: await context.status(),
});
