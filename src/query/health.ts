/** Health over HTTP: whether the process lives, whether it is ready, how far everything is, and metrics. */

import type { Request } from "express";
import { RequestProblem } from "./problem.js";
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

/** In the text format of Prometheus. */
export async function showMetrics(_: Request, { exposition }: QueryContext): Promise<Reply> {
  if (!exposition)
    throw new RequestProblem(
      "NO_METRICS",
      'No metrics are declared. Add metrics({ name: "metrics" }) to the notifications of the application.',
    );
  const { contentType, text } = await exposition();
  return { contentType, body: text };
}
