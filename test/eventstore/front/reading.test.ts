import { EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import { Client, credentials, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { TestServer } from "../server.js";
import {
  backwards,
  connect,
  failure,
  filtered,
  fromEnd,
  fromPosition,
  nameIn,
  nothing,
  ofStream,
  places,
  read,
  readRequest,
  structuredIds,
  subscription,
  trailers,
  type Change,
} from "./raw.js";

const id = "01234567-89ab-4def-8123-456789abcdef";

describe("a read by the protocol", function () {
  this.timeout(60_000);
  let server: TestServer;
  let client: IStreamsClient & { close(): void };
  const positions: string[] = [];

  before(async () => {
    server = await TestServer.start();
    client = connect(server.port);
    const official = EventStoreDBClient.connectionString(server.connectionString);
    const append = async (streamName: string, ...types: string[]) => {
      for (const type of types) {
        const { position } = await official.appendToStream(streamName, jsonEvent({ type, data: {} }));
        positions.push(String(position!.commit));
      }
    };
    await append("order-1", "Placed", "Paid", "Shipped");
    await append("invoice-1", "Placed", "Sent");
    await append("order-2", "Placed", "Cancelled");
    await official.appendToStream("known", jsonEvent({ id, type: "Known", data: { a: 1 }, metadata: { b: 2 } }));
    await official.appendToStream("gone", jsonEvent({ type: "t", data: {} }));
    await official.tombstoneStream("gone");
    await official.appendToStream(
      "$persistentsubscription-$all::g-checkpoint",
      jsonEvent({ type: "Placed", data: {} }),
    );
    await official.appendToStream("$persistentsubscription-$all::g-parked", jsonEvent({ type: "Placed", data: {} }));
    await official.dispose();
  });
  after(async () => {
    client.close();
    await server.remove();
  });

  const known = () => read(client, ofStream("known"));

  it("shows an event with all its fields", async () => {
    const [answer] = await known();
    const event = answer!.getEvent()!.getEvent()!;
    const [, , , , , , , after] = [...positions, String(Number(positions.at(-1)) + 1)];
    expect(event.getId()!.getString()).to.equal(id);
    expect(nameIn(event.getStreamIdentifier()!)).to.equal("known");
    expect(event.getStreamRevision()).to.equal("0");
    expect([
      event.getCommitPosition(),
      event.getPreparePosition(),
      answer!.getEvent()!.getCommitPosition(),
    ]).to.deep.equal([after, after, after]);
    expect(Buffer.from(event.getData_asU8()).toString()).to.equal('{"a":1}');
    expect(Buffer.from(event.getCustomMetadata_asU8()).toString()).to.equal('{"b":2}');
    const properties = Object.fromEntries(
      event
        .getMetadataMap()
        .toObject(false)
        .map(([key, value]) => [key, value]),
    );
    expect(properties).to.include({ type: "Known", "content-type": "application/json" });
    // In units of 100 nanoseconds since 1970.
    expect(Number(BigInt(properties["created"]!) / 10_000n)).to.be.closeTo(Date.now(), 60_000);
  });

  it("shows ids as two numbers to those who ask for them so", async () => {
    const [answer] = await read(client, ofStream("known"), structuredIds);
    const structured = answer!.getEvent()!.getEvent()!.getId()!.getStructured()!;
    expect(BigInt(structured.getMostSignificantBits())).to.equal(0x0123_4567_89ab_4defn);
    expect(BigInt(structured.getLeastSignificantBits())).to.equal(BigInt.asIntN(64, 0x8123_4567_89ab_cdefn));
  });

  it("never says first or last position, which only newer clients ask for", async () => {
    const answers = await read(client, ofStream("order-1"));
    expect(answers.map((answer) => answer.getContentCase())).to.deep.equal(
      answers.map(() => streams.ReadResp.ContentCase.EVENT),
    );
  });

  it("says in a message that there is no such stream, and ends well", async () => {
    const [answer, ...more] = await read(client, ofStream("nothing-here"));
    expect(nameIn(answer!.getStreamNotFound()!.getStreamIdentifier()!)).to.equal("nothing-here");
    expect(more).to.deep.equal([]);
  });

  it("of a stream with a tombstone fails, and says so in the trailers", async () => {
    const error = await failure(read(client, ofStream("gone")));
    expect(error.code).to.equal(status.FAILED_PRECONDITION);
    expect(trailers(error)).to.deep.equal({ exception: "stream-deleted", "stream-name": "gone" });
  });

  const orders = ["0@order-1", "1@order-1", "2@order-1", "0@order-2", "1@order-2"];
  const found: [string, Change[], string[]][] = [
    ["streams by prefix", [filtered({ on: "stream", prefixes: ["order-", "nothing"] })], orders],
    ["streams by expression", [filtered({ on: "stream", regex: "^order-\\d+\\z" })], orders],
    ["types by prefix", [filtered({ prefixes: ["Pai", "Can"] })], ["1@order-1", "1@order-2"]],
    ["types by an expression anywhere", [filtered({ regex: "hipp|en" })], ["2@order-1", "1@invoice-1"]],
    ["types in any case", [filtered({ regex: "(?i)^paid$" })], ["1@order-1"]],
    ["backwards", [backwards, fromEnd, filtered({ prefixes: ["Placed"] })], ["0@order-2", "0@invoice-1", "0@order-1"]],
    ["the first of them", [filtered({ prefixes: ["Placed"] }), (o) => o.setCount("2")], ["0@order-1", "0@invoice-1"]],
    [
      "from a position",
      [() => 0, (o) => fromPosition(positions[4]!)(o), filtered({ on: "stream", regex: "-" }), (o) => o.setCount("2")],
      ["1@invoice-1", "0@order-2"],
    ],
    ["nobody's bookkeeping", [filtered({ on: "stream", prefixes: ["$persistentsubscription"] })], []],
    ["nothing, for no prefix", [filtered({ prefixes: [] })], []],
  ];
  for (const [title, changes, expected] of found)
    it(`finds by a filter ${title}`, async () => {
      expect(places(await read(client, ...changes))).to.deep.equal(expected);
    });

  it("without a filter shows everybody's bookkeeping", async () => {
    expect(places(await read(client))).to.include.members([
      "0@$persistentsubscription-$all::g-checkpoint",
      "0@$persistentsubscription-$all::g-parked",
    ]);
  });

  it("of $all includes the position it starts from forwards, and leaves it out backwards", async () => {
    const at = positions[3]!;
    const one: Change = (options) => options.setCount("1");
    expect(places(await read(client, fromPosition(at), one))).to.deep.equal(["0@invoice-1"]);
    expect(places(await read(client, fromPosition(at), one, backwards))).to.deep.equal(["2@order-1"]);
  });

  it("takes the largest number for the end", async () => {
    const end = "18446744073709551615";
    expect(await read(client, fromPosition(end))).to.deep.equal([]);
    const one: Change = (options) => options.setCount("1");
    const back = await read(client, fromPosition(end), backwards, one);
    expect(places(back)).to.deep.equal(places(await read(client, fromEnd, backwards, one)));
    const stream = await read(
      client,
      ofStream("order-1", (options) => options.setRevision(end)),
      backwards,
      one,
    );
    expect(places(stream)).to.deep.equal(["2@order-1"]);
  });

  it("beyond the end finds nothing forwards, and the last ones backwards", async () => {
    const beyond = ofStream("order-1", (options) => options.setRevision("99"));
    expect(await read(client, beyond)).to.deep.equal([]);
    expect(places(await read(client, beyond, backwards))).to.deep.equal(["2@order-1", "1@order-1", "0@order-1"]);
    expect(await read(client, fromPosition("999999999999"))).to.deep.equal([]);
    const everything = await read(client, fromPosition("999999999999"), backwards);
    expect(places(everything)).to.deep.equal(places(await read(client)).toReversed());
  });

  it("goes through pages, in both directions, and stops at the count", async () => {
    const official = EventStoreDBClient.connectionString(server.connectionString);
    const events = Array.from({ length: 1_000 }, () => jsonEvent({ type: "Paged", data: {} }));
    await official.appendToStream("paged", events);
    await official.dispose();
    const all = Array.from({ length: 1_000 }, (_, i) => `${i}@paged`);
    const some: Change = (options) => options.setCount("700");
    const end = ofStream("paged", (options) => options.setEnd(nothing()));
    const filter = filtered({ prefixes: ["Paged"] });
    expect(places(await read(client, ofStream("paged")))).to.deep.equal(all);
    expect(places(await read(client, ofStream("paged"), some))).to.deep.equal(all.slice(0, 700));
    expect(places(await read(client, end, backwards))).to.deep.equal(all.toReversed());
    expect(places(await read(client, end, backwards, some))).to.deep.equal(all.slice(300).toReversed());
    expect(places(await read(client, filter, some))).to.deep.equal(all.slice(0, 700));
    expect(places(await read(client, fromEnd, backwards, filter, some))).to.deep.equal(all.slice(300).toReversed());
    expect(places(await read(client)).filter((each) => each.endsWith("@paged"))).to.deep.equal(all);
  });

  it("of no event finds none, yet says whether there is a stream", async () => {
    const none: Change = (options) => options.setCount("0");
    expect(await read(client, none)).to.deep.equal([]);
    expect(await read(client, ofStream("order-1"), none)).to.deep.equal([]);
    expect((await read(client, ofStream("nothing-here"), none))[0]!.hasStreamNotFound()).to.equal(true);
  });

  const stream = (change: Parameters<typeof ofStream>[1]) => ofStream("order-1", change);
  const refused: [string, Change[], RegExp, status?][] = [
    ["no stream and no all", [(o) => o.clearAll()], /a stream or all/],
    ["a stream without a name", [ofStream("")], /A stream name is required/],
    ["a stream that is no stream", [ofStream("$$")], /A stream name is required, "\$\$" is none/],
    [
      "a stream without an identifier",
      [stream((o) => o.setStart(nothing()).clearStreamIdentifier())],
      /name is required/,
    ],
    ["a stream from nowhere", [stream(() => 0)], /revision, start or end/],
    ["a stream from a revision that is none", [stream((o) => o.setRevision(String(2n ** 63n)))], /below 2\^63/],
    ["a stream forwards from its end", [stream((o) => o.setEnd(nothing()))], /forwards from its end/, status.UNKNOWN],
    ["$all from nowhere", [(o) => o.setAll(new streams.ReadReq.Options.AllOptions())], /position, start or end/],
    ["$all from a position that is none", [fromPosition(String(2n ** 64n - 2n))], /below 2\^63/],
    ["no count", [(o) => o.clearCount()], /count, or to be a subscription/],
    ["no choice of a filter", [(o) => o.clearNoFilter()], /filter or no_filter/],
    ["no choice of ids", [(o) => o.clearUuidOption()], /uuid_option is required/],
    ["an empty choice of ids", [(o) => o.setUuidOption(new streams.ReadReq.Options.UUIDOption())], /uuid_option/],
    ["an unknown direction", [(o) => o.setReadDirection(7 as never)], /found 7/],
    ["a filtered stream", [ofStream("order-1"), filtered({ prefixes: ["a"] })], /Only \$all/],
    ["a filter on nothing", [filtered({}), (o) => o.getFilter()!.clearEventType()], /stream_identifier or event_type/],
    ["a filter without a window", [filtered({}), (o) => o.getFilter()!.clearCount()], /window: max or count/],
    ["a filter with an empty window", [filtered({ max: 0 })], /window of a filter must be above 0/],
    ["an expression that is none", [filtered({ regex: "(" })], /expression \( cannot be used/],
    ["an expression of .NET alone", [filtered({ regex: "[a-z-[aeiou]]" })], /subtraction/],
    ["a subscription backwards", [subscription, backwards], /cannot go backwards/],
    ["a subscription without checkpoints", [subscription, filtered({ multiplier: 0 })], /Multiplier must be above 0/],
  ];
  for (const [title, changes, sentence, code = status.INVALID_ARGUMENT] of refused)
    it(`refuses ${title}`, async () => {
      const error = await failure(read(client, ...changes));
      expect(error.details).to.match(sentence);
      expect(error.code).to.equal(code);
    });

  it("refuses a request without options, and one that is no message", async () => {
    const withoutOptions = readRequest();
    withoutOptions.clearOptions();
    const path = "/event_store.client.streams.Streams/Read";
    const raw = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    const send = (bytes: Uint8Array) =>
      failure(
        new Promise((resolve, reject) => {
          const call = raw.makeServerStreamRequest(
            path,
            (each: Buffer) => each,
            (each) => each,
            Buffer.from(bytes),
          );
          call.on("data", resolve).on("error", reject);
        }),
      );
    const [empty, garbage] = [await send(withoutOptions.serializeBinary()), await send(Buffer.from("ÿÿÿ"))];
    raw.close();
    expect([empty.code, garbage.code]).to.deep.equal([status.INVALID_ARGUMENT, status.INVALID_ARGUMENT]);
    expect(empty.details).to.match(/options of the read are required/);
    expect(garbage.details).to.equal(
      "The request of /event_store.client.streams.Streams/Read is no message of its type. Send what its protocol says.",
    );
    expect(places(await known())).to.deep.equal(["0@known"]);
  });
});
