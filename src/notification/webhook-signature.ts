/** Signatures of webhooks as Standard Webhooks has them: HMAC-SHA256 over `id.timestamp.body`. */

import { createHmac } from "node:crypto";
import { Secret } from "../secret.js";

/** What begins a secret that is base64; any other text is the key itself. */
const base64Prefix = "whsec_";

/** Fewest bytes of a key (Standard Webhooks: from 24 to 64). */
const fewestBytes = 24;

/** The secret of a webhook, as it may be stated: absent where the environment does not have it. */
export type StatedSecret = string | Secret | undefined;

export const textOfSecret = (secret: StatedSecret): string =>
  secret instanceof Secret ? secret.reveal() : typeof secret === "string" ? secret : "";

/** What is wrong with a secret, in words that do not show it. */
export function secretProblem(secret: StatedSecret): string | undefined {
  const text = textOfSecret(secret);
  const remedy = `Make one with: echo "${base64Prefix}$(openssl rand -base64 32)"`;
  if (text.trim() === "") return `has no secret. ${remedy}`;
  if (text.startsWith(base64Prefix) && !/^[A-Za-z0-9+/]+={0,2}$/.test(text.slice(base64Prefix.length)))
    return `has a secret that begins with ${base64Prefix} and does not go on as base64. ${remedy}`;
  const { length } = keyOf(text);
  return length < fewestBytes
    ? `has a secret of ${length} bytes, which can be guessed; ${fewestBytes} are the least. ${remedy}`
    : undefined;
}

const keyOf = (text: string): Buffer =>
  text.startsWith(base64Prefix) ? Buffer.from(text.slice(base64Prefix.length), "base64") : Buffer.from(text, "utf8");

/** `timestamp` in seconds since the UNIX epoch. */
export function signatureOf(id: string, timestamp: string, body: string | Uint8Array, secret: StatedSecret): string {
  const digest = createHmac("sha256", keyOf(textOfSecret(secret)))
    .update(`${id}.${timestamp}.`)
    .update(body);
  return `v1,${digest.digest("base64")}`;
}
