/** Deleting streams of EventStoreDB. */

import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { AccessDenied, StoreUnavailable, StreamDeleted, WrongExpectedRevision } from "../../../src/errors.js";
import { randomId } from "../../../src/message/index.js";
import type { EventStoreDbEventStore } from "../../../src/store/eventstoredb/index.js";
import { TestServer } from "../../eventstore/server.js";
import { closeAll, eventsOf, rejection, scripted, storeOf } from "./stores.js";
import { failing } from "./scripted-server.js";
import { event } from "./wire.js";

describe("deleting a stream of EventStoreDB", () => {
  let server: TestServer;
  let store: EventStoreDbEventStore;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.remove());
  beforeEach(() => {
    store = storeOf({ connectionString: server.connectionString });
  });
  afterEach(closeAll);

  async function streamOf(count: number): Promise<string> {
    const streamName = `deleted-${randomId()}`;
    const events = Array.from({ length: count }, () => event());
    if (count > 0) await store.append(streamName, events, { expectedRevision: "no_stream" });
    return streamName;
  }

  for (const expectedRevision of [2n, "any", "stream_exists"] as const)
    for (const permanently of [false, true])
      it(`deletes it ${permanently ? "for good" : "softly"} when it is as expected (${expectedRevision})`, async () => {
        const streamName = await streamOf(3);
        await store.deleteStream(streamName, { expectedRevision, permanently });
        const append = store.append(streamName, [event()], { expectedRevision: "any" });
        if (permanently) {
          expect(await rejection(append)).to.be.instanceOf(StreamDeleted);
          expect(await rejection(eventsOf(store.readStream(streamName)))).to.be.instanceOf(StreamDeleted);
        } else {
          expect((await append).revision).to.equal(3n);
          expect((await eventsOf(store.readStream(streamName))).map(({ revision }) => revision)).to.deep.equal([3n]);
        }
      });

  it("finds nothing in a stream that was deleted softly", async () => {
    const streamName = await streamOf(2);
    await store.deleteStream(streamName, { expectedRevision: 1n });
    expect(await eventsOf(store.readStream(streamName))).to.deep.equal([]);
  });

  it("refuses when the stream is in another state", async () => {
    const streamName = await streamOf(3);
    for (const permanently of [false, true]) {
      const error = await rejection(store.deleteStream(streamName, { expectedRevision: 1n, permanently }));
      expect(error).to.be.instanceOf(WrongExpectedRevision).and.include({ streamName, expected: 1n, actual: 2n });
    }
    const error = await rejection(store.deleteStream(await streamOf(0), { expectedRevision: "stream_exists" }));
    expect(error)
      .to.be.instanceOf(WrongExpectedRevision)
      .and.include({ expected: "stream_exists", actual: "no_stream" });
    expect(await eventsOf(store.readStream(streamName))).to.have.length(3);
  });

  const answers: [what: string, error: Error, is: new (...args: never[]) => Error][] = [
    ["the user may not", failing(status.PERMISSION_DENIED, "no", { exception: "access-denied" }), AccessDenied],
    ["the server does not answer", failing(status.UNAVAILABLE, "gone"), StoreUnavailable],
    ["it could not be written in time", failing(status.ABORTED, "Operation timed out"), StoreUnavailable],
    ["it is deleted already", failing(status.FAILED_PRECONDITION, "x", { exception: "stream-deleted" }), StreamDeleted],
  ];
  for (const [what, error, is] of answers)
    it(`fails in words of our own when ${what}, and asks once`, async () => {
      let asked = 0;
      const { store } = await scripted({
        delete: () => {
          asked++;
          return error;
        },
      });
      expect(await rejection(store.deleteStream("order-1", { expectedRevision: "any" }))).to.be.instanceOf(is);
      expect(asked).to.equal(1);
    });
});
