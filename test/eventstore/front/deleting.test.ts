import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { DeleteReq, TombstoneReq } from "@eventstore/db-client/generated/streams_pb.js";
import { status, type ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import { TestServer } from "../server.js";
import { append, appendEvent, appendOptions, connect, failure, identifier, nothing, trailers, uuid } from "./raw.js";

type Options = DeleteReq.Options | TombstoneReq.Options;
type Answer = { hasPosition(): boolean; getPosition(): { getCommitPosition(): string } | undefined };
type Ways = "delete" | "tombstone";

describe("a deletion by the protocol", function () {
  this.timeout(60_000);
  let server: TestServer;
  let client: IStreamsClient & { close(): void };
  before(async () => {
    server = await TestServer.start();
    client = connect(server.port);
  });
  after(async () => {
    client.close();
    await server.remove();
  });

  const create = (streamName: string) =>
    append(client, [
      appendOptions((options) => options.setStreamIdentifier(identifier(streamName)).setNoStream(nothing())),
      appendEvent({ id: uuid(crypto.randomUUID()), type: "t", contentType: "application/json" }),
    ]);
  const end = (way: Ways, change: (options: Options) => unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const answered = (error: ServiceError | null, answer?: Answer) => (error ? reject(error) : resolve(answer!));
      if (way === "delete") {
        const options = new streams.DeleteReq.Options();
        change(options);
        client.delete(new streams.DeleteReq().setOptions(options), answered);
      } else {
        const options = new streams.TombstoneReq.Options();
        change(options);
        client.tombstone(new streams.TombstoneReq().setOptions(options), answered);
      }
    });
  const of =
    (streamName: string, expected: (options: Options) => unknown = (options) => options.setAny(nothing())) =>
    (options: Options) => {
      options.setStreamIdentifier(identifier(streamName));
      expected(options);
    };

  for (const way of ["delete", "tombstone"] as const) {
    it(`(${way}) says where in the log it is`, async () => {
      await create(`${way}-1`);
      const answer = await end(way, of(`${way}-1`));
      expect(answer.getPosition()!.getCommitPosition()).to.equal(String(server.log.head()));
    });

    const states: [string, (options: Options) => unknown, string, string][] = [
      ["a revision", (options) => options.setRevision("5"), "5", "0"],
      ["no stream", (options) => options.setNoStream(nothing()), "-1", "0"],
    ];
    for (const [title, expected, expectedVersion, actualVersion] of states)
      it(`(${way}) that expects ${title} says in numbers what it expected and found`, async () => {
        const streamName = `${way}-${title}`;
        await create(streamName);
        const error = await failure(end(way, of(streamName, expected)));
        expect(error.code).to.equal(status.FAILED_PRECONDITION);
        expect(trailers(error)).to.deep.equal({
          exception: "wrong-expected-version",
          "stream-name": streamName,
          "expected-version": expectedVersion,
          "actual-version": actualVersion,
        });
      });

    it(`(${way}) that finds no stream has an empty version for what it found`, async () => {
      const error = await failure(
        end(
          way,
          of("nowhere", (options) => options.setStreamExists(nothing())),
        ),
      );
      expect(trailers(error)).to.include({ "expected-version": "-4", "actual-version": "" });
    });

    const refused: [string, (options: Options) => unknown, status][] = [
      ["nothing stated", () => {}, status.INVALID_ARGUMENT],
      ["no name", of(""), status.INVALID_ARGUMENT],
      ["no expectation", of("a", () => {}), status.INVALID_ARGUMENT],
      ["$all", of("$all"), status.PERMISSION_DENIED],
      ["a stream's metadata", of("$$a"), status.PERMISSION_DENIED],
    ];
    for (const [title, change, code] of refused)
      it(`(${way}) refuses ${title}`, async () => {
        expect((await failure(end(way, change))).code).to.equal(code);
      });
  }

  it("names a stream in the trailers in characters that a header may have", async () => {
    const streamName = "größe-日本 1";
    await create(streamName);
    await end("tombstone", of(streamName));
    const error = await failure(end("delete", of(streamName)));
    expect(trailers(error)).to.deep.equal({
      exception: "stream-deleted",
      "stream-name": "gr%C3%B6%C3%9Fe-%E6%97%A5%E6%9C%AC 1",
    });
    expect(error.details).to.include(streamName);
  });

  it("refuses a request without options", async () => {
    const deleted = new Promise((resolve, reject) => {
      client.delete(new streams.DeleteReq(), (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    expect((await failure(deleted)).details).to.match(/options are required/);
  });
});
