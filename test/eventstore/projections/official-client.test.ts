import {
  EventStoreDBClient,
  jsonEvent,
  NotFoundError,
  UnknownError,
  type AllStreamResolvedEvent,
  type ResolvedEvent,
} from "@eventstore/db-client";
import { expect } from "chai";
import { until } from "../../until.js";
import { TestServer } from "../server.js";

const placed = (correlationId?: string) =>
  jsonEvent({
    type: "Placed",
    data: {},
    ...(correlationId !== undefined && { metadata: { $correlationId: correlationId } }),
  });

async function readOf(events: AsyncIterable<ResolvedEvent | AllStreamResolvedEvent>): Promise<ResolvedEvent[]> {
  const read: ResolvedEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
}

describe("the system projections, to the official client", () => {
  let server: TestServer;
  let client: EventStoreDBClient;

  beforeEach(async () => {
    server = await TestServer.start();
    client = EventStoreDBClient.connectionString(server.connectionString);
  });

  afterEach(async () => {
    await client.dispose();
    await server.remove();
  });

  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => expect.fail("nothing was thrown"),
      (error: unknown) => error,
    );

  const caughtUp = (name: string) => server.running.projections.caughtUp(name);

  it("are the five of a real server, all stopped at first", async () => {
    const listed = await client.listProjections();
    expect(listed.map(({ name, projectionStatus }) => [name, projectionStatus])).to.have.deep.members([
      ["$by_category", "Stopped"],
      ["$by_correlation_id", "Stopped"],
      ["$by_event_type", "Stopped"],
      ["$stream_by_category", "Stopped"],
      ["$streams", "Stopped"],
    ]);
  });

  it("are enabled, disabled and aborted", async () => {
    const statuses: string[] = [];
    const note = async () => statuses.push((await client.getProjectionStatus("$by_category")).status);
    await client.enableProjection("$by_category");
    await note();
    await client.disableProjection("$by_category");
    await note();
    await client.enableProjection("$by_category");
    await client.abortProjection("$by_category");
    await note();
    expect(statuses).to.eql(["Running", "Stopped", "Aborted/Stopped"]);
  });

  it("say how far they are", async () => {
    await client.enableProjection("$by_category");
    await client.appendToStream("order-1", [placed(), placed()]);
    await caughtUp("$by_category");
    await until("its own links are passed", async () => {
      const { progress } = await client.getProjectionStatus("$by_category");
      return progress === 100;
    });
    const head = server.log.head();
    expect(await client.getProjectionStatus("$by_category")).to.deep.include({
      name: "$by_category",
      effectiveName: "$by_category",
      status: "Running",
      projectionStatus: "Running",
      processingStatus: "",
      stateReason: "",
      position: `C:${head}/P:${head}`,
      lastCheckpoint: "C:0/P:-1",
      checkpointStatus: "",
      eventsProcessedAfterRestart: 2n,
      version: 1n,
      epoch: -1n,
      bufferedEvents: 0n,
      partitionsCached: 1,
    });
  });

  it("show their links, resolved or as they are", async () => {
    await client.appendToStream("order-1", [placed(), placed()]);
    await client.appendToStream("order-2", placed());
    await client.enableProjection("$by_category");
    await caughtUp("$by_category");
    const asTheyAre = await readOf(client.readStream("$ce-order"));
    expect(asTheyAre.map(({ event, link }) => [event!.type, event!.revision, link])).to.eql([
      ["$>", 0n, undefined],
      ["$>", 1n, undefined],
      ["$>", 2n, undefined],
    ]);
    expect(asTheyAre[2]!.event!.metadata).to.include({ $o: "order-2" });
    const resolved = await readOf(client.readStream("$ce-order", { resolveLinkTos: true }));
    expect(resolved.map(({ event, link }) => [event!.streamId, event!.revision, link!.revision])).to.eql([
      ["order-1", 0n, 0n],
      ["order-1", 1n, 1n],
      ["order-2", 0n, 2n],
    ]);
  });

  it("link to a live subscriber what is appended", async () => {
    await client.enableProjection("$by_correlation_id");
    const arrived: (string | undefined)[] = [];
    const subscription = client.subscribeToStream("$bc-process-1", { resolveLinkTos: true });
    subscription.on("data", ({ event }) => arrived.push(event?.streamId));
    await client.appendToStream("order-1", placed("process-1"));
    await client.appendToStream("order-2", placed("process-2"));
    await client.appendToStream("invoice-1", placed("process-1"));
    await until("both have arrived", () => arrived.length >= 2);
    expect(arrived).to.eql(["order-1", "invoice-1"]);
    await subscription.unsubscribe();
  });

  it("leave links behind whose events were deleted", async () => {
    await client.enableProjection("$by_category");
    await client.appendToStream("order-1", placed());
    await client.deleteStream("order-1");
    await caughtUp("$by_category");
    const links = await readOf(client.readStream("$ce-order", { resolveLinkTos: true }));
    expect(links.map(({ event, link }) => [event?.streamId, link?.revision])).to.eql([
      [undefined, 0n],
      // The metadata that says so.
      ["$$order-1", 1n],
    ]);
  });

  it("go on after a restart of the server", async () => {
    await client.enableProjection("$by_event_type");
    await client.appendToStream("order-1", placed());
    await server.restart();
    client = EventStoreDBClient.connectionString(server.connectionString);
    expect((await client.getProjectionStatus("$by_event_type")).projectionStatus).to.equal("Running");
    await client.appendToStream("order-1", placed());
    await client.restartSubsystem();
    await caughtUp("$by_event_type");
    expect(await readOf(client.readStream("$et-Placed"))).to.have.lengthOf(2);
  });

  it("are reset, and have neither state nor result", async () => {
    await client.enableProjection("$by_category");
    await client.appendToStream("order-1", placed());
    await caughtUp("$by_category");
    await client.resetProjection("$by_category");
    await caughtUp("$by_category");
    const links = await readOf(client.readStream("$ce-order"));
    expect(links.map(({ event }) => event!.revision)).to.eql([1n]);
    expect(await client.getProjectionState("$by_category")).to.eql({});
    expect(await client.getProjectionResult("$by_category")).to.eql({});
  });

  it("that do not exist are not found", async () => {
    for (const ask of [
      () => client.getProjectionStatus("mine"),
      () => client.enableProjection("mine"),
      () => client.disableProjection("mine"),
      () => client.abortProjection("mine"),
      () => client.resetProjection("mine"),
      () => client.getProjectionState("mine"),
      () => client.getProjectionResult("mine"),
    ]) {
      const error = await failureOf(ask());
      expect(error).to.be.instanceOf(NotFoundError);
      expect((error as Error).message).to.include("Projection 'mine' not found");
    }
  });

  it("are the only ones: those of users need a real server", async () => {
    for (const ask of [
      () => client.createProjection("mine", "fromAll()"),
      () => client.updateProjection("mine", "fromAll()"),
      () => client.deleteProjection("mine"),
    ]) {
      const error = await failureOf(ask());
      expect(error).to.be.instanceOf(UnknownError);
      expect((error as Error).message).to.include("Use a real EventStoreDB");
    }
  });
});
