/** Why no connection came about: an outage, which passes, or TLS that does not fit, which lasts. */

import { status } from "@grpc/grpc-js";
import { UntrustedConnection } from "../../errors.js";

/** What the transport says once no address of a server could be connected to. */
const noConnection = /No connection established\. Last error: (?<why>.*?)\.? Resolution note:/s;

/** The transport's words without what only its authors can read; as they are where they are about something else. */
export function reasonOf(words: string): string {
  const why = noConnection.exec(words)?.groups?.["why"];
  if (why === undefined) return words;
  const openSsl = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i.exec(why);
  return openSsl ? openSsl[1]! : why.replace(/^(Error: )+/, "").replace(/ \(\d{4}-[^)]*Z\)$/, "");
}

const caFile = "ROLLCALL_STORE_CA_FILE (tlsCaFile)";

/** The first that fits a reason says what to do. A connection that breaks during a handshake is none: servers stop. */
const lasting: readonly [reason: RegExp, remedy: string][] = [
  [
    /wrong version number|packet length too long|http request|unknown protocol/i,
    "What answers there does not speak TLS: add ?tls=false to the connection, or correct host and port.",
  ],
  [/protocol version|unsupported protocol|no shared cipher|no protocols available/i, "Let both use TLS 1.2 or newer."],
  [
    /alert (bad certificate|unknown ca|certificate|handshake failure)|certificate required/i,
    "Connect with a certificate that the server trusts: ROLLCALL_STORE_CERT_FILE and ROLLCALL_STORE_KEY_FILE (userCertFile, userKeyFile).",
  ],
  [/Hostname\/IP does not match/i, "Connect by a name that its certificate holds, or give it another certificate."],
  [/certificate has expired|certificate is not yet valid/i, "Renew the server's certificate, or set the clock right."],
  [
    /certificate|CERT_/i,
    `Name the authority that signed its certificate in ${caFile}; or is another server behind that name?`,
  ],
];

/** The lasting error that a failed call means; `undefined` where trying again may help. */
export function untrusted(code: status | undefined, words: string, what: string): UntrustedConnection | undefined {
  if (code !== status.UNAVAILABLE || !noConnection.test(words)) return undefined;
  const reason = reasonOf(words);
  const remedy = lasting.find(([expression]) => expression.test(reason))?.[1];
  return remedy === undefined ? undefined : new UntrustedConnection(what, reason, remedy);
}

/** What to look at when a server could not be connected to even once, and nothing says why. */
export function hintFor(reason: string, tls: boolean | undefined): string {
  const isUnclear = /^(Failed to (connect|discover)|Protocol error)/.test(reason);
  if (!isUnclear || tls === undefined) return "";
  if (!tls) return "does the server expect TLS? Then leave ?tls=false out";
  // The client tells nobody what it met with while it looked for the servers of a cluster.
  return reason.startsWith("Failed to discover")
    ? `do the servers speak TLS, with certificates of an authority that ${caFile} names?`
    : "";
}
