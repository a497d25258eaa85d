/** Opening a store over EventStoreDB: whom it asks as whom, what it finds out, and what it leaves behind when it is closed. */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { EventStoreDBClient } from "@eventstore/db-client";
import { expect } from "chai";
import { AccessDenied, IncompatibleStore, InvalidConfiguration, UntrustedConnection } from "../../../src/errors.js";
import { clockStreamOf } from "../../../src/subscription/index.js";
import { openEventStoreDb, type EventStoreDbOptions } from "../../../src/store/eventstoredb/index.js";
import { ownCertificate, type Certificate } from "../../../tools/eventstore/certificate.js";
import { startProxy } from "../../eventstore/proxy.js";
import { TestServer } from "../../eventstore/server.js";
import { until } from "../../until.js";
import { closeAll, eventsOf, rejection, serverOf, storeOf } from "./stores.js";
import { failing, type Script } from "./scripted-server.js";
import { event, notFound, readEvent, refused, written } from "./wire.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";

const identity = "7c2f2d0e-6f0f-4f59-8d7d-2a5a3c1b9a10";

/** A server whose log holds the identity and nothing else. */
const wellBehaved: Script = {
  read: (call) => {
    call.write(readEvent({ streamName: "rollcall.store", revision: 0, position: 7, id: identity }));
    call.end();
  },
  batchMessage: (message, call) => void call.write(written(message, 0, 7)),
};

