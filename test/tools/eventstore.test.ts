import { readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { EventStoreDBClient, jsonEvent, StreamNotFoundError } from "@eventstore/db-client";
import { expect } from "chai";
import { generate } from "selfsigned";
import { until } from "../until.js";
import { commands, type RunningCommand } from "./command.js";
import { stopwatch } from "../stopwatch.js";

describe("the eventstore command", function () {
  this.timeout(60_000);
  const to = commands();
  const clients: EventStoreDBClient[] = [];
  afterEach(async () => {
    for (const each of clients.splice(0)) await each.dispose();
  });

  const start = async (...args: string[]) => {
    const command = to.run("eventstore", ["--port", "0", "--json", ...args]);
    await command.prints(/"kind":"started".*\n/);
    return { command, ...(command.lines("started")[0] as { connectionString: string; port: number; file: string }) };
  };
  const connect = (connectionString: string) => {
    const client = EventStoreDBClient.connectionString(connectionString);
    clients.push(client);
    return client;
  };
  const append = (connectionString: string) =>
    connect(connectionString).appendToStream("a", jsonEvent({ type: "t", data: {} }));
  const count = async (connectionString: string) => {
    let found = 0;
    for await (const { event } of connect(connectionString).readStream("a")) found += event ? 1 : 0;
    return found;
  };
  const wellEnded = async (command: RunningCommand, signal: NodeJS.Signals = "SIGINT") => {
    const tookMs = stopwatch();
    const { code, stderr } = await command.interrupt(signal);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(tookMs(), "it stops within two seconds").to.be.below(2_000);
  };

  it("says to people what it is for, where it is, and what it does not do", async () => {
    const command = to.run("eventstore", ["--port", "0"]);
    await command.prints(/Ctrl-C stops\./);
    const [, connectionString] = /^ {2}(esdb:\S+)$/m.exec(command.stdout)!;
    expect(connectionString).to.match(/^esdb:\/\/127\.0\.0\.1:\d+\?tls=false$/);
    expect(command.stdout).to.match(/for development and tests, not for production/);
    expect(command.stdout).to.match(/no persistent subscriptions, .*no access control, no cluster, no HTTP/);
    expect(command.stdout).to.include(join(to.folder, ".rollcall/eventstore.sqlite"));
    expect(command.stdout).to.not.include("Warning");
    await append(connectionString!);
    await wellEnded(command);
    expect(command.stdout.endsWith("Stopped. The next start goes on from here.\n")).to.equal(true);
  });

  it("ends soon although clients read and write, and goes on with what it acknowledged", async () => {
    const first = await start("--file", "log.sqlite");
    expect(first.file).to.equal(join(to.folder, "log.sqlite"));
    const client = connect(first.connectionString);
    client.subscribeToAll().on("error", () => {});
    let acknowledged = 0;
    const writing = (async () => {
      for (;;) {
        await client.appendToStream("a", jsonEvent({ type: "t", data: {} }));
        acknowledged++;
      }
    })().catch(() => {});
    await until("much is written", () => acknowledged > 50);
    await wellEnded(first.command, "SIGTERM");
    await writing;
    const second = await start("--file", "log.sqlite");
    expect(await count(second.connectionString)).to.be.at.least(acknowledged);
    await wellEnded(second.command);
  });

  it("takes the place of one that was killed, and of no one that lives", async () => {
    const first = await start();
    await append(first.connectionString);
    const second = await to.run("eventstore", ["--port", "0"]).ended;
    expect(second.code).to.equal(3);
    expect(second.stderr).to.match(
      /eventstore\.sqlite: another development server is serving this file\. Stop it first/,
    );
    expect(second.stdout).to.equal("");
    const asJson = await to.end("eventstore", ["--port", "0", "--json"]);
    expect((JSON.parse(asJson.stdout) as { error: object }).error).to.include({ code: "STORE_UNAVAILABLE" });
    expect(await count(first.connectionString)).to.equal(1);
    await first.command.interrupt("SIGKILL");
    const third = await start();
    expect(await count(third.connectionString)).to.equal(1);
    await wellEnded(third.command);
  });

  it("keeps nothing when it is told so", async () => {
    const { command, connectionString, file } = await start("--memory");
    expect(file).to.equal("memory");
    await append(connectionString);
    expect(await count(connectionString)).to.equal(1);
    await wellEnded(command);
    expect(readdirSync(to.folder)).to.deep.equal([]);
  });

  it("encrypts with a certificate that it makes once, whose key nobody else may read", async () => {
    const first = await start("--tls", "--file", "log.sqlite");
    expect(first.connectionString).to.match(/^esdb:\/\/localhost:\d+\?tls=true&tlsCAFile=\//);
    await append(first.connectionString);
    const [key, certificate] = [join(to.folder, "log.sqlite.key"), join(to.folder, "log.sqlite.crt")];
    expect((statSync(key).mode & 0o777).toString(8)).to.equal("600");
    const made = statSync(certificate).mtimeMs;
    await wellEnded(first.command);
    const second = await start("--tls", "--file", "log.sqlite");
    expect(statSync(certificate).mtimeMs).to.equal(made);
    expect(await count(second.connectionString)).to.equal(1);
    // Credentials are taken, and mean nothing.
    expect(await count(second.connectionString.replace("esdb://", "esdb://nobody:wrong@"))).to.equal(1);
    await wellEnded(second.command);
  });

  it("encrypts with a certificate that it is given", async () => {
    const made = await generate([{ name: "commonName", value: "localhost" }], { algorithm: "sha256" });
    writeFileSync(join(to.folder, "own.crt"), made.cert);
    writeFileSync(join(to.folder, "own.key"), made.private);
    const { command, connectionString } = await start("--cert", "own.crt", "--key", "own.key");
    expect(connectionString).to.include(`tlsCAFile=${join(to.folder, "own.crt")}`);
    await append(connectionString);
    await wellEnded(command);
  });

  it("runs the system projections from the start when it is told so", async () => {
    const { command, connectionString } = await start("--run-projections");
    await append(connectionString);
    const client = connect(connectionString);
    await until("the event is linked", async () => {
      const linked: unknown[] = [];
      try {
        for await (const { event } of client.readStream("$et-t", { resolveLinkTos: true }))
          linked.push(event?.streamId);
      } catch (error) {
        if (!(error instanceof StreamNotFoundError)) throw error;
      }
      return linked.includes("a");
    });
    await wellEnded(command);
  });

  it("takes so much in one append as it is told", async () => {
    const { command, connectionString } = await start("--max-append-size", "100");
    const error = await connect(connectionString)
      .appendToStream("a", jsonEvent({ type: "t", data: { text: "x".repeat(100) } }))
      .catch((error: unknown) => error);
    expect(error).to.include({ type: "maximum-append-size-exceeded", maxAppendSize: 100 });
    await wellEnded(command);
  });

  it("warns in sight when others may reach it", async () => {
    const { command } = await start("--host", "0.0.0.0");
    await command.prints(/"kind":"warning".*\n/);
    expect(command.lines("warning")[0]!["message"]).to.match(/listens on 0\.0\.0\.0, where others may reach it/);
    await wellEnded(command);
    const words = to.run("eventstore", ["--port", "0", "--host", "0.0.0.0"]);
    await words.prints(/Warning: it listens on 0\.0\.0\.0/);
    await wellEnded(words);
  });

  it("says which port is in use, without a stack, and leaves the file to others", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await to.run("eventstore", ["--port", String(port), "--tls"]).ended;
    other.close();
    expect(readdirSync(to.folder), "nothing is made").to.deep.equal([]);
    expect(code).to.equal(2);
    expect(stderr).to.match(new RegExp(`cannot listen on 127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE`));
    expect(stderr).to.not.match(/^ +at /m);
    expect(stdout).to.equal("");
    await wellEnded((await start()).command);
  });

  it("refuses wrong usage, and says all that is wrong", async () => {
    writeFileSync(join(to.folder, "junk.pem"), "junk");
    writeFileSync(join(to.folder, "junk.sqlite"), "This is no database.".repeat(100));
    const refused: [readonly string[], number, RegExp][] = [
      [["--port", "http"], 2, /Expected a whole number from 0 to 65535/],
      [["--port", ""], 2, /Expected a whole number/],
      [["--max-append-size", "0"], 2, /Expected a whole number from 1 to/],
      [["--nope"], 2, /unknown option '--nope'/],
      [["extra"], 2, /too many arguments/],
      [["--memory", "--file", "a", "--tls", "--cert", "c"], 2, /1\. --memory and[^]*2\. --tls makes[^]*3\. --cert and/],
      [["--cert", "a.pem", "--key", "b.pem"], 2, /1\. --cert a\.pem cannot be read[^]*2\. --key b\.pem cannot be read/],
      [["--cert", "junk.pem", "--key", "junk.pem"], 2, /--cert and --key cannot be used: .*Name PEM files/],
      [["--host", "nowhere.invalid"], 2, /cannot listen on nowhere\.invalid/],
      [["--file", "junk.sqlite"], 3, /junk\.sqlite/],
    ];
    for (const [args, code, sentence] of refused) {
      const ended = await to.end("eventstore", ["--port", "0", ...args]);
      expect(ended.stderr).to.match(sentence);
      expect(ended.code, ended.stderr).to.equal(code);
      expect(ended.stderr).to.not.match(/^ +at /m);
    }
    expect(readdirSync(to.folder).sort(), "nothing is made").to.deep.equal(["junk.pem", "junk.sqlite"]);
  });

  it("explains itself: options, what it lacks, exit codes", async () => {
    const { code, stdout } = await to.end("eventstore", ["--help"]);
    expect(code).to.equal(0);
    for (const option of [
      "port",
      "host",
      "file",
      "memory",
      "tls",
      "cert",
      "key",
      "max-append-size",
      "run-projections",
      "json",
    ])
      expect(stdout).to.include(`--${option}`);
    expect(stdout).to.match(/Credentials are accepted and ignored/);
    expect(stdout).to.match(/Exit codes: 0 stopped on request, /);
  });
});
