/** For whoever receives a webhook: whether it comes from who holds the secret, and came just now. */

import { timingSafeEqual } from "node:crypto";
import { systemClock, type Clock } from "../clock.js";
import { InvalidConfiguration, InvalidWebhook } from "../errors.js";
import type { RaisedFlag } from "./raised-flag.js";
import { secretProblem, signatureOf, type StatedSecret } from "./webhook-signature.js";

/** Headers as `fetch`, `node:http` or Express have them. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How far the clocks may be apart, and how long a request may be under way; 300 seconds unless stated. */
  readonly toleranceSeconds?: number;
  readonly clock?: Clock;
}

/**
 * The flag that a request tells. `body` is what came, byte for byte, before any parser. Remember `flag.id`: the same flag
 * may come again.
 * @throws InvalidWebhook, to be answered with 401; InvalidConfiguration when there is no proper secret
 */
export function verifyWebhook(
  headers: WebhookHeaders,
  body: string | Uint8Array,
  secret: StatedSecret,
  { toleranceSeconds = 300, clock = systemClock }: VerifyOptions = {},
): RaisedFlag {
  const problem = secretProblem(secret);
  if (problem) throw new InvalidConfiguration([`verifyWebhook ${problem}`]);
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  const apart = Math.abs(clock.now() / 1_000 - Number(/^\d+$/.test(timestamp) ? timestamp : Number.NaN));
  // Not ">": what is no number is refused as well.
  if (!(apart <= toleranceSeconds))
    throw new InvalidWebhook(
      `expected a webhook-timestamp within ${toleranceSeconds} seconds of now, found ${JSON.stringify(timestamp)}`,
    );
  const expected = Buffer.from(signatureOf(id, timestamp, body, secret));
  // Several while a secret is changed.
  if (!signatures.split(" ").some((each) => sameBytes(Buffer.from(each), expected)))
    throw new InvalidWebhook("none of the signatures in webhook-signature is that of this body under the secret");
  try {
    return JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body)) as RaisedFlag;
  } catch {
    throw new InvalidWebhook("expected a body of JSON");
  }
}

/** In a time that tells nothing of where they differ. */
const sameBytes = (one: Buffer, other: Buffer) => one.length === other.length && timingSafeEqual(one, other);

function header(headers: WebhookHeaders, name: string): string {
  const found =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const value = typeof found === "string" ? found : found?.[0];
  if (!value) throw new InvalidWebhook(`expected a header ${name}, found none`);
  return value;
}
