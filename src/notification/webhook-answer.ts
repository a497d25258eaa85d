/** What the answer to a webhook means: taken, to be sent again, or refused for good. */

import { DeliveryFailed, DeliveryRefused } from "../errors.js";

/** What the answer makes of the delivery; `undefined` when the flag was taken. */
export function failureOf(
  { status, headers }: Response,
  what: string,
  nowMs: number,
): DeliveryFailed | DeliveryRefused | undefined {
  if (status >= 200 && status < 300) return undefined;
  const found = `${what}: expected a status from 200 to 299, found ${status}.`;
  if (status === 408 || status === 429 || status >= 500)
    return new DeliveryFailed(`${found} Mend the receiver.`, retryAfterMs(headers.get("retry-after"), nowMs));
  if (status < 400)
    return new DeliveryRefused(`${found} Redirects are not followed: state the address that the receiver has now.`);
  if (status === 410)
    return new DeliveryRefused(
      `${found} The receiver is gone for good: state another url, or remove the notification.`,
    );
  return new DeliveryRefused(`${found} It would say so again: correct the url, the secret or the receiver.`);
}

/** Seconds, or a date as HTTP has it. */
function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return waitMs > 0 ? waitMs : undefined;
}

export const noAnswer = (what: string, reason: string): DeliveryFailed =>
  new DeliveryFailed(`${what}: ${reason}. Mend the network or the receiver.`);

/** What `fetch` throws says "fetch failed"; why, says its cause. Never the error itself: it may know the whole request. */
export function causeOf(error: unknown): string {
  const { cause, message } = Object(error) as { readonly cause?: unknown; readonly message?: unknown };
  const { code, message: deeper } = Object(cause) as { readonly code?: unknown; readonly message?: unknown };
  return [code, deeper || message].filter((each) => typeof each === "string" && each !== "").join(": ");
}
