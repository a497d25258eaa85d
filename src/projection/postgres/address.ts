/** A PostgreSQL database and how to enter it, as a URL names it; taken apart without loading the driver. */

import { Secret } from "../../secret.js";

export const defaultSchema = "rollcall";

/** Certain of the server (`verified`), or encrypted alone. */
export interface Tls {
  readonly verified: boolean;
  /** Path of a file in PEM: the authority that signed the server's certificate. */
  readonly caFile?: string;
}

export interface PostgresAddress {
  /** The URL without credentials; it may be shown. */
  readonly place: string;
  /** Name of the server, or the folder of its socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Unless stated, the driver looks into `PGUSER`, `PGPASSWORD` and the file of passwords, as every client does. */
  readonly user?: string;
  readonly password?: Secret;
  readonly tls: Tls | false;
  /** Where all tables are. */
  readonly schema: string;
  /** Most connections at a time. */
  readonly connections: number;
  readonly applicationName: string;
  /** What is wrong with the URL, each to follow the name of its setting; never with a password. */
  readonly problems: readonly string[];
}

const form = "postgres://user:password@host:5432/database";

/** Whether a place is a PostgreSQL database. */
export const isPostgres = (place: string): boolean => /^postgres(ql)?:/i.test(place);

const tlsModes: Readonly<Record<string, false | { readonly verified: boolean }>> = {
  disable: false,
  // A name for less than it should be: encrypted and nobody asked who answers. As the driver does, we ask.
  require: { verified: true },
  "verify-ca": { verified: true },
  "verify-full": { verified: true },
  "no-verify": { verified: false },
};

const parameters = ["schema", "connections", "sslmode", "sslrootcert", "host", "application_name"];

/** The address that `text` states. */
export function postgresAddress(text: string): PostgresAddress {
  const problems: string[] = [];
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return unreadable(`is no URL of the form ${form}, with one host. ${encoding}`);
  }
  // Half a password, if its @, / or # were not encoded.
  if (/@|%40/i.test(url.pathname + url.search + url.hash) || url.hash !== "" || /%40/i.test(url.host))
    return unreadable(`has credentials, or a name, that are not percent-encoded. ${encoding}`);
  const { searchParams } = url;
  const unknown = [...searchParams.keys()].filter((name) => !parameters.includes(name));
  if (unknown.length > 0)
    problems.push(`has the unknown parameter ${unknown.join(", ")}. There are: ${parameters.join(", ")}.`);
  const decoded = (part: string, what: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      problems.push(`has a ${what} that is not percent-encoded. Write % as %25.`);
      return "";
    }
  };
  const user = decoded(url.username, "user");
  const password = decoded(url.password, "password");
  const database = decoded(url.pathname.slice(1), "database");
  const host = searchParams.get("host") ?? url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") problems.push(`names no host. Write ${form}.`);
  if (database === "" || database.includes("/")) problems.push(`names no database. Write ${form}.`);
  const schema = searchParams.get("schema") ?? defaultSchema;
  problems.push(...schemaProblems(schema));
  const connections = Number(searchParams.get("connections") ?? 10);
  if (!Number.isSafeInteger(connections) || connections < 2 || connections > 1000)
    problems.push(`has connections=${searchParams.get("connections")}. Use a whole number from 2 to 1000.`);
  const sslmode = searchParams.get("sslmode") ?? (searchParams.has("sslrootcert") ? "verify-full" : "disable");
  const mode = tlsModes[sslmode];
  if (mode === undefined) problems.push(`has sslmode=${sslmode}. Use one of ${Object.keys(tlsModes).join(", ")}.`);
  const caFile = searchParams.get("sslrootcert");
  url.username = url.password = "";
  return {
    place: url.href,
    host,
    port: Number(url.port || 5432),
    database,
    ...(user !== "" && { user }),
    ...(password !== "" && { password: new Secret(password) }),
    tls: mode ? { ...mode, ...(caFile !== null && { caFile }) } : false,
    schema,
    connections,
    applicationName: searchParams.get("application_name") ?? "rollcall",
    problems,
  };
}

const encoding = "In names and passwords, write / as %2F, ? as %3F, # as %23, @ as %40, : as %3A, % as %25.";

/** Names that mean the same with quotes and without. */
export const schemaProblems = (schema: string): readonly string[] =>
  /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(schema)
    ? []
    : [`has schema=${schema}. Use small letters, digits and "_", 63 at most, and not pg_ in front.`];

const unreadable = (problem: string): PostgresAddress => ({
  place: "postgres:",
  host: "",
  port: 0,
  database: "",
  tls: false,
  schema: defaultSchema,
  connections: 10,
  applicationName: "rollcall",
  problems: [problem],
});
