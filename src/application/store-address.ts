/** Where a store is, as a setting states it: in memory, a file, or an EventStoreDB with what it takes to enter. */

import { readFileSync } from "node:fs";
import { Secret } from "./secret.js";

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
  if (scheme)
    return {
      place: `${scheme}:`,
      problem: `is a ${scheme} connection, which this version cannot open. Name an SQLite file, or an esdb:// connection for the log.`,
    };
  return { place };
}

function eventStoreDbAddress(url: string): StoreAddress {
  const [, scheme, rest] = /^([^:]+:\/\/)(.*)$/s.exec(url)!;
  // A password may hold an @ that is not encoded: the last one before path and options ends the credentials.
  const end = rest!.search(/[/?]/);
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
  const password = stated.password ?? (passwordFile === undefined ? undefined : contentOf(passwordFile));
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
  const { credentials } = address;
  if (credentials && user !== undefined)
    problems.push(`${names.store} and ${names.user} both name a user. Keep one of them.`);
  const entered = credentials ?? (user !== undefined && password !== undefined ? { user, password } : undefined);
  if ((entered ?? certFile) !== undefined && /[?&]tls=false\b/i.test(address.place))
    problems.push(
      `${names.store} has tls=false, over which no password and no certificate is sent. Use TLS, or leave them out.`,
    );
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

/** What a file says, without the line end that editors add. */
function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}
