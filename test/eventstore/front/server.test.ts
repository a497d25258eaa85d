import { once } from "node:events";
import { connect } from "node:net";
import {
  CancelledError,
  EventStoreDBClient,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults,
  UnavailableError,
} from "@eventstore/db-client";
import gossipGrpc from "@eventstore/db-client/generated/gossip_grpc_pb.js";
import gossip from "@eventstore/db-client/generated/gossip_pb.js";
import type { ClusterInfo } from "@eventstore/db-client/generated/gossip_pb.js";
import monitoring from "@eventstore/db-client/generated/monitoring_grpc_pb.js";
import operations from "@eventstore/db-client/generated/operations_grpc_pb.js";
import persistent from "@eventstore/db-client/generated/persistent_grpc_pb.js";
import featuresGrpc from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import type { SupportedMethods } from "@eventstore/db-client/generated/serverfeatures_pb.js";
import users from "@eventstore/db-client/generated/users_grpc_pb.js";
import {
  Client,
  credentials,
  status,
  type ChannelCredentials,
  type ServiceDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { expect } from "chai";
import { InvalidConfiguration } from "../../../src/errors.js";
import { startDevelopmentServer } from "../../../tools/eventstore/development-server.js";
import { FileAlreadyServed } from "../../../tools/eventstore/ownership.js";
import { startEventStoreServer } from "../../../tools/eventstore/server.js";
import { openTemporaryRecordLog } from "../../../tools/eventstore/temporary-record-log.js";
import { until } from "../../until.js";
import { ServerProcess } from "../server-process.js";
import { TestServer } from "../server.js";
import { nothing } from "./raw.js";

describe("the development server", function () {
  this.timeout(60_000);
  let server: TestServer;
  const clients: { close(): void }[] = [];
  const officials: EventStoreDBClient[] = [];
  before(async () => {
    server = await TestServer.start();
  });
  afterEach(async () => {
    for (const each of clients.splice(0)) each.close();
    for (const each of officials.splice(0)) await each.dispose();
  });
  after(() => server.remove());

  const official = (connectionString = server.connectionString) => {
    const client = EventStoreDBClient.connectionString(connectionString);
    officials.push(client);
    return client;
  };
  const typed = <T>(Type: new (address: string, channel: ChannelCredentials) => T, host: string) => {
    const client = new Type(`${host}:${server.port}`, credentials.createInsecure());
    clients.push(client as { close(): void });
    return client;
  };

  it("says which methods it has, so that clients append in batches and never ask by HTTP", async () => {
    const client = typed(featuresGrpc.ServerFeaturesClient, "127.0.0.1");
    const supported = await new Promise<SupportedMethods>((resolve, reject) =>
      client.getSupportedMethods(nothing(), (error, answer) => (error ? reject(error) : resolve(answer!))),
    );
    expect(supported.getEventStoreServerVersion()).to.match(/^24\.6\.0-.*development-server$/);
    const methods = new Map(
      supported
        .getMethodsList()
        .map((each) => [`${each.getServiceName()}/${each.getMethodName()}`, each.getFeaturesList()]),
    );
    expect(methods).to.include.keys(
      "event_store.client.streams.streams/batchappend",
      "event_store.client.streams.streams/read",
      "event_store.client.gossip.gossip/read",
      "event_store.client.server_features.serverfeatures/getsupportedmethods",
    );
    const group = "event_store.client.persistent_subscriptions.persistentsubscriptions";
    for (const name of ["create", "update", "delete", "read", "getinfo", "replayparked", "list", "restartsubsystem"])
      expect(methods.get(`${group}/${name}`), name).to.include.members(["stream", "all"]);
    expect(methods.get("event_store.client.projections.projections/create")).to.deep.equal(["track_emitted_streams"]);
  });

  for (const host of ["127.0.0.1", "localhost"])
    it(`is a cluster of one, the leader, where its caller has found it: ${host}`, async () => {
      const client = typed(gossipGrpc.GossipClient, host);
      const info = await new Promise<ClusterInfo>((resolve, reject) =>
        client.read(nothing(), (error, answer) => (error ? reject(error) : resolve(answer!))),
      );
      const [member, ...more] = info.getMembersList();
      expect(more).to.deep.equal([]);
      expect(member!.getState()).to.equal(gossip.MemberInfo.VNodeState.LEADER);
      expect(member!.getIsAlive()).to.equal(true);
      expect(member!.getHttpEndPoint()!.toObject()).to.deep.equal({ address: host, port: server.port });
      expect(member!.getInstanceId()!.hasStructured()).to.equal(true);
      // In units of 100 nanoseconds since 1970.
      expect(Number(BigInt(member!.getTimeStamp()) / 10_000n)).to.be.closeTo(Date.now(), 60_000);
    });

  it("is found by clients that ask for a cluster", async () => {
    const found = official(`esdb+discover://localhost:${server.port}?tls=false`);
    await found.appendToStream("discovered", jsonEvent({ type: "t", data: {} }));
    const among = official(`esdb://localhost:${server.port},127.0.0.1:${server.port}?tls=false&nodePreference=leader`);
    for await (const { event } of among.readStream("discovered")) expect(event!.streamId).to.equal("discovered");
  });

  const missing: [string, ServiceDefinition][] = [
    ["Persistent subscriptions", persistent.PersistentSubscriptionsService],
    ["Users", users.UsersService],
    ["Operations", operations.OperationsService],
    ["Monitoring", monitoring.MonitoringService],
  ];
  for (const [title, definition] of missing)
    it(`says of each method that it does not have that it has none: ${title}`, async () => {
      const client = typed(Client, "127.0.0.1");
      const request = { serializeBinary: () => new Uint8Array() };
      for (const { path, requestStream, responseStream } of Object.values(definition)) {
        const serialize = () => Buffer.from(request.serializeBinary());
        const deserialize = (bytes: Buffer) => bytes;
        const error = await new Promise<ServiceError>((resolve) => {
          const answered = (error: ServiceError | null) => resolve(error!);
          if (responseStream) {
            const call = requestStream
              ? client.makeBidiStreamRequest(path, serialize, deserialize)
              : client.makeServerStreamRequest(path, serialize, deserialize, request);
            call.on("data", () => {}).on("error", answered);
          } else client.makeUnaryRequest(path, serialize, deserialize, request, answered);
        });
        expect(error.code, path).to.equal(status.UNIMPLEMENTED);
        expect(error.details).to.match(
          new RegExp(`^${title}.*: This development server has none: use a real EventStoreDB for that\\.$`),
        );
      }
    });

  it("tells the official client so, where it asks for persistent subscriptions and projections of its own", async () => {
    const client = official();
    const asks = [
      () => client.createPersistentSubscriptionToStream("a", "g", persistentSubscriptionToStreamSettingsFromDefaults()),
      () => client.listAllPersistentSubscriptions(),
      () => client.getPersistentSubscriptionToAllInfo("g"),
      () => client.createProjection("mine", "fromAll()"),
    ];
    for (const ask of asks) {
      const error = await ask().then(
        () => undefined,
        (error: Error) => error,
      );
      expect(error?.message).to.match(/12 UNIMPLEMENTED: .*This development server.*real EventStoreDB/);
    }
    const subscription = client.subscribeToPersistentSubscriptionToStream("a", "g");
    const [error] = (await once(subscription, "error")) as [Error];
    expect(error.message).to.match(/UNIMPLEMENTED: Persistent subscriptions: /);
  });

  it("goes on when it has stopped and started again, on the same port and file", async () => {
    const client = official();
    await client.appendToStream("restarted", jsonEvent({ type: "t", data: { n: 1 } }));
    const subscription = client.subscribeToStream("restarted");
    const failed = once(subscription, "error");
    await once(subscription, "data");
    await server.restart();
    const [error] = (await failed) as [Error];
    expect(error instanceof CancelledError || error instanceof UnavailableError, error.message).to.equal(true);
    const read: unknown[] = [];
    for await (const { event } of client.readStream("restarted")) read.push(event!.data);
    expect(read).to.deep.equal([{ n: 1 }]);
    await client.appendToStream("restarted", jsonEvent({ type: "t", data: { n: 2 } }), { expectedRevision: 0n });
  });

  it("outlives whatever else is sent to its port", async () => {
    const rubbish = [
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "\0".repeat(5_000),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frames",
    ];
    for (const each of rubbish) {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => {}).resume();
      await once(socket, "connect");
      socket.end(each);
      await once(socket, "close");
    }
    const client = official();
    expect((await client.appendToStream("after", jsonEvent({ type: "t", data: {} }))).success).to.equal(true);
  });

  it("serves a file that nobody else serves", async () => {
    const error = await startDevelopmentServer({ file: server.file }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).to.be.an.instanceOf(FileAlreadyServed).and.include({ code: "STORE_UNAVAILABLE", file: server.file });
    expect((error as Error).message).to.match(/another development server is serving this file\. Stop it first/);
    await server.restart();
  });

  it("stops soon although calls are open, and lets a write that is under way be answered", async () => {
    const log = await openTemporaryRecordLog();
    const { append } = log;
    let release = () => {};
    let reached = false;
    log.append = async (...write) => {
      reached = true;
      await new Promise<void>((resolve) => (release = resolve));
      return append.apply(log, write);
    };
    const stopping = await startEventStoreServer({ log });
    const client = official(stopping.connectionString);
    const subscription = client.subscribeToAll();
    subscription.on("error", () => {});
    await once(subscription, "caughtUp");
    const appended = client.appendToStream("a", jsonEvent({ type: "t", data: {} }));
    await until("it is under way", () => reached);
    const stopped = stopping.stop();
    release();
    expect((await appended).success).to.equal(true);
    await stopped;
    await log.close();
  });

  it("stops although a write never ends", async () => {
    const log = await openTemporaryRecordLog();
    let reached = false;
    log.append = () => {
      reached = true;
      return new Promise(() => {});
    };
    const stopping = await startEventStoreServer({ log });
    const client = official(stopping.connectionString);
    const appended = client.appendToStream("a", jsonEvent({ type: "t", data: {} })).catch((error: unknown) => error);
    await until("it is under way", () => reached);
    await stopping.stop();
    expect(await appended).to.be.an("error");
    await log.close();
  });

  it("says who is in the way when it cannot listen", async () => {
    const log = await openTemporaryRecordLog();
    const error = await startEventStoreServer({ log, port: server.port }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).to.be.an.instanceOf(InvalidConfiguration);
    expect((error as Error).message).to.match(
      new RegExp(`cannot listen on 127\\.0\\.0\\.1, port ${server.port}: .*EADDRINUSE[^[\\]]*\\. Choose another`),
    );
    await log.close();
  });

  it("has all that it acknowledged after it was killed, and nothing twice", async () => {
    const killed = await ServerProcess.start();
    try {
      for (let round = 0; round < 3; round++) {
        const client = official(killed.connectionString);
        const acknowledged: string[] = [];
        const writing = Array.from({ length: 20 }, async (_, writer) => {
          try {
            for (let n = 0; ; n++) {
              const id = crypto.randomUUID();
              await client.appendToStream(`round-${round}-${writer}`, jsonEvent({ id, type: "t", data: { n } }));
              acknowledged.push(id);
            }
          } catch {
            // Killed: whether this one was written, nobody knows.
          }
        });
        await until("much is written", () => acknowledged.length > 300);
        await killed.kill("SIGKILL");
        await Promise.all(writing);
        await killed.start();
        const found = new Map<string, number>();
        for await (const { event } of official(killed.connectionString).readAll())
          found.set(event!.id, (found.get(event!.id) ?? 0) + 1);
        expect(acknowledged.filter((id) => found.get(id) !== 1)).to.deep.equal([]);
      }
    } finally {
      await killed.remove();
    }
  });
});
