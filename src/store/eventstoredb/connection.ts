/** From the options of a store to a client that is set up as they say. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { EventStoreDBClient, type NodePreference } from "@eventstore/db-client";
import { InvalidConfiguration } from "../../errors.js";
import { parseConnectionString, redacted, type ConnectionString } from "./connection-string.js";

/** Where an EventStoreDB is, and who asks it. */
export interface ConnectionOptions {
  /** `esdb://`, `esdb+discover://`, `kurrentdb://` or `kurrentdb+discover://`, with settings as the official client takes them. */
  readonly connectionString?: string | undefined;
  /** A client of `@eventstore/db-client` 6.2.1 instead, which stays the caller's to dispose of. */
  readonly client?: EventStoreDBClient | undefined;
  /** Unless the connection string states them. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Path of a file in PEM: the authority that signed the certificate of the server. */
  readonly tlsCaFile?: string | undefined;
  /** Paths of files in PEM: a certificate of the user's own, and its key. */
  readonly userCertFile?: string | undefined;
  readonly userKeyFile?: string | undefined;
}

export interface Connected {
  readonly client: EventStoreDBClient;
  /** Whether the client was made here. */
  readonly owned: boolean;
  /** Whether it uses TLS; `undefined` where the caller's client knows. */
  readonly tls: boolean | undefined;
  /** Who asks, in words. */
  readonly who: string;
  /** Whether appends are to be made at the leader of a cluster only. */
  readonly requiresLeader: boolean;
}

/** @throws InvalidConfiguration with every problem; nothing secret is in it. */
export function connectionOf(options: ConnectionOptions): Connected {
  const { connectionString, client } = options;
  if (client) return { client, owned: false, tls: undefined, who: "the client's user", requiresLeader: false };
  const problems: string[] = [];
  if (connectionString === undefined) throw new InvalidConfiguration(["connectionString or client is missing."]);
  const parsed = parseConnectionString(connectionString, problems);
  const settings = settingsOf(parsed, options, problems);
  const made = problems.length === 0 ? clientOf(parsed, settings, problems) : undefined;
  if (!made)
    throw new InvalidConfiguration(problems.map((problem) => `${problem} (In ${redacted(connectionString)}.)`));
  const nodePreference = parsed.settings.get("nodePreference") ?? "leader";
  return {
    client: made,
    owned: true,
    tls: !settings.insecure,
    who: settings.user ?? (settings.userCert ? "the owner of the certificate" : "an anonymous user"),
    // A single server that is no leader passes appends on, and where it says that the leader is may be out of reach.
    requiresLeader: nodePreference === "leader" && (parsed.discover || parsed.hosts.length > 1),
  };
}

interface Settings {
  readonly insecure: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly rootCertificate: Buffer | undefined;
  readonly userCert: Buffer | undefined;
  readonly userKey: Buffer | undefined;
}

function settingsOf(parsed: ConnectionString, options: ConnectionOptions, problems: string[]): Settings {
  const stated = parsed.settings;
  if (parsed.user !== undefined && options.user !== undefined)
    problems.push("connectionString and user both name a user. Keep one of them.");
  const user = parsed.user ?? options.user;
  const password = parsed.user === undefined ? options.password : parsed.password;
  if ((user === undefined) !== (password === undefined))
    problems.push("user and password belong together. State both or none.");
  const file = (name: "tlsCaFile" | "userCertFile" | "userKeyFile") => {
    const path = options[name] ?? (stated.get(name) as string | undefined);
    return path === undefined ? undefined : contentOf(name, path, problems);
  };
  const [rootCertificate, userCert, userKey] = [file("tlsCaFile"), file("userCertFile"), file("userKeyFile")];
  if ((userCert === undefined) !== (userKey === undefined) && problems.length === 0)
    problems.push("userCertFile and userKeyFile belong together. State both or none.");
  const insecure = stated.get("tls") === false;
  if (insecure && (user ?? userCert) !== undefined)
    problems.push(
      "tls=false: without TLS the client sends no password and no certificate. Use TLS, or leave them out.",
    );
  if (insecure && rootCertificate)
    problems.push("tls=false: tlsCaFile is of no use without TLS. Leave one of them out.");
  if (stated.get("tlsVerifyCert") === false)
    problems.push(
      "tlsVerifyCert=false: the client always checks certificates. Name the authority that signed the server's by tlsCaFile.",
    );
  return { insecure, user, password, rootCertificate, userCert, userKey };
}

function contentOf(name: string, path: string, problems: string[]): Buffer | undefined {
  try {
    return readFileSync(resolve(path));
  } catch (error) {
    problems.push(`${name} cannot be read (${(error as NodeJS.ErrnoException).code}). Name a file in PEM.`);
    return undefined;
  }
}

/** Made without the client's own reading of connection strings, which shows them in warnings. */
function clientOf(parsed: ConnectionString, settings: Settings, problems: string[]): EventStoreDBClient | undefined {
  const number = (name: Parameters<typeof parsed.settings.get>[0]) => parsed.settings.get(name) as number | undefined;
  const connectionName = parsed.settings.get("connectionName") as string | undefined;
  const common = defined({
    connectionName,
    defaultDeadline: number("defaultDeadline"),
    keepAliveInterval: number("keepAliveInterval"),
    keepAliveTimeout: ownKeepAliveTimeout(number("keepAliveTimeout") ?? 10_000),
  });
  const discovery = defined({
    maxDiscoverAttempts: number("maxDiscoverAttempts"),
    discoveryInterval: number("discoveryInterval"),
    gossipTimeout: number("gossipTimeout"),
    nodePreference: parsed.settings.get("nodePreference") as NodePreference | undefined,
  });
  const [first] = parsed.hosts as [ConnectionString["hosts"][number]];
  const { insecure, rootCertificate, userCert, userKey, user, password } = settings;
  const channel = defined({ insecure, rootCertificate, userCertFile: userCert, userKeyFile: userKey });
  const credentials = user === undefined ? undefined : { username: user, password: password! };
  try {
    if (parsed.discover)
      return new EventStoreDBClient({ ...common, ...discovery, discover: first }, channel, credentials);
    if (parsed.hosts.length > 1)
      return new EventStoreDBClient({ ...common, ...discovery, endpoints: [...parsed.hosts] }, channel, credentials);
    return new EventStoreDBClient({ ...common, endpoint: first }, channel, credentials);
  } catch (error) {
    problems.push(`The client refuses its settings: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

let made = 0;

/**
 * Channels of one process whose settings are equal share a connection: so a store could not leave one that is dead while
 * another store holds on to it. A millisecond makes the difference.
 */
const ownKeepAliveTimeout = (statedMs: number): number => (statedMs < 0 ? statedMs : statedMs + (made++ % 1_000));

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const defined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