describe("opening a store over EventStoreDB", () => {
  let folder: string;
  let certificate: Certificate;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-certificate-"));
    certificate = await ownCertificate(join(folder, "server"));
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(closeAll);

  const open = async (options: EventStoreDbOptions) => {
    const store = await openEventStoreDb({ readTimeoutMs: 3_000, appendDeadlineMs: 3_000, ...options });
    await store.close();
    return store;
  };
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

  it("sends the credentials of the options, or of the connection string, with every call over TLS", async () => {
    const server = await serverOf(wellBehaved, certificate);
    const withUser = server.connectionString.replace("//", "//ada:p%40ss%3Aword@");
    await open({ connectionString: withUser });
    await open({ connectionString: server.connectionString, user: "bob", password: "p@ss:word" });
    const sent = server.metadata.map((metadata) => metadata.get("authorization")[0]);
    const half = sent.length / 2;
    expect(sent.length).to.be.greaterThan(6);
    expect(new Set(sent.slice(0, half))).to.deep.equal(new Set([basic("ada", "p@ss:word")]));
    expect(new Set(sent.slice(half))).to.deep.equal(new Set([basic("bob", "p@ss:word")]));
  });

  it("trusts the authority that is named by the options, and no other", async () => {
    const server = await serverOf(wellBehaved, certificate);
    const connectionString = `esdb://localhost:${server.port}`;
    await open({ connectionString, tlsCaFile: certificate.caFile });
    const another = await ownCertificate(join(folder, "another"));
    for (const tlsCaFile of [undefined, another.caFile]) {
      // Longer than the test may take: it is of no use to try again.
      const error = await rejection(open({ connectionString, tlsCaFile, readTimeoutMs: 200_000 }));
      expect(error).to.be.instanceOf(UntrustedConnection);
      expect(error.message)
        .to.match(/self-signed certificate/)
        .and.match(/ROLLCALL_STORE_CA_FILE/)
        .and.not.match(/Resolution note/);
    }
    const unchecked = storeOf({ connectionString }, { appendDeadlineMs: 200_000, readTimeoutMs: 200_000 });
    const uses = [
      unchecked.append("order-1", [event()], { expectedRevision: "any" }),
      unchecked.head(),
      eventsOf(unchecked.readLog()),
      unchecked.deleteStream("order-1", { expectedRevision: "any" }),
    ];
    for (const use of await Promise.all(uses.map(rejection))) expect(use.code).to.equal("UNTRUSTED_CONNECTION");
  });

  it("says at once when the server does not use TLS", async () => {
    const { port } = await serverOf(wellBehaved);
    const error = await rejection(open({ connectionString: `esdb://localhost:${port}`, readTimeoutMs: 200_000 }));
    expect(error).to.be.instanceOf(UntrustedConnection);
    expect(error.message)
      .to.match(/[?]tls=false/)
      .and.not.match(/openssl/i);
  });

  it("asks whether the server expects TLS when a connection without it comes to nothing", async () => {
    const { port } = await serverOf(wellBehaved, certificate);
    const error = await rejection(open({ connectionString: `esdb://localhost:${port}?tls=false`, readTimeoutMs: 300 }));
    expect(error.code).to.equal("STORE_UNAVAILABLE");
    expect(error.message)
      .to.match(/does the server expect TLS/)
      .and.not.match(/Resolution note/);
  });

  it("asks about TLS when the servers of a cluster cannot be found", async () => {
    const { port } = await serverOf(wellBehaved, certificate);
    const hosts = `localhost:${port},localhost:${port}`;
    const connectionString = `esdb://${hosts}?maxDiscoverAttempts=1&discoveryInterval=1`;
    const error = await rejection(open({ connectionString, readTimeoutMs: 3_000 }));
    expect(error.code).to.equal("STORE_UNAVAILABLE");
    expect(error.message).to.match(/speak TLS/);
  });

  it("names every privilege that the user lacks, at once", async () => {
    const denied = failing(status.PERMISSION_DENIED, "Access Denied", { exception: "access-denied" });
    const refuse = new shared.AccessDenied();
    const script: Script = {
      read: (call) => void call.emit("error", denied),
      batchMessage: (message, call) => void call.write(refused(message, "AccessDenied", ["AccessDenied", refuse])),
    };
    const server = await serverOf(script, certificate);
    const error = (await rejection(
      open({ connectionString: server.connectionString, user: "ada", password: "secret", streamPrefix: "mine." }),
    )) as AccessDenied;
    expect(error).to.be.instanceOf(AccessDenied);
    expect(error).to.deep.include({
      who: "ada",
      denied: ["read $all", "read mine.store", "append to mine.store", "read mine.clock", "append to mine.clock"],
    });
    expect(error.message)
      .to.match(/ada/)
      .and.match(/ROLLCALL_READ_ONLY/)
      .and.not.match(/secret/);
    const reading = { connectionString: server.connectionString, user: "ada", password: "secret", readOnly: true };
    const [asked, unread] = [server.messages.length, (await rejection(open(reading))) as AccessDenied];
    expect(unread.denied).to.deep.equal(["read $all", "read rollcall.store"]);
    expect(unread.message).not.to.match(/ROLLCALL_READ_ONLY/);
    expect(server.messages).to.have.length(asked);
  });

  it("is content with a user who may only read, when it is to read only, and tries nothing else", async () => {
    const denied = new shared.AccessDenied();
    const server = await serverOf({
      read: (call) => {
        // There is one event, and no identity of the log.
        if (call.request.getOptions()!.hasStream()) call.write(notFound());
        else call.write(readEvent({ streamName: "order-1", revision: 0, position: 7, id: identity }));
        call.end();
      },
      batchMessage: (message, call) => void call.write(refused(message, "AccessDenied", ["AccessDenied", denied])),
    });
    const { connectionString } = server;
    const refusal = (await rejection(open({ connectionString }))) as AccessDenied;
    expect(refusal.denied).to.deep.equal(["append to rollcall.store", "append to rollcall.clock"]);
    const asked = server.messages.length;
    const store = await openEventStoreDb({ connectionString, readOnly: true });
    expect((await rejection(store.append("order-1", [event()], { expectedRevision: "any" }))).code).to.equal(
      "LOG_IS_READ_ONLY",
    );
    expect(await store.identity()).to.equal(undefined);
    await store.close();
    expect(server.messages).to.have.length(asked);
  });

  it("says when it is the password, without saying it", async () => {
    const server = await serverOf({ features: () => failing(status.UNAUTHENTICATED, "") }, certificate);
    const error = await rejection(open({ connectionString: server.connectionString, user: "ada", password: "secret" }));
    expect(error).to.be.instanceOf(AccessDenied);
    expect(error.message)
      .to.match(/ada/)
      .and.match(/password/)
      .and.not.match(/secret/);
  });

  it("refuses a server without streams of appends, and says what is needed", async () => {
    for (const features of [() => [], () => failing(status.UNIMPLEMENTED, "unknown service")]) {
      const { connectionString } = await serverOf({ ...wellBehaved, features });
      const error = await rejection(open({ connectionString }));
      expect(error).to.be.instanceOf(IncompatibleStore);
      expect(error.message).to.match(/22[.]6/);
    }
  });

  it("asks again when the server is not ready to say what it can", async () => {
    let asked = 0;
    const features = () => (++asked < 3 ? failing(status.UNAVAILABLE, "Server Is Not Ready") : ["batchappend"]);
    const { connectionString } = await serverOf({ ...wellBehaved, features });
    await open({ connectionString });
    expect(asked).to.equal(3);
  });

  it("fails when the server does not answer what it can", async () => {
    const { connectionString } = await serverOf({ ...wellBehaved, features: () => undefined });
    expect((await rejection(open({ connectionString, readTimeoutMs: 200 }))).code).to.equal("STORE_UNAVAILABLE");
  });

  it("refuses durations that are none", async () => {
    const options = { connectionString: "esdb://host", appendDeadlineMs: 0, readTimeoutMs: Number.NaN };
    const error = (await rejection(open(options))) as InvalidConfiguration;
    expect(error.problems).to.have.length(2);
  });

  it("takes the identity from the log, and writes one where there is none, the winner's of two", async () => {
    let isThere = false;
    const server = await serverOf({
      read: (call) => {
        if (!isThere) call.write(notFound());
        else call.write(readEvent({ streamName: "mine.store", revision: 0, position: 7, id: identity }));
        call.end();
      },
      batchMessage: (message, call) => {
        // Another process was first.
        isThere = true;
        const details = new shared.WrongExpectedVersion().setCurrentStreamRevision("0");
        call.write(refused(message, "WrongExpectedVersion", ["WrongExpectedVersion", details]));
      },
    });
    const store = storeOf({ connectionString: server.connectionString }, { streamPrefix: "mine." });
    expect(await store.storeId()).to.equal(identity);
    expect(await store.storeId()).to.equal(identity);
    expect(server.messages).to.have.length(1);
  });

  describe("over the development server", () => {
    let server: TestServer;
    before(async () => {
      server = await TestServer.start();
    });
    after(() => server.remove());

    it("gives two stores that open a new log at the same time one identity", async () => {
      const settings = { streamPrefix: `race${Date.now()}.` };
      const stores = Array.from({ length: 4 }, () => storeOf({ connectionString: server.connectionString }, settings));
      const ids = await Promise.all(stores.map((store) => store.storeId()));
      expect(new Set(ids).size).to.equal(1);
      const stored = await eventsOf(stores[0]!.readStream(`${settings.streamPrefix}store`));
      expect(stored.map(({ id, type }) => [id, type])).to.deep.equal([[ids[0], "store.Identified"]]);
    });

    it("tries out the clock that subscriptions go by, and leaves it as it is", async () => {
      const denied: string[] = [];
      const store = storeOf({ connectionString: server.connectionString }, { streamPrefix: "tried." });
      const tried = new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (name !== "append" && name !== "readStream") return member;
          return (streamName: string, ...rest: unknown[]) => {
            denied.push(streamName);
            return (member as (...args: unknown[]) => unknown).call(target, streamName, ...rest);
          };
        },
      });
      await tried.checkPrivileges();
      expect(denied.filter((name) => name === clockStreamOf(store))).to.have.length(2);
      expect(await eventsOf(store.readStream(clockStreamOf(store)))).to.deep.equal([]);
    });

    it("leaves a client of the caller's open, and closes its own", async () => {
      const client = EventStoreDBClient.connectionString(server.connectionString);
      const store = await openEventStoreDb({ client });
      await store.append("clients-1", [event()], { expectedRevision: "any" });
      await store.close();
      expect((await rejection(store.append("clients-1", [event()], { expectedRevision: "any" }))).code).to.equal(
        "STORE_CLOSED",
      );
      const found = client.readStream("clients-1", { direction: "backwards", fromRevision: "end", maxCount: 1 });
      for await (const { event } of found) expect(event!.type).to.equal("test.Happened");
      const again = await openEventStoreDb({ client });
      expect(await again.storeId()).to.be.a("string");
      await again.close();
      await client.dispose();
    });

    it("leaves no connection", async () => {
      const proxy = await startProxy({ targetPort: server.port });
      const store = await openEventStoreDb({ connectionString: `esdb://127.0.0.1:${proxy.port}?tls=false` });
      expect(proxy.open).to.equal(1);
      // A read that somebody began and forgot, with more to come than is held in memory.
      const stored = () => ({ id: randomUUID(), type: "x", data: { text: "x".repeat(1_000) } });
      for (let i = 0; i < 20; i++)
        await store.append("forgotten-1", Array.from({ length: 100 }, stored), { expectedRevision: "any" });
      await store.readLog()[Symbol.asyncIterator]().next();
      await store.readStream("forgotten-1")[Symbol.asyncIterator]().next();
      await store.close();
      // At once: silence alone would end it, too, by and by.
      await until("the connection is closed", () => proxy.open === 0, 5_000);
      await proxy.close();
    });

    it("leaves nothing that keeps a process alive once it is closed", async () => {
      const script = `
        import { openEventStoreDb } from ${JSON.stringify(new URL("../../../src/store/eventstoredb/index.js", import.meta.url).href)};
        const store = await openEventStoreDb({ connectionString: ${JSON.stringify(server.connectionString)} });
        await store.append("exits-1", [{ id: crypto.randomUUID(), type: "x", data: {} }], { expectedRevision: "any" });
        const subscription = store.subscribe()[Symbol.asyncIterator]();
        while ((await subscription.next()).value.kind !== "caughtUp");
        const waiting = subscription.next();
        for await (const page of store.readLog()) break;
        await store.close();
        await waiting;
        console.log("closed");
      `;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let printed = "";
      child.stdout.on("data", (chunk) => (printed += String(chunk)));
      const code = await new Promise((resolve) => child.on("exit", resolve));
      expect([code, printed]).to.deep.equal([0, "closed\n"]);
    });
  });
});
