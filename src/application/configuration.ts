/** The settings of an application, from the environment or stated in code, checked alike; every problem is listed at once. */

import { resolve } from "node:path";
import { InvalidConfiguration } from "../errors.js";

export interface Configuration {
  /** The log: `memory:` (or `:memory:`), or the path of an SQLite file (`sqlite:` in front is allowed). */
  readonly store: string;
  /** Read models, checkpoints and leases, stated likewise: another file; in memory with the log unless stated. */
  readonly readModels: string;
  /** What this process does; everything unless stated. */
  readonly roles: readonly string[] | "all";
  readonly http: { readonly host: string; readonly port: number };
  /** How long a standby waits for a holder that fell silent, in milliseconds. */
  readonly leaseTtlMs: number;
}

export const defaultConfiguration: Configuration = {
  store: ".rollcall/log.sqlite",
  readModels: ".rollcall/read-models.sqlite",
  roles: "all",
  http: { host: "127.0.0.1", port: 3000 },
  leaseTtlMs: 5_000,
};

/** Canonical for a store that ends with the process. */
export const inMemory = "memory:";

/** What each setting means, for `--help`. */
export const environmentHelp = `Environment:
  ROLLCALL_STORE         the log: path of an SQLite file, or memory: (default ${defaultConfiguration.store})
  ROLLCALL_READ_MODELS   read models: path of another SQLite file, or memory:
                         (default ${defaultConfiguration.readModels}, or memory: when the log is)
  ROLLCALL_ROLES         what this process does, separated by commas: names of domains, projection, observer, http
                         (default: everything)
  ROLLCALL_HOST          address that HTTP listens on (default ${defaultConfiguration.http.host})
  ROLLCALL_PORT          port that HTTP listens on; 0 takes a free one (default ${defaultConfiguration.http.port})
  ROLLCALL_LEASE_MS      how long a standby waits for a holder that fell silent (default ${defaultConfiguration.leaseTtlMs})`;

/** What was stated of a configuration, before it was checked; what is absent has its default. */
interface Stated {
  readonly store: string | undefined;
  readonly readModels: string | undefined;
  readonly roles: Configuration["roles"] | undefined;
  readonly host: string | undefined;
  readonly port: string | number | undefined;
  readonly leaseTtlMs: string | number | undefined;
}

type Names = Readonly<Record<keyof Stated, string>>;

const namesInEnvironment: Names = {
  store: "ROLLCALL_STORE",
  readModels: "ROLLCALL_READ_MODELS",
  roles: "ROLLCALL_ROLES",
  host: "ROLLCALL_HOST",
  port: "ROLLCALL_PORT",
  leaseTtlMs: "ROLLCALL_LEASE_MS",
};

const namesInCode: Names = {
  store: "store",
  readModels: "readModels",
  roles: "roles",
  host: "http.host",
  port: "http.port",
  leaseTtlMs: "leaseTtlMs",
};

/** @throws InvalidConfiguration with every problem */
export function configurationFrom(environment: NodeJS.ProcessEnv): Configuration {
  const text = (setting: keyof Stated) => environment[namesInEnvironment[setting]]?.trim() || undefined;
  const roles = text("roles")
    ?.split(",")
    .map((role) => role.trim())
    .filter(Boolean);
  return checked(
    {
      store: text("store"),
      readModels: text("readModels"),
      roles: roles?.length ? roles : "all",
      host: text("host"),
      port: text("port"),
      leaseTtlMs: text("leaseTtlMs"),
    },
    namesInEnvironment,
  );
}

/** A configuration stated in code, checked as one of the environment is. @throws InvalidConfiguration with every problem */
export function completed({ store, readModels, roles, http, leaseTtlMs }: Partial<Configuration>): Configuration {
  return checked({ store, readModels, roles, host: http?.host, port: http?.port, leaseTtlMs }, namesInCode);
}

function checked(stated: Stated, names: Names): Configuration {
  const problems: string[] = [];
  const location = (setting: "store" | "readModels", otherwise: string) => {
    const { place, problem } = locationOf(stated[setting] ?? otherwise);
    if (problem) problems.push(`${names[setting]} ${problem}`);
    return place;
  };
  const whole = (setting: "port" | "leaseTtlMs", otherwise: number, least: number, most: number) => {
    const value = Number(stated[setting] ?? otherwise);
    if (!Number.isSafeInteger(value) || value < least || value > most)
      problems.push(`${names[setting]} is "${stated[setting]}". Use a whole number from ${least} to ${most}.`);
    return value;
  };
  const store = location("store", defaultConfiguration.store);
  // Rows that outlive their log are of no use to the next one.
  const readModels = location("readModels", store === inMemory ? inMemory : defaultConfiguration.readModels);
  const configuration: Configuration = {
    store,
    readModels,
    roles: stated.roles ?? defaultConfiguration.roles,
    http: {
      host: stated.host ?? defaultConfiguration.http.host,
      port: whole("port", defaultConfiguration.http.port, 0, 65_535),
    },
    leaseTtlMs: whole("leaseTtlMs", defaultConfiguration.leaseTtlMs, 100, 3_600_000),
  };
  if (store !== inMemory && resolve(store) === resolve(readModels))
    problems.push(
      `${names.store} and ${names.readModels} name the same file. Use two, so that a rebuild never blocks appends.`,
    );
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return configuration;
}

/** `memory:`, or the path of a file; with what is wrong with the text, if anything is. */
function locationOf(text: string): { readonly place: string; readonly problem?: string } {
  const place = text.trim().replace(/^sqlite:/i, "");
  if (place === inMemory || place === ":memory:") return { place: inMemory };
  if (place === "")
    return { place, problem: `is "${text}", which names no file. Name an SQLite file, or use memory:.` };
  if (/^memory$/i.test(place))
    return { place, problem: `is "${text}". Use memory: to keep it in memory, ./${place} for a file of that name.` };
  // One letter is a drive of Windows, not a scheme.
  const [, scheme] = /^([a-z][a-z\d+.-]+):/i.exec(place) ?? [];
  if (scheme)
    return {
      place,
      problem: `is a ${scheme} connection, which this version cannot open. Name an SQLite file.`,
    };
  return { place };
}
