/** The official client's errors that one node can cause, each as the client's own type, after which the client goes on. */

import {
  AccessDeniedError,
  DeadlineExceededError,
  ErrorType,
  EventStoreDBClient,
  InvalidArgumentError,
  MaxAppendSizeExceededError,
  NO_STREAM,
  NotFoundError,
  StreamDeletedError,
  StreamNotFoundError,
  UnavailableError,
  UnknownError,
  WrongExpectedVersionError,
  binaryEvent,
  isCommandError,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
} from "@eventstore/db-client";
import { expect } from "chai";
import { createServer, type AddressInfo } from "node:net";
import { until } from "../../until.js";
import { useNode } from "./node.js";
import { collect, jsonEvents, newStream, oneEvent, rejected, waysToAppend } from "./terms.js";

const unimplemented = 12;

describe("The official client's errors", () => {
  const node = useNode();
  const read = (stream: string) => collect(node.client.readStream(stream));
  const closed = async () => {
    const stream = newStream();
    await node.client.tombstoneStream(stream);
    return stream;
  };

  afterEach("the client goes on", async () => {
    const stream = newStream();
    await node.client.appendToStream(stream, jsonEvents(2));
    expect(await read(stream)).to.have.length(2);
  });

  for (const { type, errorType, cause } of [
    { type: StreamNotFoundError, errorType: ErrorType.STREAM_NOT_FOUND, cause: () => read(newStream()) },
    { type: StreamDeletedError, errorType: ErrorType.STREAM_DELETED, cause: async () => read(await closed()) },
    {
      type: WrongExpectedVersionError,
      errorType: ErrorType.WRONG_EXPECTED_VERSION,
      cause: () => node.client.appendToStream(newStream(), oneEvent(), { expectedRevision: 3n }),
    },
    {
      type: WrongExpectedVersionError,
      errorType: ErrorType.WRONG_EXPECTED_VERSION,
      cause: () => node.client.deleteStream(newStream(), { expectedRevision: NO_STREAM }),
    },
    {
      type: MaxAppendSizeExceededError,
      errorType: ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
      cause: () =>
        node.client.appendToStream(newStream(), binaryEvent({ type: "test.Large", data: Buffer.alloc(2_000_000) })),
    },
    {
      type: NotFoundError,
      errorType: ErrorType.NOT_FOUND,
      cause: () => node.client.getProjectionStatus("no such projection"),
    },
    {
      type: InvalidArgumentError,
      errorType: ErrorType.INVALID_ARGUMENT,
      cause: async () => collect(node.client.readStream(newStream(), { fromRevision: -1n })),
    },
    {
      type: DeadlineExceededError,
      errorType: ErrorType.DEADLINE_EXCEEDED,
      cause: () => node.connect({ defaultDeadline: 1 }).appendToStream(newStream(), jsonEvents(3_000)),
    },
  ])
    it(`are command errors with a type: ${type.name}`, async () => {
      const error = await rejected(type as new (...args: never[]) => Error, cause());
      expect(isCommandError(error)).to.equal(true);
      expect(error).to.include({ type: errorType });
    });

  for (const { way, options } of waysToAppend) {
    it(`tell a deadline that ${way} did not meet, after which all of it is there or nothing`, async () => {
      const stream = newStream();
      const doing = node.client.appendToStream(stream, jsonEvents(3_000), { ...options, deadline: 1 });
      await rejected(DeadlineExceededError, doing);
      // What the server does after the client gave up is done by the time that it answers the next append.
      await node.client.appendToStream(newStream(), oneEvent());
      const found = await read(stream).catch(() => []);
      expect([0, 3_000]).to.include(found.length);
    });

    it(`tell ${way} that an event needs a type`, async () => {
      const stream = newStream();
      const error: unknown = await node.client.appendToStream(stream, oneEvent(""), options).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(Error);
      await rejected(StreamNotFoundError, read(stream));
    });

    it(`tell ${way} that nobody appends to $all`, async () => {
      const before = await collect(node.client.readAll());
      await rejected(AccessDeniedError, node.client.appendToStream("$all", oneEvent(), options));
      expect(await collect(node.client.readAll())).to.deep.equal(before);
    });
  }

  describe("where nobody listens", () => {
    let port: number;
    before(async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      port = (server.address() as AddressInfo).port;
      await new Promise((resolve) => server.close(resolve));
    });
    const nowhere = (query = "") => EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false${query}`);

    it("tell that the server is not available", async () => {
      await rejected(UnavailableError, collect(nowhere().readStream(newStream())));
      await rejected(UnavailableError, collect(nowhere().readAll()));
      await rejected(UnavailableError, nowhere().deleteStream(newStream()));
      await rejected(UnavailableError, nowhere().listProjections());
      await rejected(UnavailableError, nowhere().appendToStream(newStream(), oneEvent(), waysToAppend[1].options));
    });

    it("tell a subscription, too", async () => {
      let error: Error | undefined;
      nowhere()
        .subscribeToAll()
        .on("error", (e) => (error = e));
      await until("it fails", () => error !== undefined);
      expect(error).to.be.instanceOf(UnavailableError);
    });

    it("tell that discovery was in vain", async () => {
      for (const hosts of [`esdb+discover://127.0.0.1:${port}`, `esdb://127.0.0.1:${port},localhost:${port}`]) {
        const query = "tls=false&maxDiscoverAttempts=2&discoveryInterval=1";
        const client = EventStoreDBClient.connectionString(`${hosts}?${query}`);
        const error = await rejected(Error, client.getStreamMetadata(newStream()));
        expect(error.message).to.equal("Failed to discover after 2 attempts.");
      }
    });
  });

  describe("for persistent subscriptions, which a development server does not have", () => {
    const [stream, group] = [newStream(), "group"];
    const ofStream = persistentSubscriptionToStreamSettingsFromDefaults();
    const ofAll = persistentSubscriptionToAllSettingsFromDefaults();
    for (const [doing, call] of Object.entries({
      create: () => node.client.createPersistentSubscriptionToStream(stream, group, ofStream),
      update: () => node.client.updatePersistentSubscriptionToStream(stream, group, ofStream),
      delete: () => node.client.deletePersistentSubscriptionToStream(stream, group),
      "ask about": () => node.client.getPersistentSubscriptionToStreamInfo(stream, group, {}),
      list: () => node.client.listPersistentSubscriptionsToStream(stream),
      "list all of": () => node.client.listAllPersistentSubscriptions(),
      "replay what is parked of": () => node.client.replayParkedMessagesToStream(stream, group),
      "start the subsystem of": () => node.client.restartPersistentSubscriptionSubsystem(),
      "read from": () => collect(node.client.subscribeToPersistentSubscriptionToStream(stream, group)),
      "create to $all": () => node.client.createPersistentSubscriptionToAll(group, ofAll),
      "update to $all": () => node.client.updatePersistentSubscriptionToAll(group, ofAll),
      "delete to $all": () => node.client.deletePersistentSubscriptionToAll(group),
      "list to $all": () => node.client.listPersistentSubscriptionsToAll(),
      "read from that to $all": () => collect(node.client.subscribeToPersistentSubscriptionToAll(group)),
    }))
      it(`say so: ${doing}`, async () => {
        const error = await rejected(UnknownError, call());
        expect(error.code).to.equal(unimplemented);
        expect(error.message).to.match(/persistent subscription/i);
      });
  });
});
