import shared from "@eventstore/db-client/generated/shared_pb.js";
import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { BatchAppendReq, BatchAppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import { Client, credentials, status, type ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import duration from "google-protobuf/google/protobuf/duration_pb.js";
import timestamp from "google-protobuf/google/protobuf/timestamp_pb.js";
import protobuf from "google-protobuf";
import { openTemporaryRecordLog } from "../../../tools/eventstore/temporary-record-log.js";
import type { RecordLog } from "../../../tools/eventstore/record-log.js";
import { startEventStoreServer, type EventStoreServer } from "../../../tools/eventstore/server.js";
import { StoreUnavailable } from "../../../src/errors.js";
import { until } from "../../until.js";
import { batch, BatchCall, batchId, event, idOf, outcomeOf } from "./batch-call.js";
import { connect, identifier, nameIn, ofStream, places, read, structuredUuid } from "./raw.js";

const maxAppendBytes = 10_000;
const timedOut = "4 event_store.client.Timeout";

const expecting = (revision: string) => (options: BatchAppendReq.Options) => {
  options.clearAny();
  options.setStreamPosition(revision);
};

describe("a batch append by the protocol", function () {
  this.timeout(60_000);
  let log: RecordLog;
  let server: EventStoreServer;
  let client: IStreamsClient & { close(): void };
  /** While it is set, appends wait for it. */
  let held: Promise<void> | undefined;
  let broken: Error | undefined;
  /** Appends that have reached the log. */
  let reached = 0;

  beforeEach(async () => {
    [held, broken, reached] = [undefined, undefined, 0];
    log = await openTemporaryRecordLog();
    const append = log.append.bind(log);
    log.append = async (...write) => {
      reached++;
      await held;
      if (broken) throw broken;
      return append(...write);
    };
    server = await startEventStoreServer({ log, maxAppendBytes, writeTimeoutMs: 30_000 });
    client = connect(server.port);
  });
  afterEach(async () => {
    client.close();
    await server.stop();
    await log.close();
  });
  const hold = () => {
    let release = () => {};
    held = new Promise((resolve) => (release = resolve));
    return release;
  };

  it("answers each batch with its correlation id, its stream, what it expected, and where it is", async () => {
    const call = new BatchCall(client);
    call.send({ id: batchId(1), to: "a", options: expecting("0") });
    call.send({ id: batchId(2), to: "a", events: [event(), event()] });
    const [refused, written] = await call.answered(2);
    expect([idOf(refused!), idOf(written!)]).to.deep.equal([batchId(1), batchId(2)]);
    expect(nameIn(refused!.getStreamIdentifier()!)).to.equal("a");
    expect([refused!.getStreamPosition(), written!.hasAny()]).to.deep.equal(["0", true]);
    expect(outcomeOf(refused!)).to.equal("6 event_store.client.WrongExpectedVersion");
    const details = refused!
      .getError()!
      .getDetails()!
      .unpack(shared.WrongExpectedVersion.deserializeBinary, "event_store.client.WrongExpectedVersion")!;
    expect([details.hasCurrentNoStream(), details.getExpectedStreamPosition()]).to.deep.equal([true, "0"]);
    expect(outcomeOf(written!)).to.equal("revision 1");
    const position = written!.getSuccess()!.getPosition()!;
    expect([position.getCommitPosition(), position.getPreparePosition()]).to.deep.equal(["2", "2"]);
  });

  it("echoes a correlation id in the form in which it came", async () => {
    const call = new BatchCall(client);
    call.write(batch({ id: null, to: "a" }).setCorrelationId(structuredUuid(-1n, 2n)));
    const [answer] = await call.answered();
    expect(answer!.getCorrelationId()!.toObject().structured).to.deep.equal({
      mostSignificantBits: "-1",
      leastSignificantBits: "2",
    });
  });

  it("puts together what comes in parts, also when parts of several batches alternate", async () => {
    const call = new BatchCall(client);
    call.send({ id: batchId(1), to: "a", more: true });
    call.send({ id: batchId(2), to: "b", more: true });
    call.send({ id: batchId(2), more: true });
    call.send({ id: batchId(1) });
    call.send({ id: batchId(2), events: [] });
    expect((await call.answered(2)).map(outcomeOf)).to.deep.equal(["revision 1", "revision 1"]);
    expect(places(await read(client, ofStream("b")))).to.deep.equal(["0@b", "1@b"]);
  });

  it("has thousands in flight at once, and answers as they are done, each once", async () => {
    const release = hold();
    const call = new BatchCall(client);
    const count = 3_000;
    for (let n = 0; n < count; n++) call.send({ id: batchId(n), to: `stream-${n % 100}` });
    await until("all have reached the log", () => reached === count);
    release();
    const answers = await call.answered(count);
    expect(answers).to.have.length(count);
    expect(new Set(answers.map(idOf)).size).to.equal(count);
    expect(answers.every((answer) => answer.hasSuccess())).to.equal(true);
    expect(log.head()).to.equal(count);
  });

  it("lets those pass that need not wait", async () => {
    const release = hold();
    const call = new BatchCall(client);
    call.send({ id: batchId(1), to: "a" });
    await until("it is at the log", () => reached === 1);
    call.send({ id: batchId(2), to: "$all" });
    expect((await call.answered(1)).map(idOf)).to.deep.equal([batchId(2)]);
    release();
    expect((await call.answered(2)).map(idOf)).to.deep.equal([batchId(2), batchId(1)]);
  });

  it("finishes what is under way when the client has no more, then ends", async () => {
    const release = hold();
    const call = new BatchCall(client);
    call.send({ id: batchId(1), to: "a" });
    call.send({ id: batchId(2), to: "a" });
    call.send({ id: batchId(3), to: "a", more: true });
    call.halfClose();
    await until("both are at the log", () => reached === 2);
    expect(call.ended).to.equal(undefined);
    release();
    expect(await call.end()).to.equal("well");
    expect(call.answers.map(outcomeOf)).to.deep.equal(["revision 0", "revision 1"]);
    expect(log.head(), "the third was never complete").to.equal(2);
  });

  const deadline = (afterMs: number) => (options: BatchAppendReq.Options) =>
    options.setDeadline(timestamp.Timestamp.fromDate(new Date(Date.now() + afterMs)));

  it("writes nothing of a batch whose time is over when it comes, by the clock", async () => {
    const call = new BatchCall(client);
    call.send({ id: batchId(1), to: "a", options: deadline(-1), more: true });
    call.send({ id: batchId(1) });
    call.send({ id: batchId(2), to: "a", options: deadline(-1) });
    call.send({ id: batchId(3), to: "a", options: deadline(60_000) });
    expect((await call.answered(3)).map(outcomeOf)).to.deep.equal([timedOut, timedOut, "revision 0"]);
    expect(log.head()).to.equal(1);
  });

  /** The field that newer clients use; this one's module does not know it. */
  const withDuration = (request: BatchAppendReq, seconds: number, nanos: number): Buffer => {
    const allowed = new duration.Duration().setSeconds(seconds).setNanos(nanos);
    const options = request.getOptions()!.serializeBinary();
    request.clearOptions();
    const deadlineField = new protobuf.BinaryWriter();
    deadlineField.writeBytes(7, allowed.serializeBinary());
    const optionsField = new protobuf.BinaryWriter();
    optionsField.writeBytes(2, Buffer.concat([options, deadlineField.getResultBuffer()]));
    return Buffer.concat([request.serializeBinary(), optionsField.getResultBuffer()]);
  };

  it("knows the other form of a deadline, too: a duration", async () => {
    const raw = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    const call = raw.makeBidiStreamRequest(
      "/event_store.client.streams.Streams/BatchAppend",
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => streams.BatchAppendResp.deserializeBinary(bytes),
    );
    const answers: BatchAppendResp[] = [];
    call.on("data", (answer: BatchAppendResp) => answers.push(answer)).on("error", () => {});
    call.write(withDuration(batch({ id: batchId(1), to: "a" }), 0, 0));
    call.write(withDuration(batch({ id: batchId(2), to: "a" }), 30, 0));
    await until("both are answered", () => answers.length === 2);
    const release = hold();
    call.write(withDuration(batch({ id: batchId(3), to: "a" }), 0, 5_000_000));
    await until("the third is answered", () => answers.length === 3);
    release();
    expect(answers.map(outcomeOf)).to.deep.equal([timedOut, "revision 0", timedOut]);
    call.cancel();
    raw.close();
  });

  it("times out what the log does not write in time, or what is never complete, and goes on", async () => {
    await server.stop();
    server = await startEventStoreServer({ log, writeTimeoutMs: 500 });
    const impatient = connect(server.port);
    const release = hold();
    const call = new BatchCall(impatient);
    // Time enough for the log to be asked at all, on a busy machine too.
    call.send({ id: batchId(1), to: "a", options: deadline(300) });
    call.send({ id: batchId(2), to: "a", options: deadline(60_000) });
    call.send({ id: batchId(3), to: "a", options: deadline(20), more: true });
    const answers = await call.answered(3);
    expect(answers.map(outcomeOf)).to.deep.equal([timedOut, timedOut, timedOut]);
    expect(answers.map(idOf).at(-1), "what the server was told is the most").to.equal(batchId(2));
    expect(answers.map((answer) => nameIn(answer.getStreamIdentifier()!))).to.deep.equal(["a", "a", "a"]);
    release();
    call.send({ id: batchId(3) });
    call.send({ id: batchId(4), to: "b" });
    expect(outcomeOf((await call.answered(4))[3]!)).to.equal("revision 0");
    // The first two were written after all, and nobody is told twice.
    expect(call.answers).to.have.length(4);
    impatient.close();
    expect(log.head()).to.equal(3);
  });

  const tooLarge = "3 event_store.client.MaximumAppendSizeExceeded";
  it("refuses what is too large as soon as it is, whatever follows of it, and says how much fits", async () => {
    const call = new BatchCall(client);
    const half = event({ data: Buffer.alloc(maxAppendBytes / 2) });
    call.send({ id: batchId(1), to: "a", events: [half, half], more: true });
    call.send({ id: batchId(1), events: [event()], more: true });
    call.send({ id: batchId(1), events: [event()] });
    call.send({ id: batchId(2), to: "a", events: [half, half] });
    const [refused] = await call.answered(2);
    expect(call.answers.map(outcomeOf)).to.deep.equal([tooLarge, "revision 1"]);
    const details = refused!
      .getError()!
      .getDetails()!
      .unpack(shared.MaximumAppendSizeExceeded.deserializeBinary, "event_store.client.MaximumAppendSizeExceeded")!;
    expect(details.getMaxappendsize()).to.equal(maxAppendBytes);
    call.send({ id: batchId(1), to: "a" });
    expect(outcomeOf((await call.answered(3))[2]!), "the id is free again").to.equal("revision 2");
  });

  const bad = "3 event_store.client.BadRequest";
  const refused: [string, Parameters<BatchCall["send"]>[0], string, RegExp][] = [
    ["parts without a beginning", { id: batchId(1) }, bad, /first message of a batch must hold its options/],
    ["no stream", { id: batchId(1), options: (o) => o.clearStreamIdentifier() }, bad, /A stream name is required/],
    [
      "an empty name",
      { id: batchId(1), options: (o) => o.setStreamIdentifier(identifier("")) },
      bad,
      /name is required/,
    ],
    ["no expectation", { id: batchId(1), to: "a", options: (o) => o.clearAny() }, bad, /stream_exists is required/],
    [
      "an event without id",
      { id: batchId(1), to: "a", events: [{ type: "t", contentType: "c" }] },
      bad,
      /id of an event/,
    ],
    ["an event without type", { id: batchId(1), to: "a", events: [{ contentType: "c" }] }, bad, /'type' is missing/],
    ["$all", { id: batchId(1), to: "$all" }, "7 event_store.client.AccessDenied", /Nobody may append to \$all/],
  ];
  for (const [title, parts, expected, sentence] of refused)
    it(`refuses ${title}, and goes on`, async () => {
      const call = new BatchCall(client);
      call.send(parts);
      call.send({ id: batchId(2), to: "other" });
      const [answer] = await call.answered(2);
      expect(call.answers.map(outcomeOf)).to.deep.equal([expected, "revision 0"]);
      expect(answer!.getError()!.getMessage()).to.match(sentence);
      expect(answer!.hasStreamIdentifier(), "clients read it without a look").to.equal(true);
      expect(log.head()).to.equal(1);
    });

  it("says when a stream has a tombstone", async () => {
    await log.tombstone("gone", "any");
    const call = new BatchCall(client);
    call.send({ id: batchId(1), to: "gone" });
    expect((await call.answered(1)).map(outcomeOf)).to.deep.equal(["5 event_store.client.StreamDeleted"]);
  });

  it("ends when it cannot tell what an answer would belong to", async () => {
    const call = new BatchCall(client);
    call.send({ id: null, to: "a" });
    const error = (await call.end()) as ServiceError;
    expect(error.code).to.equal(status.INVALID_ARGUMENT);
    expect(error.details).to.match(/correlation id of a batch is required/);
  });

  it("ends as unavailable when the log cannot be written", async () => {
    broken = new StoreUnavailable("The disk is full.");
    const call = new BatchCall(client);
    call.send({ id: batchId(1), to: "a" });
    const error = (await call.end()) as ServiceError;
    expect(error.code).to.equal(status.UNAVAILABLE);
    expect(error.details).to.equal("The disk is full.");
    expect(call.answers).to.deep.equal([]);
  });

  it("that its client gives up leaves the server as it was", async () => {
    const release = hold();
    const call = new BatchCall(client);
    for (let n = 0; n < 100; n++) call.send({ id: batchId(n), to: "a" });
    await until("all have reached the log", () => reached === 100);
    call.cancel();
    release();
    const next = new BatchCall(client);
    next.send({ id: batchId(0), to: "b" });
    expect((await next.answered(1)).map(outcomeOf)).to.deep.equal(["revision 0"]);
  });

  it("holds no more than a bound for a client that does not take its answers", async () => {
    const call = new BatchCall(client);
    call.pause();
    const count = 10_000;
    const sent = (async () => {
      for (let n = 0; n < count; n++) {
        call.send({ id: batchId(n), to: "a", options: expecting("7") });
        if (n % 500 === 0) await new Promise(setImmediate);
      }
    })();
    await until("the server takes no more", async () => {
      const before = reached;
      await read(client);
      await read(client);
      return before > 0 && before === reached;
    });
    expect(reached).to.be.below(count);
    call.resume();
    await sent;
    const answers = await call.answered(count);
    expect(new Set(answers.map(idOf)).size).to.equal(count);
  });
});
