/** The settings of an application, from the environment or stated in code, checked alike; every problem is listed at once. */

import { resolve } from "node:path";
import { InvalidConfiguration } from "../errors.js";
import { defaultStreamPrefix } from "../store/event-store.js";
import type { Secret } from "../secret.js";
import { readModelsAddress, type ReadModelsAccess } from "./read-models-address.js";
import {
  inMemory,
  isEventStoreDb,
  storeAccess,
  storeAddress,
  type StatedAccess,
  type StoreAccess,
} from "./store-address.js";

export interface Configuration {
  /**
   * The log: `memory:` (or `:memory:`), the path of an SQLite file (`sqlite:` in front is allowed), or the URL of an
   * EventStoreDB (`esdb://`, `esdb+discover://`, `kurrentdb://`), where its credentials are taken out.
   */
  readonly store: string;
  /** How to enter an EventStoreDB. */
  readonly access: StoreAccess;
  /** Begins the names of the streams that Rollcall itself writes. All processes of one log need the same. */
  readonly streamPrefix: string;
  /**
   * Read models, checkpoints and leases: another SQLite file, the URL of a PostgreSQL database (`postgres://`), where its
   * credentials are taken out, or `memory:`; in memory with the log unless stated.
   */
  readonly readModels: string;
  /** Who asks the PostgreSQL database, if its URL said so. */
  readonly readModelsAccess?: ReadModelsAccess;
  /**
   * Nothing is written into the log: flags and whatever else Rollcall itself writes go to a store beside the read models.
   * For an application that only observes and projects, over a log that others write.
   */
  readonly readOnly: boolean;
  /** A log in an SQLite file may have a packed copy beside it, which rebuilds make and read. */
  readonly packedCopy: boolean;
  /** What this process does; everything unless stated. */
  readonly roles: readonly string[] | "all";
  readonly http: { readonly host: string; readonly port: number };
  /** How long a standby waits for a holder that fell silent, in milliseconds. */
  readonly leaseTtlMs: number;
}

/** A configuration as code states it. */
export interface StatedConfiguration extends Partial<Omit<Configuration, "access">> {
  readonly access?: Omit<StoreAccess, "password"> & {
    readonly password?: string | Secret;
    /** A file that holds the password and nothing else. */
    readonly passwordFile?: string;
  };
}

export const defaultConfiguration: Configuration = {
  store: ".rollcall/log.sqlite",
  access: {},
  streamPrefix: defaultStreamPrefix,
  readModels: ".rollcall/read-models.sqlite",
  readOnly: false,
  packedCopy: true,
  roles: "all",
  http: { host: "127.0.0.1", port: 3000 },
  leaseTtlMs: 5_000,
};

/** What each setting means, for `--help`. */
export const environmentHelp = `Environment:
  ROLLCALL_STORE         the log: path of an SQLite file, memory:, or a connection to EventStoreDB such as
                         esdb://localhost:2113?tls=false (default ${defaultConfiguration.store})
  ROLLCALL_STORE_USER, ROLLCALL_STORE_PASSWORD or ROLLCALL_STORE_PASSWORD_FILE
                         who asks EventStoreDB, unless the connection says it
  ROLLCALL_STORE_CA_FILE the authority that signed the certificate of EventStoreDB
  ROLLCALL_STORE_CERT_FILE, ROLLCALL_STORE_KEY_FILE
                         a certificate of the user's own, instead of a password
  ROLLCALL_STREAM_PREFIX begins the names of the streams that Rollcall itself writes
                         (default ${defaultConfiguration.streamPrefix})
  ROLLCALL_READ_MODELS   read models: path of another SQLite file, memory:, or a PostgreSQL database such as
                         postgres://user:password@host/database
                         (default ${defaultConfiguration.readModels}, or memory: when the log is)
  ROLLCALL_READ_ONLY     true: nothing is written into the log; flags go to an SQLite file beside the read models
                         (default ${defaultConfiguration.readOnly})
  ROLLCALL_PACKED_COPY   false: rebuilds make and read no packed copy of a log that is an SQLite file
                         (default ${defaultConfiguration.packedCopy})
  ROLLCALL_ROLES         what this process does, separated by commas: names of domains, projection, observer,
                         notification, http
                         (default: everything)
  ROLLCALL_HOST          address that HTTP listens on (default ${defaultConfiguration.http.host})
  ROLLCALL_PORT          port that HTTP listens on; 0 takes a free one (default ${defaultConfiguration.http.port})
  ROLLCALL_LEASE_MS      how long a standby waits for a holder that fell silent (default ${defaultConfiguration.leaseTtlMs})`;

/** What was stated of a configuration, before it was checked; what is absent has its default. */
interface Stated extends StatedAccess {
  readonly store: string | undefined;
  readonly streamPrefix: string | undefined;
  readonly readModels: string | undefined;
  readonly readOnly: string | boolean | undefined;
  readonly packedCopy: string | boolean | undefined;
  readonly roles: Configuration["roles"] | undefined;
  readonly host: string | undefined;
  readonly port: string | number | undefined;
  readonly leaseTtlMs: string | number | undefined;
}

type Names = Readonly<Record<keyof Stated, string>>;

