/** A notification that posts each flag to a URL, signed as Standard Webhooks has it. */

import { Secret } from "../secret.js";
import type { DeliveryContext, Notification } from "./notification.js";
import type { RaisedFlag } from "./raised-flag.js";
import { causeOf, failureOf, noAnswer } from "./webhook-answer.js";
import { defaultTimeoutMs, webhookProblems, webhookWarnings, type WebhookOptions } from "./webhook-options.js";
import { signatureOf, textOfSecret } from "./webhook-signature.js";

export function webhook(options: WebhookOptions): Notification {
  const { url, secret, timeoutMs = defaultTimeoutMs, apiUrl, ...rest } = options;
  const post = poster(url, new Secret(textOfSecret(secret)), timeoutMs);
  return {
    ...rest,
    problems: webhookProblems(options),
    warnings: webhookWarnings(options),
    deliver: (flag, context) =>
      post(flag.id, JSON.stringify(apiUrl === undefined ? flag : { ...flag, links: linksOf(flag, apiUrl) }), context),
  };
}

/** What it needs to know stays in the closure, where nothing that is printed shows it. */
function poster(url: string, secret: Secret, timeoutMs: number) {
  return async (id: string, body: string, { attempt, signal, clock }: DeliveryContext): Promise<void> => {
    const timestamp = String(Math.floor(clock.now() / 1_000));
    const headers = {
      "content-type": "application/json",
      "user-agent": "rollcall",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": signatureOf(id, timestamp, body, secret),
      "rollcall-attempt": String(attempt),
    };
    const what = `${new URL(url).origin} was to take flag ${id}`;
    const answer = await answerTo(url, { method: "POST", headers, body }, what, timeoutMs, signal);
    // The status counts, whatever comes with it.
    await answer.body?.cancel().catch(() => undefined);
    const failure = failureOf(answer, what, clock.now());
    if (failure) throw failure;
  };
}

/** @throws DeliveryFailed when none came in time */
async function answerTo(url: string, request: RequestInit, what: string, timeoutMs: number, stopped: AbortSignal) {
  const ended = new AbortController();
  const end = () => ended.abort();
  const timer = setTimeout(end, timeoutMs);
  stopped.addEventListener("abort", end, { once: true });
  try {
    return await fetch(url, { ...request, redirect: "manual", signal: ended.signal });
  } catch (error) {
    throw noAnswer(what, ended.signal.aborted ? `no answer within ${timeoutMs} ms` : causeOf(error));
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener("abort", end);
  }
}

function linksOf({ observer, case: name, correlationId }: RaisedFlag, apiUrl: string) {
  const to = (...parts: readonly string[]) =>
    `${apiUrl.replace(/\/+$/, "")}/${parts.map(encodeURIComponent).join("/")}`;
  return {
    ...(name !== undefined && { case: to("observers", observer, "cases", name) }),
    ...(correlationId !== undefined && { correlation: to("correlations", correlationId) }),
  };
}
