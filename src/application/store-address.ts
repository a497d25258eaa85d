/** Where a store is, as a setting states it: in memory, a file, or an EventStoreDB with what it takes to enter. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Secret } from "../secret.js";

/** Canonical for a store that ends with the process. */
export const inMemory = "memory:";

/** Who asks an EventStoreDB, and how both sides show who they are. */
export interface StoreAccess {
  readonly user?: string;
  readonly password?: Secret;
  /** Path of a file in PEM: the authority that signed the server's certificate. */
  readonly caFile?: string;
  /** Paths of files in PEM: a certificate of the user's own, and its key. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** `memory:`, the path of a file, or the URL of an EventStoreDB without credentials. */
export interface StoreAddress {
  readonly place: string;
  readonly credentials?: { readonly user: string; readonly password: Secret };
  /** What is wrong with the text, to follow its setting's name. */
  readonly problem?: string;
}

const eventStoreDb = /^(esdb|kurrentdb)(\+discover)?:\/\//i;

/** Whether a place is an EventStoreDB (KurrentDB). */
export const isEventStoreDb = (place: string): boolean => eventStoreDb.test(place);

/** The address that `text` states; never with a password in its place or its problem. */
export function storeAddress(text: string): StoreAddress {
  const place = text.trim().replace(/^sqlite:/i, "");
  if (isEventStoreDb(place)) return eventStoreDbAddress(place);
  if (place === inMemory || place === ":memory:") return { place: inMemory };
  if (place === "")
    return { place, problem: `is "${text}", which names no file. Name an SQLite file, or use memory:.` };
  if (/^memory$/i.test(place))
    return { place, problem: `is "${text}". Use memory: to keep it in memory, ./${place} for a file of that name.` };
  // One letter is a drive of Windows, not a scheme.
  const [, scheme] = /^([a-z][a-z\d+.-]+):/i.exec(place) ?? [];
  if (scheme && isEventStoreDb(`${scheme}://`))
    return {
      place: `${scheme}:`,
      problem: `begins with ${scheme}: and lacks the two slashes after it. Write ${scheme}://host:2113.`,
    };
  if (scheme)
    return {
      place: `${scheme}:`,
      problem: `is a ${scheme} connection, which this version cannot open. Name an SQLite file, an esdb:// connection for the log, or a postgres:// database for the read models.`,
    };
  return { place };
}

function eventStoreDbAddress(url: string): StoreAddress {
  const [, scheme, rest] = /^([^:]+:\/\/)(.*)$/s.exec(url)!;
  // A password may hold an @ that is not encoded: the last one before path and options ends the credentials.
  const end = rest!.search(/[/?]/);
  if (end >= 0 && isCutPassword(rest!.slice(0, end), rest!.slice(end)))
    return {
      place: scheme! + rest!.slice(rest!.lastIndexOf("@") + 1),
      problem: "has a password that is not percent-encoded. Write / as %2F, ? as %3F, @ as %40, % as %25.",
    };
  const at = rest!.lastIndexOf("@", end < 0 ? undefined : end);
  const place = scheme! + rest!.slice(at + 1);
  if (/^[/?]|^$/.test(rest!.slice(at + 1))) return { place, problem: `names no host. Write ${scheme}host:2113.` };
  if (at < 0) return { place };
  const [user, ...password] = rest!.slice(0, at).split(":");
  if (!user || password.length === 0)
    return { place, problem: `has credentials that are not of the form user:password@.` };
  try {
    return {
      place,
      credentials: { user: decodeURIComponent(user), password: new Secret(decodeURIComponent(password.join(":"))) },
    };
  } catch {
    return { place, problem: "has credentials that are not percent-encoded. Write % as %25." };
  }
}

/** Whether a / or ? that should end the hosts stands in the midst of credentials; a setting's value may hold an @. */
function isCutPassword(hosts: string, after: string): boolean {
  if (!after.includes("@")) return false;
  const areHosts = hosts
    .slice(hosts.lastIndexOf("@") + 1)
    .split(",")
    .every((host) => /^[^:]*(:\d+)?$/.test(host));
  return !areHosts || /^(\/[^?]*|\/*\?[^=&]*)@/.test(after);
}

/** Settings of an EventStoreDB as they are stated, the password's file among them. */
export interface StatedAccess {
  readonly user: string | undefined;
  readonly password: string | Secret | undefined;
  readonly passwordFile: string | undefined;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** How to enter the store at `address`; `problems` grows by what is wrong, in terms of `names`. */
export function storeAccess(
  address: StoreAddress,
  stated: StatedAccess,
  names: Readonly<Record<keyof StatedAccess | "store", string>>,
  problems: string[],
): StoreAccess {
  const { user, passwordFile, caFile, certFile, keyFile } = stated;
  if (stated.password !== undefined && passwordFile !== undefined)
    problems.push(`${names.password} and ${names.passwordFile} are both set. Keep one of them.`);
  const inFile = passwordFile === undefined ? undefined : contentOf(passwordFile)?.replace(/\r?\n$/, "");
  const password = stated.password ?? inFile;
  if (inFile === "")
    problems.push(`${names.passwordFile} is ${passwordFile}, which is empty. Name a file that holds the password.`);
  if (password === undefined && passwordFile !== undefined)
    problems.push(
      `${names.passwordFile} is ${passwordFile}, which cannot be read. Name a file that holds the password.`,
    );
  if ((user === undefined) !== (stated.password === undefined && passwordFile === undefined))
    problems.push(
      user === undefined
        ? `${names.password} is set, ${names.user} is not. State both.`
        : `${names.user} is set, a password is not. State ${names.password} or ${names.passwordFile}.`,
    );
  if ((certFile === undefined) !== (keyFile === undefined))
    problems.push(`${names.certFile} and ${names.keyFile} belong together. State both or none.`);
  for (const [setting, what, isIt] of filesInPem) {
    const file = stated[setting];
    const content = file === undefined ? undefined : contentOf(file);
    if (file !== undefined && (content === undefined || !isIt(content)))
      problems.push(
        `${names[setting]} is ${file}, which ${content === undefined ? "cannot be read" : `holds no ${what} in PEM`}. Name a file that holds one.`,
      );
  }
  const { credentials } = address;
  if (credentials && user !== undefined)
    problems.push(`${names.store} and ${names.user} both name a user. Keep one of them.`);
  const entered = credentials ?? (user !== undefined && password !== undefined ? { user, password } : undefined);
  const isWithoutTls = isEventStoreDb(address.place) && /[?&]tls=false\b/i.test(address.place);
  if ((entered ?? certFile) !== undefined && isWithoutTls)
    problems.push(
      `${names.store} has tls=false, over which no password and no certificate is sent. Use TLS, or leave them out.`,
    );
  if (caFile !== undefined && isWithoutTls)
    problems.push(`${names.store} has tls=false, where ${names.caFile} is of no use. Use TLS, or leave it out.`);
  return {
    ...(entered && {
      user: entered.user,
      password: typeof entered.password === "string" ? new Secret(entered.password) : entered.password,
    }),
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

const filesInPem = [
  ["caFile", "certificate", isCertificate],
  ["certFile", "certificate", isCertificate],
  ["keyFile", "private key without a passphrase", isKey],
] as const;

function isCertificate(text: string): boolean {
  return /-----BEGIN [A-Z\d ]*CERTIFICATE-----/.test(text) && succeeds(() => new X509Certificate(text));
}

function isKey(text: string): boolean {
  return /-----BEGIN [A-Z\d ]*PRIVATE KEY-----/.test(text) && succeeds(() => createPrivateKey(text));
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
