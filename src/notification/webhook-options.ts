/** How a webhook is declared, and what can be wrong or unwise with that; in words that show neither path nor secret. */

import type { NotificationOptions } from "./notification.js";
import { secretProblem, type StatedSecret } from "./webhook-signature.js";

export interface WebhookOptions extends NotificationOptions {
  /** Where flags are posted. Only its origin is ever shown: a path may be a secret too. */
  readonly url: string;
  /** Signs every request: `whsec_` and base64, or any other text. Typically `process.env.SOME_SECRET`. */
  readonly secret: StatedSecret;
  /** How long an answer may take, in milliseconds; 10 seconds unless stated. */
  readonly timeoutMs?: number;
  /** Where people reach the HTTP API of this application; flags then carry `links` into it. */
  readonly apiUrl?: string;
}

export const defaultTimeoutMs = 10_000;

const longestTimeoutMs = 600_000;

export function webhookProblems(options: WebhookOptions): readonly string[] {
  const { name, url, secret, timeoutMs = defaultTimeoutMs, apiUrl } = options;
  const wrong = [urlProblem(url), secretProblem(secret)].filter((each) => each !== undefined);
  if (!(timeoutMs >= 1 && timeoutMs <= longestTimeoutMs))
    wrong.push(`has timeoutMs ${timeoutMs}. Use a number of milliseconds from 1 to ${longestTimeoutMs}.`);
  if (apiUrl !== undefined && !webUrl(apiUrl))
    wrong.push(`has an apiUrl that is no http:// or https:// URL. State where people reach the HTTP API.`);
  return wrong.map((each) => `The notification ${JSON.stringify(name)} ${each}`);
}

export function webhookWarnings({ name, url }: WebhookOptions): readonly string[] {
  const { protocol, hostname, origin } = webUrl(url) ?? {};
  if (protocol !== "http:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname ?? "")) return [];
  return [
    `The notification ${JSON.stringify(name)} posts flags to ${origin} unencrypted, where everybody on the way can read them. Use https.`,
  ];
}

function urlProblem(url: string): string | undefined {
  if (!url) return `has no url. State where flags are to be posted, for example url: "https://example.com/flags".`;
  const parsed = webUrl(url);
  if (!parsed) return "has a url that cannot be posted to. Use one that begins with https:// or http://.";
  return parsed.username || parsed.password
    ? "has a user name or a password in its url, which no request may carry. Take it out; requests are signed."
    : undefined;
}

function webUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && ["http:", "https:"].includes(url.protocol) ? url : undefined;
}
