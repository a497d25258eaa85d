/** The settings of an application, from the environment; every problem is listed at once. */

import { resolve } from "node:path";
import { InvalidConfiguration } from "../errors.js";

export interface Configuration {
  /** The log: `memory:`, or the path of an SQLite file (`sqlite:` in front is allowed). */
  readonly store: string;
  /** Read models, checkpoints and leases: `memory:`, or the path of another SQLite file. */
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

/** What each setting means, for `--help`. */
export const environmentHelp = `Environment:
  ROLLCALL_STORE         the log: path of an SQLite file, or memory: (default ${defaultConfiguration.store})
  ROLLCALL_READ_MODELS   read models: path of another SQLite file, or memory: (default ${defaultConfiguration.readModels})
  ROLLCALL_ROLES         what this process does, separated by commas: names of domains, projection, observer, http
                         (default: everything)
  ROLLCALL_HOST          address that HTTP listens on (default ${defaultConfiguration.http.host})
  ROLLCALL_PORT          port that HTTP listens on; 0 takes a free one (default ${defaultConfiguration.http.port})
  ROLLCALL_LEASE_MS      how long a standby waits for a holder that fell silent (default ${defaultConfiguration.leaseTtlMs})`;

/** @throws InvalidConfiguration with every problem */
export function configurationFrom(environment: NodeJS.ProcessEnv): Configuration {
  const problems: string[] = [];
  const text = (name: string, otherwise: string) => environment[name]?.trim() || otherwise;
  const whole = (name: string, otherwise: number, least: number, most: number) => {
    const value = Number(text(name, String(otherwise)));
    if (!Number.isSafeInteger(value) || value < least || value > most)
      problems.push(`${name} is "${environment[name]}". Use a whole number from ${least} to ${most}.`);
    return value;
  };
  const path = (name: string, otherwise: string) => {
    const value = text(name, otherwise).replace(/^sqlite:/, "");
    if (/^[a-z][a-z+]*:\/\//i.test(value))
      problems.push(
        `${name} is a ${value.split("://")[0]} connection, which this version cannot open. Name an SQLite file.`,
      );
    return value;
  };
  const roles = environment["ROLLCALL_ROLES"]
    ?.split(",")
    .map((role) => role.trim())
    .filter(Boolean);
  const configuration: Configuration = {
    store: path("ROLLCALL_STORE", defaultConfiguration.store),
    readModels: path("ROLLCALL_READ_MODELS", defaultConfiguration.readModels),
    roles: roles?.length ? roles : "all",
    http: {
      host: text("ROLLCALL_HOST", defaultConfiguration.http.host),
      port: whole("ROLLCALL_PORT", defaultConfiguration.http.port, 0, 65_535),
    },
    leaseTtlMs: whole("ROLLCALL_LEASE_MS", defaultConfiguration.leaseTtlMs, 100, 3_600_000),
  };
  if (configuration.store !== "memory:" && resolve(configuration.store) === resolve(configuration.readModels))
    problems.push(
      "ROLLCALL_STORE and ROLLCALL_READ_MODELS name the same file. Use two, so that a rebuild never blocks appends.",
    );
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return configuration;
}
