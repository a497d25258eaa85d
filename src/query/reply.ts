/** Replies: what a handler returns, and how it, or the problem it met, is sent. */

import type { Request, RequestHandler, Response } from "express";
import { problemOf, RequestProblem } from "./problem.js";

export interface Reply {
  /** 200 unless stated. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON value; a text where `contentType` is stated. */
  readonly body: unknown;
  /** `application/json` unless stated. */
  readonly contentType?: string;
}

export type Handler = (request: Request) => Reply | Promise<Reply>;

/**
 * The handler as Express wants it. What it has not answered within the deadline is answered with a problem; its own
 * reply is then dropped.
 */
export function replying(handler: Handler, answerWithinMs: number): RequestHandler {
  return async (request, response) => send(response, await inTime(handler(request), answerWithinMs));
}

export function sendProblem(request: Request, response: Response, error: unknown): void {
  const { status, type, title, detail, code, members, headers } = problemOf(error);
  const [instance] = request.originalUrl.split("?", 1);
  send(
    response,
    { status, headers, body: { type, title, status, detail, code, instance, ...members } },
    "application/problem+json",
  );
}

/** Written at once and not by `response.json`, whose every step looks up a setting. */
function send(response: Response, reply: Reply, jsonType = "application/json"): void {
  const { status = 200, headers = {}, body, contentType } = reply;
  const text = contentType === undefined ? JSON.stringify(body) : (body as string);
  response
    .writeHead(status, {
      "Content-Type": contentType ?? jsonType,
      "Content-Length": Buffer.byteLength(text),
      // Everything here changes with the log.
      "Cache-Control": "no-store",
      ...headers,
    })
    .end(text);
}

async function inTime(reply: Reply | Promise<Reply>, answerWithinMs: number): Promise<Reply> {
  if (!(reply instanceof Promise)) return reply;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new RequestProblem(
            "NO_ANSWER_IN_TIME",
            `There is no answer after ${answerWithinMs} ms. A command may have been recorded: send it again with the same Idempotency-Key.`,
          ),
        ),
      answerWithinMs,
    );
    // The connection keeps the process alive for as long as somebody waits for the answer.
    timer.unref();
  });
  try {
    return await Promise.race([reply, late]);
  } finally {
    clearTimeout(timer);
  }
}
