/** Connection strings of EventStoreDB: what they say, every problem at once, and never a password. */

import { inspect } from "node:util";
import { expect } from "chai";
import { InvalidConfiguration } from "../../../src/errors.js";
import { connectionOf, type ConnectionOptions } from "../../../src/store/eventstoredb/connection.js";
import { parseConnectionString, redacted } from "../../../src/store/eventstoredb/connection-string.js";
import { EventStoreDbEventStore } from "../../../src/store/eventstoredb/event-store-db.js";

function parsed(text: string) {
  const problems: string[] = [];
  return { ...parseConnectionString(text, problems), problems };
}

function problemsOf(options: ConnectionOptions): readonly string[] {
  try {
    connectionOf(options);
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidConfiguration);
    return (error as InvalidConfiguration).problems;
  }
  return [];
}

const hosts = (...addresses: [string, number][]) => addresses.map(([address, port]) => ({ address, port }));

describe("a connection string of EventStoreDB", () => {
  it("names hosts, and whether to ask them for others", () => {
    const cases: [string, boolean, ReturnType<typeof hosts>][] = [
      ["esdb://localhost", false, hosts(["localhost", 2113])],
      ["esdb://10.0.0.1:2114/", false, hosts(["10.0.0.1", 2114])],
      ["esdb+discover://cluster.example.org:2113", true, hosts(["cluster.example.org", 2113])],
      ["esdb://a:1,b,c:3?tls=true", false, hosts(["a", 1], ["b", 2113], ["c", 3])],
      ["kurrentdb://localhost:2113/?tls=false", false, hosts(["localhost", 2113])],
      [" KurrentDB+Discover://localhost ", true, hosts(["localhost", 2113])],
    ];
    for (const [text, discover, expected] of cases)
      expect(parsed(text), text).to.deep.include({ discover, hosts: expected, problems: [] });
  });

  it("holds credentials, encoded or not", () => {
    const cases: [string, string, string][] = [
      ["esdb://ada:secret@host", "ada", "secret"],
      ["esdb://ada%40example.org:s%3Ae%2Fc%25@host:2113", "ada@example.org", "s:e/c%"],
      ["esdb://ada:with:colon@host", "ada", "with:colon"],
      ["esdb://ada:with@at@host?tls=true", "ada", "with@at"],
    ];
    for (const [text, user, password] of cases)
      expect(parsed(text), text).to.deep.include({ user, password, problems: [], hosts: hosts(["host", 2113]) });
  });

  it("holds settings, whose names may be spelt as in other clients", () => {
    const text =
      "esdb://host?tls=true&tlsCAFile=%2Ftmp%2Fa%20b.crt&TLS_VERIFY_CERT=true&keep-alive-interval=-1&nodePreference=readOnlyReplica&defaultDeadline=5000";
    expect([...parsed(text).settings]).to.deep.equal([
      ["tls", true],
      ["tlsCaFile", "/tmp/a b.crt"],
      ["tlsVerifyCert", true],
      ["keepAliveInterval", -1],
      ["nodePreference", "read_only_replica"],
      ["defaultDeadline", 5_000],
    ]);
    expect(parsed(text).problems).to.deep.equal([]);
  });

  const problems: Record<string, RegExp[]> = {
    "": [/begin with esdb/, /names no host/],
    "localhost:2113": [/begin with esdb/, /names no host/],
    "http://localhost": [/begin with esdb/],
    "esdb://": [/names no host/],
    "esdb://?tls=false": [/names no host/],
    "esdb://host:port": [/host 1/],
    "esdb://host:0,host:65536,ho st": [/host 1/, /host 2/, /host 3/],
    "esdb://[::1]:2113": [/host 1/],
    "esdb://user@host": [/user:password@/],
    "esdb://:secret@host": [/user:password@/],
    "esdb://user:100%@host": [/percent-encoded/],
    "esdb://host/database": [/does not begin with [?]/],
    "esdb://host?tls=maybe&nodePreference=best&gossipTimeout=soon&colour=red": [
      /tls must be true or false/,
      /nodePreference must be one of leader/,
      /gossipTimeout must be a whole number/,
      /setting 4 is unknown/,
    ],
  };
  for (const [text, expected] of Object.entries(problems))
    it(`that is "${text}" is refused with every problem`, () => {
      const found = problemsOf({ connectionString: text });
      expect(found).to.have.length(expected.length);
      found.forEach((problem, i) => expect(problem).to.match(expected[i]!));
    });

  it("is refused with credentials that would not be sent, or stated twice or by half", () => {
    const cases: [ConnectionOptions, RegExp][] = [
      [{ connectionString: "esdb://ada:secret@host?tls=false" }, /without TLS/],
      [{ connectionString: "esdb://host?tls=false", user: "ada", password: "secret" }, /without TLS/],
      [{ connectionString: "esdb://ada:secret@host", user: "ada", password: "secret" }, /both name a user/],
      [{ connectionString: "esdb://host", user: "ada" }, /belong together/],
      [{ connectionString: "esdb://host", password: "secret" }, /belong together/],
      [{ connectionString: "esdb://host?tlsVerifyCert=false" }, /tlsCaFile/],
      [{ connectionString: "esdb://host", tlsCaFile: "/nowhere/ca.crt" }, /tlsCaFile cannot be read \(ENOENT\)/],
      [{ connectionString: "esdb://host?tlsCAFile=/nowhere/ca.crt" }, /tlsCaFile cannot be read \(ENOENT\)/],
      [{ connectionString: "esdb://host", userKeyFile: import.meta.filename }, /userCertFile and userKeyFile/],
      [{ connectionString: "esdb://host?tls=false", tlsCaFile: import.meta.filename }, /tlsCaFile is of no use/],
      [{ connectionString: "esdb://host?keepAliveInterval=-5" }, /Invalid keepAliveInterval/],
      [{}, /missing/],
    ];
    for (const [options, message] of cases) {
      const found = problemsOf(options);
      expect(found, String(message)).to.have.length(1);
      expect(found[0]).to.match(message);
      expect(found[0]).to.not.match(/secret/);
    }
  });

  it("is shown without anything secret, wherever the secret stands", () => {
    const cases: Record<string, string> = {
      "esdb://ada:secret@host:2113?tls=false": "esdb://***@host:2113?tls=false",
      "esdb+discover://ada:secret@a,b:1/?nodePreference=leader": "esdb+discover://***@a,b:1?nodePreference=leader",
      "esdb://ada:sec/secret?secret@host": "esdb://***",
      "esdb://secret@host": "esdb://***@host",
      "esdb://ada:secret": "esdb://***",
      "esdb://host?password=secret&tls=true": "esdb://host?***&tls=true",
      "esdb://host?tls=secret!": "esdb://host?tls=***",
      "esdb://host?tlsCAFile=secret": "esdb://host?tlsCaFile=***",
      "esdb://host?secret": "esdb://host?***",
      "esdb://host?password=sec@secret": "esdb://***",
      "ada:secret@host": "(connection string)",
      secret: "(connection string)",
    };
    for (const [text, shown] of Object.entries(cases)) expect(redacted(text), text).to.equal(shown);
  });

  it("shows no password in errors, in warnings or in what is printed of a store", () => {
    const secrets = ["p4ssw0rd", "p%40ssw0rd", "p4/ss?w0rd", "p4:ssw0rd", "p4@ssw0rd", "100%p4ssw0rd"];
    const texts = secrets.flatMap((secret) => [
      ...(secret.includes("@") ? [] : [`esdb://ada:${secret}`]), // with an @, a host follows
      `esdb://ada:${secret}@host:2113?tls=maybe&unknown=1&tlsVerifyCert=false`,
      `esdb://ada:${secret}@host:port`,
      `esdb://:${secret}@host`,
      `esdb//ada:${secret}@host`,
      `${secret}@host`,
      `esdb://host?user=ada&password=${secret}`,
      `esdb://host?tls=${secret}`,
      `esdb://ada:${secret}@host?keepAliveInterval=-5`,
    ]);
    const warnings: string[] = [];
    const { warn } = console;
    console.warn = (...words: unknown[]) => void warnings.push(words.join(" "));
    try {
      for (const connectionString of texts) {
        let error: unknown;
        try {
          connectionOf({ connectionString });
        } catch (thrown) {
          error = thrown;
        }
        expect(error, connectionString).to.be.instanceOf(InvalidConfiguration);
        expect(inspect(error, { depth: 9, showHidden: true }), connectionString).to.not.match(/w0rd/);
      }
      const connectionString = "esdb://ada:p4ssw0rd@host:2113";
      const store = new EventStoreDbEventStore(connectionOf({ connectionString }));
      expect(inspect(store, { depth: 9 })).to.not.match(/w0rd/);
      expect(inspect(connectionOf({ connectionString }), { depth: 9 }))
        .to.match(/ada/)
        .and.not.match(/w0rd/);
    } finally {
      console.warn = warn;
    }
    expect(warnings.join("\n")).to.not.match(/w0rd/);
  });
});