const namesInEnvironment: Names = {
  store: "ROLLCALL_STORE",
  user: "ROLLCALL_STORE_USER",
  password: "ROLLCALL_STORE_PASSWORD",
  passwordFile: "ROLLCALL_STORE_PASSWORD_FILE",
  caFile: "ROLLCALL_STORE_CA_FILE",
  certFile: "ROLLCALL_STORE_CERT_FILE",
  keyFile: "ROLLCALL_STORE_KEY_FILE",
  streamPrefix: "ROLLCALL_STREAM_PREFIX",
  readModels: "ROLLCALL_READ_MODELS",
  readOnly: "ROLLCALL_READ_ONLY",
  packedCopy: "ROLLCALL_PACKED_COPY",
  roles: "ROLLCALL_ROLES",
  host: "ROLLCALL_HOST",
  port: "ROLLCALL_PORT",
  leaseTtlMs: "ROLLCALL_LEASE_MS",
};

const namesInCode: Names = {
  store: "store",
  user: "access.user",
  password: "access.password",
  passwordFile: "access.passwordFile",
  caFile: "access.caFile",
  certFile: "access.certFile",
  keyFile: "access.keyFile",
  streamPrefix: "streamPrefix",
  readModels: "readModels",
  readOnly: "readOnly",
  packedCopy: "packedCopy",
  roles: "roles",
  host: "http.host",
  port: "http.port",
  leaseTtlMs: "leaseTtlMs",
};

/**
 * The settings of the environment. `nameOfStore`: what the problems of ROLLCALL_STORE call it, when it was stated elsewhere.
 * @throws InvalidConfiguration with every problem
 */
export function configurationFrom(
  environment: NodeJS.ProcessEnv,
  nameOfStore = namesInEnvironment.store,
): Configuration {
  const text = (setting: keyof Stated) => environment[namesInEnvironment[setting]]?.trim() || undefined;
  const roles = text("roles")
    ?.split(",")
    .map((role) => role.trim())
    .filter(Boolean);
  return checked(
    {
      store: text("store"),
      user: text("user"),
      // A password may begin or end with a space.
      password: environment[namesInEnvironment.password] || undefined,
      passwordFile: text("passwordFile"),
      caFile: text("caFile"),
      certFile: text("certFile"),
      keyFile: text("keyFile"),
      streamPrefix: text("streamPrefix"),
      readModels: text("readModels"),
      readOnly: text("readOnly"),
      packedCopy: text("packedCopy"),
      roles: roles?.length ? roles : "all",
      host: text("host"),
      port: text("port"),
      leaseTtlMs: text("leaseTtlMs"),
    },
    { ...namesInEnvironment, store: nameOfStore },
  );
}

/** A configuration stated in code, checked as one of the environment is. @throws InvalidConfiguration with every problem */
export function completed(stated: StatedConfiguration): Configuration {
  const { store, access = {}, streamPrefix, readModels, readOnly, roles, http, leaseTtlMs } = stated;
  const { packedCopy, readModelsAccess } = stated;
  const { user, password, passwordFile, caFile, certFile, keyFile } = access;
  const entering = { user, password, passwordFile, caFile, certFile, keyFile };
  const configuration = checked(
    {
      store,
      ...entering,
      streamPrefix,
      readModels,
      readOnly,
      packedCopy,
      roles,
      host: http?.host,
      port: http?.port,
      leaseTtlMs,
    },
    namesInCode,
  );
  return readModelsAccess ? { ...configuration, readModelsAccess } : configuration;
}

function checked(stated: Stated, names: Names): Configuration {
  const problems: string[] = [];
  const whole = (setting: "port" | "leaseTtlMs", otherwise: number, least: number, most: number) => {
    const value = Number(stated[setting] ?? otherwise);
    if (!Number.isSafeInteger(value) || value < least || value > most)
      problems.push(`${names[setting]} is "${stated[setting]}". Use a whole number from ${least} to ${most}.`);
    return value;
  };
  const address = storeAddress(stated.store ?? defaultConfiguration.store);
  if (address.problem) problems.push(`${names.store} ${address.problem}`);
  const store = address.place;
  // Rows that outlive their log are of no use to the next one.
  const rows = readModelsAddress(
    stated.readModels ?? (store === inMemory ? inMemory : defaultConfiguration.readModels),
  );
  problems.push(...rows.problems.map((problem) => `${names.readModels} ${problem}`));
  const readModels = rows.place;
  const { streamPrefix = defaultConfiguration.streamPrefix } = stated;
  if (!/^[^$-][^-]*$/.test(streamPrefix))
    problems.push(
      `${names.streamPrefix} is "${streamPrefix}". Use text without a "-", which would end the category, that does not begin with "$", as EventStoreDB's own streams do.`,
    );
  const yesOrNo = (setting: "readOnly" | "packedCopy") => {
    const value = String(stated[setting] ?? defaultConfiguration[setting]);
    if (value !== "true" && value !== "false") problems.push(`${names[setting]} is "${value}". Use true or false.`);
    return value === "true";
  };
  const configuration: Configuration = {
    store,
    access: storeAccess(address, stated, names, problems),
    streamPrefix,
    readModels,
    ...(rows.access && { readModelsAccess: rows.access }),
    readOnly: yesOrNo("readOnly"),
    packedCopy: yesOrNo("packedCopy"),
    roles: stated.roles ?? defaultConfiguration.roles,
    http: {
      host: stated.host ?? defaultConfiguration.http.host,
      port: whole("port", defaultConfiguration.http.port, 0, 65_535),
    },
    leaseTtlMs: whole("leaseTtlMs", defaultConfiguration.leaseTtlMs, 100, 3_600_000),
  };
  if (isEventStoreDb(readModels))
    problems.push(
      `${names.readModels} is an EventStoreDB, which keeps events alone. Name an SQLite file, or a PostgreSQL database.`,
    );
  if (store !== inMemory && resolve(store) === resolve(readModels))
    problems.push(
      `${names.store} and ${names.readModels} name the same file. Use two, so that a rebuild never blocks appends.`,
    );
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return configuration;
}
