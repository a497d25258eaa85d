/** Connection strings of EventStoreDB, read by ourselves: the client's reader shows them, passwords and all, in what it complains of. */

/** A server, or one of a cluster's. */
export interface Host {
  readonly address: string;
  readonly port: number;
}

/** What a connection string says. */
export interface ConnectionString {
  /** Ask the first host which servers there are. */
  readonly discover: boolean;
  readonly hosts: readonly Host[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** By its name as the client documents it. */
  readonly settings: ReadonlyMap<SettingName, string | number | boolean>;
}

type Kind = "text" | "number" | "truth" | readonly string[];

const kinds = {
  tls: "truth",
  tlsVerifyCert: "truth",
  tlsCaFile: "text",
  userCertFile: "text",
  userKeyFile: "text",
  connectionName: "text",
  defaultDeadline: "number",
  keepAliveInterval: "number",
  keepAliveTimeout: "number",
  maxDiscoverAttempts: "number",
  discoveryInterval: "number",
  gossipTimeout: "number",
  throwOnAppendFailure: "truth",
  nodePreference: ["leader", "follower", "random", "read_only_replica"],
} as const satisfies Record<string, Kind>;

export type SettingName = keyof typeof kinds;

// As the client compares them: TLS_CA_FILE is tlsCAFile.
const flat = (text: string) => text.trim().toLowerCase().replace(/[_-]/g, "");
const names = new Map(Object.keys(kinds).map((name) => [flat(name), name as SettingName]));

const defaultPort = 2113;
const parts = /^(?<scheme>[^:/?#]*):\/\/(?<rest>.*)$/s;

/**
 * Reads a connection string; `problems` grows by what is wrong with it, in words that show nothing secret.
 */
export function parseConnectionString(text: string, problems: string[]): ConnectionString {
  const { scheme = "", rest = "" } = parts.exec(text.trim())?.groups ?? {};
  const known = /^(esdb|kurrentdb)(\+discover)?$/i.exec(scheme);
  if (!known)
    problems.push(
      "connectionString does not begin with esdb://, esdb+discover://, kurrentdb:// or kurrentdb+discover://.",
    );
  const query = rest.search(/[/?]/);
  // A password may hold an @ that is not encoded: the last one before the path and the settings ends the credentials.
  const at = rest.lastIndexOf("@", query < 0 ? undefined : query);
  const end = rest.slice(at + 1).search(/[/?]/);
  const authority = end < 0 ? rest.slice(at + 1) : rest.slice(at + 1, at + 1 + end);
  const search =
    end < 0
      ? ""
      : rest
          .slice(at + 1 + end)
          .replace(/^\/*/, "")
          .replace(/\/+$/, "");
  const credentials = at < 0 ? undefined : credentialsIn(rest.slice(0, at), problems);
  return {
    discover: known?.[2] !== undefined,
    hosts: hostsIn(authority, problems),
    user: credentials?.user,
    password: credentials?.password,
    settings: settingsIn(search, problems),
  };
}

/** The same without anything that may be secret: for messages. Also of what is no connection string at all. */
export function redacted(text: string): string {
  const { scheme, rest } = parts.exec(text.trim())?.groups ?? {};
  if (scheme === undefined || rest === undefined || !/^[a-z][a-z+]*$/i.test(scheme)) return "(connection string)";
  const at = rest.lastIndexOf("@");
  // An @ behind a path or a setting: any part of it may belong to a password with unusual characters.
  if (/[/?].*@/s.test(rest)) return `${scheme}://***`;
  const [, authority = "", search = ""] = /^([^/?]*)\/*(.*)$/s.exec(rest.slice(at + 1))!;
  const hosts = authority.split(",").map((host) => (isHost(host) ? host : "***"));
  const settings = search.replace(/^\?/, "").split("&").filter(Boolean).map(settingInWords);
  return `${scheme}://${at < 0 ? "" : "***@"}${hosts.join(",")}${settings.length > 0 ? `?${settings.join("&")}` : ""}`;
}

const isHost = (text: string) => /^[\w.-]+(:\d{1,5})?$/.test(text);

function settingInWords(setting: string): string {
  const [, key = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(setting)!;
  const name = names.get(flat(key));
  if (!name) return "***";
  // Text may be anything; the rest is shown where it is what it should be.
  return `${name}=${kinds[name] !== "text" && /^(true|false|-?\d{1,9}|[a-z_]{6,17})$/.test(value) ? value : "***"}`;
}

function credentialsIn(text: string, problems: string[]) {
  const colon = text.indexOf(":");
  const [user, password] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)].map(decoded);
  if (user && password) return { user, password };
  problems.push(
    user === undefined || password === undefined
      ? "connectionString has credentials that are not percent-encoded. Write % as %25."
      : "connectionString has credentials that are not of the form user:password@.",
  );
  return undefined;
}

function hostsIn(text: string, problems: string[]): Host[] {
  const stated = text.split(",").filter((host) => host.trim() !== "");
  if (stated.length === 0) problems.push("connectionString names no host. Write for example esdb://host:2113.");
  return stated.map((host, i) => {
    const [address = "", port = String(defaultPort), ...more] = host.trim().split(":");
    const number = /^\d+$/.test(port) ? Number(port) : Number.NaN;
    // What stands there may be a password whose host was forgotten: it is not shown.
    if (!/^[\w.-]+$/.test(address) || more.length > 0 || !(number > 0 && number < 65_536))
      problems.push(`connectionString: host ${i + 1} is not of the form name:port, with a port from 1 to 65535.`);
    return { address, port: number };
  });
}

function settingsIn(text: string, problems: string[]): Map<SettingName, string | number | boolean> {
  const settings = new Map<SettingName, string | number | boolean>();
  if (text !== "" && !text.startsWith("?")) {
    problems.push("connectionString goes on after its hosts with something that does not begin with ?.");
    return settings;
  }
  const stated = text.slice(1).split("&").filter(Boolean);
  for (const [i, setting] of stated.entries()) {
    const [, key = "", raw = ""] = /^([^=]*)=?(.*)$/s.exec(setting)!;
    const name = names.get(flat(key));
    const value = name && valueOf(name, raw.trim(), problems);
    if (!name) problems.push(`connectionString: setting ${i + 1} is unknown. Known: ${Object.keys(kinds).join(", ")}.`);
    else if (value !== undefined) settings.set(name, value);
  }
  return settings;
}

function valueOf(name: SettingName, text: string, problems: string[]): string | number | boolean | undefined {
  const kind: Kind = kinds[name];
  const refuse = (expected: string) => void problems.push(`connectionString: ${name} must be ${expected}.`);
  if (kind === "text") {
    const value = decoded(text);
    if (value === undefined || value === "") return refuse("a text that is percent-encoded");
    return value;
  }
  if (kind === "truth") return /^(true|false)$/i.test(text) ? /^true$/i.test(text) : refuse("true or false");
  if (kind === "number") return /^-?\d{1,9}$/.test(text) ? Number(text) : refuse("a whole number");
  return kind.find((each) => flat(each) === flat(text)) ?? refuse(`one of ${kind.join(", ")}`);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
