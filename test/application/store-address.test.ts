import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { generate } from "selfsigned";
import { configurationFrom, InvalidConfiguration, type Configuration } from "../../src/index.js";

const password = "s3cr@t:/?%";
const encoded = encodeURIComponent(password);

/** Everything that a log line or an error could show of a value. */
const shown = (value: unknown): string =>
  [inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value), String(value)].join("\n");

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    configurationFrom(environment);
  } catch (error) {
    expect(shown(error)).not.to.include("s3cr");
    return (error as InvalidConfiguration).problems;
  }
  return [];
}

describe("the configuration of an EventStoreDB", () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-secrets-"));
  const passwordFile = join(folder, "password");
  const [certificate, key, junk, empty] = ["a.crt", "a.key", "junk", "empty"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  before(async () => {
    writeFileSync(passwordFile, `${password}\n`);
    const made = await generate([{ name: "commonName", value: "localhost" }], { algorithm: "sha256" });
    writeFileSync(certificate, made.cert);
    writeFileSync(key, made.private);
    writeFileSync(junk, "-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----\n");
    writeFileSync(empty, "\n");
  });
  after(() => rmSync(folder, { recursive: true }));

  const expectAccess = ({ access }: Configuration, user: string) => {
    expect(access.user).to.equal(user);
    expect(access.password!.reveal()).to.equal(password);
  };

  it("takes the credentials out of the connection, whatever the password holds", () => {
    for (const url of [
      `esdb://ops:${encoded}@db:2113`,
      `esdb://ops:${encoded}@a:1,b:2,c:3/?nodePreference=leader`,
      `esdb+discover://ops:${encoded}@db:2113?tls=true&tlsCAFile=/etc/ca.pem`,
      `kurrentdb://ops:${encoded}@db`,
      `kurrentdb+discover://ops:${encoded}@db:2113/`,
    ]) {
      const configuration = configurationFrom({ ROLLCALL_STORE: url });
      expect(configuration.store).to.equal(url.replace(`ops:${encoded}@`, ""));
      expectAccess(configuration, "ops");
      expect(shown(configuration)).not.to.include("s3cr");
    }
    expectAccess(configurationFrom({ ROLLCALL_STORE: "esdb://ops:s3cr@t:%2F%3F%25@db:2113" }), "ops");
  });

  it("takes user, password, authority and certificate from settings, the password from a file too", () => {
    const store = "esdb://db:2113";
    const stated = configurationFrom({
      ROLLCALL_STORE: store,
      ROLLCALL_STORE_USER: "ops",
      ROLLCALL_STORE_PASSWORD: password,
      ROLLCALL_STORE_CA_FILE: certificate,
      ROLLCALL_STREAM_PREFIX: "calls.",
    });
    expectAccess(stated, "ops");
    expect(stated.access.caFile).to.equal(certificate);
    expect(stated.streamPrefix).to.equal("calls.");
    expectAccess(
      configurationFrom({
        ROLLCALL_STORE: store,
        ROLLCALL_STORE_USER: "ops",
        ROLLCALL_STORE_PASSWORD_FILE: passwordFile,
      }),
      "ops",
    );
    expect(
      configurationFrom({
        ROLLCALL_STORE: store,
        ROLLCALL_STORE_CERT_FILE: certificate,
        ROLLCALL_STORE_KEY_FILE: key,
      }).access,
    ).to.deep.equal({ certFile: certificate, keyFile: key });
  });

  it("takes an @ in a setting for what it is", () => {
    const store = "esdb://a:1,b:2/?tlsCAFile=/etc/a@b.pem&connectionName=x@y";
    expect(configurationFrom({ ROLLCALL_STORE: store }).store).to.equal(store);
  });

  it("calls the connection as the user did", () =>
    expect(() => configurationFrom({ ROLLCALL_STORE: `esdb://ops:${encoded}@db?tls=false` }, "FROM")).to.throw(
      InvalidConfiguration,
      "FROM has tls=false",
    ));

  const refused: Record<string, [NodeJS.ProcessEnv, RegExp]> = {
    "a user twice": [
      { ROLLCALL_STORE: `esdb://ops:${encoded}@db`, ROLLCALL_STORE_USER: "x", ROLLCALL_STORE_PASSWORD: password },
      /ROLLCALL_STORE and ROLLCALL_STORE_USER both name a user/,
    ],
    "a password without a user": [{ ROLLCALL_STORE_PASSWORD: password }, /ROLLCALL_STORE_USER is not\. State both/],
    "a user without a password": [{ ROLLCALL_STORE_USER: "ops" }, /State ROLLCALL_STORE_PASSWORD or/],
    "a password twice": [
      { ROLLCALL_STORE_USER: "ops", ROLLCALL_STORE_PASSWORD: password, ROLLCALL_STORE_PASSWORD_FILE: "x" },
      /are both set/,
    ],
    "a password's file that is not there": [
      { ROLLCALL_STORE_USER: "ops", ROLLCALL_STORE_PASSWORD_FILE: "/nowhere/password" },
      /ROLLCALL_STORE_PASSWORD_FILE is \/nowhere\/password, which cannot be read/,
    ],
    "an empty file of a password": [
      { ROLLCALL_STORE_USER: "ops", ROLLCALL_STORE_PASSWORD_FILE: empty },
      /^ROLLCALL_STORE_PASSWORD_FILE is \S+empty, which is empty/,
    ],
    "an authority's file that is not there": [
      { ROLLCALL_STORE: "esdb://db", ROLLCALL_STORE_CA_FILE: "/nope" },
      /^ROLLCALL_STORE_CA_FILE is \/nope, which cannot be read/,
    ],
    "an authority's file that holds something else": [
      { ROLLCALL_STORE: "esdb://db", ROLLCALL_STORE_CA_FILE: junk },
      /^ROLLCALL_STORE_CA_FILE is \S+junk, which holds no certificate in PEM/,
    ],
    "an authority where nothing is encrypted": [
      { ROLLCALL_STORE: "esdb://db?tls=false", ROLLCALL_STORE_CA_FILE: certificate },
      /^ROLLCALL_STORE has tls=false, where ROLLCALL_STORE_CA_FILE is of no use/,
    ],
    "a certificate's file that holds a key": [
      { ROLLCALL_STORE: "esdb://db", ROLLCALL_STORE_CERT_FILE: key, ROLLCALL_STORE_KEY_FILE: key },
      /^ROLLCALL_STORE_CERT_FILE is \S+a\.key, which holds no certificate/,
    ],
    "a key's file that holds a certificate": [
      { ROLLCALL_STORE: "esdb://db", ROLLCALL_STORE_CERT_FILE: certificate, ROLLCALL_STORE_KEY_FILE: certificate },
      /^ROLLCALL_STORE_KEY_FILE is \S+a\.crt, which holds no private key/,
    ],
    "a connection without slashes": [
      { ROLLCALL_STORE: "esdb:/ops:s3cr@db" },
      /^ROLLCALL_STORE begins with esdb: .* Write esdb:\/\/host:2113\.$/,
    ],
    ...Object.fromEntries(
      ["ge/s3cr@im@db", "s3cr?x@db", "12/s3cr@db:2113", "s3cr@im/x@db?tls=true", "1?s3cr@db"].map((rest) => [
        `a password that would be cut: ${rest}`,
        [{ ROLLCALL_STORE: `esdb://ops:${rest}` }, /^ROLLCALL_STORE has a password that is not percent-encoded/],
      ]),
    ),
    "half a certificate": [{ ROLLCALL_STORE_CERT_FILE: certificate }, /belong together/],
    "credentials that would never be sent": [
      { ROLLCALL_STORE: `esdb://ops:${encoded}@db?tls=false` },
      /ROLLCALL_STORE has tls=false, over which no password/,
    ],
    "credentials without a colon": [{ ROLLCALL_STORE: "esdb://s3cret@db" }, /not of the form user:password@/],
    "credentials that are not encoded": [{ ROLLCALL_STORE: "esdb://ops:s3cr%zz@db" }, /not percent-encoded/],
    "no host": [{ ROLLCALL_STORE: "esdb://?tls=false" }, /names no host/],
    "a prefix that ends a category": [
      { ROLLCALL_STREAM_PREFIX: "roll-call." },
      /ROLLCALL_STREAM_PREFIX is "roll-call\."/,
    ],
    "a prefix of system streams": [{ ROLLCALL_STREAM_PREFIX: "$rollcall" }, /does not begin with "\$"/],
    "an EventStoreDB for read models": [
      { ROLLCALL_READ_MODELS: `esdb://ops:${encoded}@db` },
      /ROLLCALL_READ_MODELS is an EventStoreDB, which keeps events alone/,
    ],
  };
  for (const [what, [environment, problem]] of Object.entries(refused))
    it(`refuses ${what}, in one sentence that shows no secret`, () => {
      const problems = problemsOf(environment);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(problem);
    });
});
