import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { AppendReq } from "@eventstore/db-client/generated/streams_pb.js";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { TestServer } from "../server.js";
import { FramedCall } from "./frames.js";
import {
  append,
  appendEvent,
  appendOptions,
  connect,
  failure,
  identifier,
  nothing,
  ofStream,
  places,
  read,
  structuredUuid,
  trailers,
  uuid,
  type EventParts,
} from "./raw.js";

const maxAppendBytes = 10_000;

describe("an append by the protocol", function () {
  this.timeout(60_000);
  let server: TestServer;
  let client: IStreamsClient & { close(): void };
  before(async () => {
    server = await TestServer.start({ maxAppendBytes });
    client = connect(server.port);
  });
  after(async () => {
    client.close();
    await server.remove();
  });

  let ids = 0;
  const event = (): Required<Omit<EventParts, "metadata">> => ({
    id: uuid(`00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`),
    type: "t",
    contentType: "application/json",
    data: Buffer.from("{}"),
  });
  const to = (streamName: string) =>
    appendOptions((options) => options.setStreamIdentifier(identifier(streamName)).setAny(nothing()));
  const expecting = (streamName: string, change: (options: AppendReq.Options) => unknown) =>
    appendOptions((options) => {
      options.setStreamIdentifier(identifier(streamName));
      change(options);
    });

  it("writes its events together, and says where the last one is", async () => {
    const answer = await append(client, [to("a"), appendEvent(event()), appendEvent(event())]);
    const success = answer.getSuccess()!;
    const [, last] = await read(client, ofStream("a"));
    expect(success.getCurrentRevision()).to.equal("1");
    expect(success.getPosition()!.getCommitPosition()).to.equal(last!.getEvent()!.getCommitPosition());
    expect(success.getPosition()!.getPreparePosition()).to.equal(last!.getEvent()!.getCommitPosition());
  });

  it("takes ids in both forms, for one and the same id", async () => {
    const [asText, asNumbers] = [
      uuid("FFFFFFFF-FFFF-4FFF-8000-000000000001"),
      structuredUuid(-45_057n, 1n - 2n ** 63n),
    ];
    await append(client, [to("forms"), appendEvent({ ...event(), id: asText })]);
    const again = await append(client, [to("forms"), appendEvent({ ...event(), id: asNumbers })]);
    expect(again.getSuccess()!.getCurrentRevision(), "it was there already").to.equal("0");
    const [answer, ...more] = await read(client, ofStream("forms"));
    expect(answer!.getEvent()!.getEvent()!.getId()!.getString()).to.equal("ffffffff-ffff-4fff-8000-000000000001");
    expect(more).to.deep.equal([]);
  });

  it("of nothing writes nothing, and says that there is no stream", async () => {
    const success = (await append(client, [to("empty")])).getSuccess()!;
    expect([success.hasNoStream(), success.hasNoPosition()]).to.deep.equal([true, true]);
    expect((await read(client, ofStream("empty")))[0]!.hasStreamNotFound()).to.equal(true);
  });

  it("stores any content but JSON as bytes", async () => {
    await append(client, [to("content"), appendEvent({ ...event(), contentType: "text/plain" })]);
    const [answer] = await read(client, ofStream("content"));
    const properties = answer!.getEvent()!.getEvent()!.getMetadataMap();
    expect(properties.get("content-type")).to.equal("application/octet-stream");
  });

  it("says in an answer, not in an error, that the stream is in another state, in new fields and in old", async () => {
    await append(client, [to("state"), appendEvent(event()), appendEvent(event())]);
    const found = async (message: AppendReq) =>
      (await append(client, [message, appendEvent(event())])).getWrongExpectedVersion()!.toObject();
    const unset = {
      currentRevision2060: 0,
      noStream2060: undefined,
      expectedRevision2060: 0,
      any2060: undefined,
      streamExists2060: undefined,
      currentRevision: "0",
      currentNoStream: undefined,
      expectedRevision: "0",
      expectedAny: undefined,
      expectedStreamExists: undefined,
      expectedNoStream: undefined,
    };
    const current = { ...unset, currentRevision: "1", currentRevision2060: 1 };
    const missing = { ...unset, currentNoStream: {}, noStream2060: {} };
    expect(await found(expecting("state", (options) => options.setRevision("7")))).to.deep.equal({
      ...current,
      expectedRevision: "7",
      expectedRevision2060: 7,
    });
    expect(await found(expecting("state", (options) => options.setNoStream(nothing())))).to.deep.equal({
      ...current,
      expectedNoStream: {},
    });
    expect(await found(expecting("new", (options) => options.setStreamExists(nothing())))).to.deep.equal({
      ...missing,
      expectedStreamExists: {},
      streamExists2060: {},
    });
  });

  it("holds so many bytes of data and no more; names and metadata are free", async () => {
    const [half, metadata] = [Buffer.alloc(maxAppendBytes / 2), Buffer.alloc(maxAppendBytes)];
    const exactly = [
      to("full"),
      appendEvent({ ...event(), data: half, metadata }),
      appendEvent({ ...event(), data: half }),
    ];
    expect((await append(client, exactly)).getSuccess()!.getCurrentRevision()).to.equal("1");
    const error = await failure(append(client, [...exactly, appendEvent({ ...event(), data: Buffer.alloc(1) })]));
    expect(error.code).to.equal(status.INVALID_ARGUMENT);
    expect(trailers(error)).to.deep.equal({
      exception: "maximum-append-size-exceeded",
      "maximum-append-size": String(maxAppendBytes),
    });
  });

  const refused: [string, () => AppendReq[], RegExp, Partial<{ code: status; trailers: object }>?][] = [
    ["no message at all", () => [], /An append needs its options/],
    ["an empty message", () => [new streams.AppendReq()], /first message of an append must hold its options/],
    ["an event before the options", () => [appendEvent(event())], /first message of an append must hold its options/],
    ["options twice", () => [to("a"), to("a")], /must hold a proposed event/],
    ["no stream", () => [appendOptions((options) => options.setAny(nothing()))], /A stream name is required/],
    ["an empty stream name", () => [to("")], /A stream name is required/],
    ["no expected revision", () => [expecting("a", () => 0)], /no_stream, any or stream_exists is required/],
    ["an impossible revision", () => [expecting("a", (o) => o.setRevision(String(2n ** 63n)))], /below 2\^63/],
    [
      "an event without an id",
      () => [to("a"), appendEvent({ type: "t", contentType: "x" })],
      /id of an event is required/,
    ],
    ["an id of zeros", () => [to("a"), appendEvent({ ...event(), id: structuredUuid(0n, 0n) })], /must not be empty/],
    [
      "an id that is none",
      () => [to("a"), appendEvent({ ...event(), id: uuid("one") })],
      /must be a UUID, found "one"/,
    ],
    ["an empty type", () => [to("a"), appendEvent({ ...event(), type: "" })], /needs a type/],
    [
      "an event without a type",
      () => [to("a"), appendEvent({ id: event().id, contentType: "application/json" })],
      /'type' is missing/,
      {
        trailers: {
          exception: "missing-required-metadata-property",
          "required-metadata-properties": "type,content-type",
        },
      },
    ],
    [
      "an event without a content type",
      () => [to("a"), appendEvent({ id: event().id, type: "t" })],
      /'content-type' is missing/,
      {
        trailers: {
          exception: "missing-required-metadata-property",
          "required-metadata-properties": "type,content-type",
        },
      },
    ],
    [
      "$all",
      () => [to("$all"), appendEvent(event())],
      /Nobody may append to \$all/,
      { code: status.PERMISSION_DENIED, trailers: { exception: "access-denied" } },
    ],
  ];
  for (const [title, messages, sentence, expected = {}] of refused)
    it(`refuses ${title}, and writes nothing`, async () => {
      const before = await read(client);
      const error = await failure(append(client, messages()));
      expect(error.details).to.match(sentence);
      expect(error.code).to.equal(expected.code ?? status.INVALID_ARGUMENT);
      expect(trailers(error)).to.deep.equal(expected.trailers ?? {});
      expect(places(await read(client))).to.deep.equal(places(before));
    });

  const givingUp: [string, (call: FramedCall) => Promise<void>][] = [
    ["gives up", (call) => call.cancel()],
    ["cannot send to its end", (call) => call.disconnect()],
  ];
  for (const [title, giveUp] of givingUp)
    it(`that its client ${title} is not written, not even in part`, async () => {
      for (let n = 0; n < 10; n++) {
        const call = await FramedCall.begin(server.port, "/event_store.client.streams.Streams/Append");
        call.send(to("given-up"));
        call.send(appendEvent(event()));
        if (n % 2 === 0) await append(client, [to("meanwhile"), appendEvent(event())]);
        await giveUp(call);
      }
      await append(client, [to("later"), appendEvent(event())]);
      expect((await read(client, ofStream("given-up")))[0]!.hasStreamNotFound()).to.equal(true);
    });
});
