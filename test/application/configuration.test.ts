import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ordering } from "../../domains/ordering/index.js";
import {
  configurationFrom,
  defaultConfiguration,
  environmentHelp,
  InvalidConfiguration,
  Rollcall,
  type Configuration,
} from "../../src/index.js";

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    configurationFrom(environment);
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidConfiguration);
    return (error as InvalidConfiguration).problems;
  }
  return [];
}

describe("the configuration", () => {
  it("has a default for everything, and takes what is empty for unset", () => {
    expect(configurationFrom({})).to.deep.equal(defaultConfiguration);
    expect(configurationFrom({ ROLLCALL_STORE: " ", ROLLCALL_PORT: "", ROLLCALL_ROLES: " , " })).to.deep.equal(
      defaultConfiguration,
    );
  });

  it("comes from the environment", () => {
    expect(
      configurationFrom({
        ROLLCALL_STORE: "sqlite:/var/log.db",
        ROLLCALL_READ_MODELS: " /var/rows.db ",
        ROLLCALL_READ_ONLY: " true",
        ROLLCALL_PACKED_COPY: "false",
        ROLLCALL_ROLES: "billing, observer,,http",
        ROLLCALL_HOST: "0.0.0.0",
        ROLLCALL_PORT: "0",
        ROLLCALL_LEASE_MS: "100",
      }),
    ).to.deep.equal({
      store: "/var/log.db",
      access: {},
      streamPrefix: "rollcall.",
      readModels: "/var/rows.db",
      readOnly: true,
      packedCopy: false,
      roles: ["billing", "observer", "http"],
      http: { host: "0.0.0.0", port: 0 },
      leaseTtlMs: 100,
    });
  });

  it("is refused with every problem at once", () => {
    const problems = problemsOf({
      ROLLCALL_STORE: "mysql://root:pass@db/log",
      ROLLCALL_READ_MODELS: "redis://db/rows",
      ROLLCALL_READ_ONLY: "yes",
      ROLLCALL_PORT: "65536",
      ROLLCALL_LEASE_MS: "soon",
    });
    expect(problems).to.deep.equal([
      "ROLLCALL_STORE is a mysql connection, which this version cannot open. Name an SQLite file, an esdb:// connection for the log, or a postgres:// database for the read models.",
      "ROLLCALL_READ_MODELS is a redis connection, which this version cannot open. Name an SQLite file, an esdb:// connection for the log, or a postgres:// database for the read models.",
      'ROLLCALL_READ_ONLY is "yes". Use true or false.',
      'ROLLCALL_PORT is "65536". Use a whole number from 0 to 65535.',
      'ROLLCALL_LEASE_MS is "soon". Use a whole number from 100 to 3600000.',
    ]);
    for (const port of ["-1", "80.5", "1e99", "0x"]) expect(problemsOf({ ROLLCALL_PORT: port })).to.have.length(1);
  });

  it("names two files, however they are written", () => {
    const same = [
      "ROLLCALL_STORE and ROLLCALL_READ_MODELS name the same file. Use two, so that a rebuild never blocks appends.",
    ];
    expect(problemsOf({ ROLLCALL_STORE: "a.db", ROLLCALL_READ_MODELS: "a.db" })).to.deep.equal(same);
    expect(problemsOf({ ROLLCALL_STORE: "sqlite:a.db", ROLLCALL_READ_MODELS: "./x/../a.db" })).to.deep.equal(same);
    expect(problemsOf({ ROLLCALL_STORE: "memory:", ROLLCALL_READ_MODELS: "memory:" })).to.deep.equal([]);
  });

  it("keeps the read models in memory with the log unless stated: the next log is another one", () => {
    for (const store of ["memory:", ":memory:", "sqlite::memory:"])
      expect(configurationFrom({ ROLLCALL_STORE: store })).to.include({ store: "memory:", readModels: "memory:" });
    expect(configurationFrom({ ROLLCALL_STORE: "memory:", ROLLCALL_READ_MODELS: "rows.db" })).to.include({
      store: "memory:",
      readModels: "rows.db",
    });
    expect(configurationFrom({ ROLLCALL_READ_MODELS: ":memory:" })).to.include({
      store: defaultConfiguration.store,
      readModels: "memory:",
    });
  });

  it("takes no bare word, no empty name and no unknown scheme for a file; drives of Windows it does", () => {
    const problemOf = (store: string) => problemsOf({ ROLLCALL_STORE: store });
    for (const word of ["memory", "Memory", "sqlite:memory"])
      expect(problemOf(word)[0], word).to.match(
        /^ROLLCALL_STORE is "\S+"\. Use memory: to keep it in memory, \.\/[mM]emory for a file of that name\.$/,
      );
    expect(problemOf("sqlite:")[0]).to.match(/^ROLLCALL_STORE is "sqlite:", which names no file\./);
    for (const url of ["postgres:rows", "file:///var/log.db", "https://localhost:2113", "MySQL://db"])
      expect(problemOf(url)[0], url).to.match(
        /^ROLLCALL_STORE is a \w+ connection, which this version cannot open\. Name an SQLite file, an esdb:\/\/ connection for the log, or a postgres:\/\/ database for the read models\.$/i,
      );
    for (const path of ["C:\\data\\log.db", "./postgres:rows", "./memory", "/memory"])
      expect(problemOf(path), path).to.deep.equal([]);
  });

  it("is checked alike when it is stated in code, before anything is made", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-configuration-"));
    const before = process.cwd();
    process.chdir(folder);
    const refused: [Partial<Configuration>, string | RegExp][] = [
      [{ store: "memory" }, /^store is "memory"\. Use memory: /],
      [{ store: "memory:", readModels: "memory" }, /^readModels is "memory"\. Use memory: /],
      [{ store: "postgres://db/log" }, /^store is a postgres connection/],
      [
        { store: "sqlite:a.db", readModels: "./a.db" },
        "store and readModels name the same file. Use two, so that a rebuild never blocks appends.",
      ],
      [{ store: "" }, /^store is "", which names no file/],
      [{ store: "memory:", http: { host: "localhost", port: 80.5 } }, /^http\.port is "80\.5"\./],
      [{ store: "memory:", leaseTtlMs: Number.NaN }, /^leaseTtlMs is "NaN"\./],
    ];
    try {
      for (const [configuration, problem] of refused) {
        const opening = Rollcall.open({ domains: [ordering] }, configuration);
        const error = (await opening
          .then((open) => open.stop())
          .catch((thrown: unknown) => thrown)) as InvalidConfiguration;
        expect(error, JSON.stringify(configuration)).to.be.instanceOf(InvalidConfiguration);
        expect(error.problems).to.have.length(1);
        expect(error.problems[0]).to.match(new RegExp(problem));
      }
      const inMemory = await Rollcall.open({ domains: [ordering] }, { store: ":memory:" });
      expect(inMemory.configuration).to.include({ store: "memory:", readModels: "memory:" });
      await inMemory.stop();
      expect(readdirSync(folder)).to.deep.equal([]);
      const files = { store: "sqlite:x/log.db", readModels: "sqlite:x/rows.db" };
      await (await Rollcall.open({ domains: [ordering] }, files)).stop();
      expect(readdirSync(folder)).to.deep.equal(["x"]);
    } finally {
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  });

  it("is explained in full to whoever asks a command for help", () => {
    for (const name of [
      "STORE",
      "STORE_USER",
      "STORE_PASSWORD",
      "STORE_PASSWORD_FILE",
      "STREAM_PREFIX",
      "READ_MODELS",
      "ROLES",
      "HOST",
      "PORT",
      "LEASE_MS",
    ])
      expect(environmentHelp).to.match(new RegExp(`ROLLCALL_${name}[ ,\n]`));
  });

  it("names roles that exist: every other one is listed, with those that do", async () => {
    const opening = Rollcall.open(
      { domains: [ordering] },
      { store: "memory:", readModels: ":memory:", roles: ["ordering", "bilIing", "htpp"] },
    );
    const error = (await opening.catch((thrown: unknown) => thrown)) as InvalidConfiguration;
    expect(error).to.be.instanceOf(InvalidConfiguration);
    expect(error.problems).to.deep.equal(
      ["bilIing", "htpp"].map(
        (role) => `ROLLCALL_ROLES names "${role}". Known roles: ordering, projection, observer, notification, http.`,
      ),
    );
  });

  it("keeps both stores in memory when it says memory: for both, and makes the folders of files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-configuration-"));
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const readModels of ["memory:", ":memory:"]) {
        const rollcall = await Rollcall.open({ domains: [ordering] }, { store: "memory:", readModels });
        await rollcall.stop();
        expect(readdirSync(folder)).to.deep.equal([]);
      }
      const rollcall = await Rollcall.open({ domains: [ordering] });
      await rollcall.stop();
      expect(existsSync(join(folder, ".rollcall", "log.sqlite"))).to.equal(true);
      expect(existsSync(join(folder, ".rollcall", "read-models.sqlite"))).to.equal(true);
    } finally {
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  });
});
