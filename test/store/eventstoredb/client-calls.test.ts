/** What the store needs of the official client, and how it notices that it does not have it. */

import { expect } from "chai";
import { EventStoreDBClient } from "@eventstore/db-client";
import { IncompatibleStore } from "../../../src/errors.js";
import { ClientCalls } from "../../../src/store/eventstoredb/client-calls.js";
import { closeAll, eventsOf, rejection, scripted, storeOf } from "./stores.js";
import { event } from "./wire.js";

type Messages = Record<"ReadReq" | "BatchAppendReq", unknown>;

const generated = () =>
  (globalThis as unknown as { proto: { event_store: { client: { streams: Messages } } } }).proto.event_store.client
    .streams;

/** Runs as if a second copy of the client had been loaded into this process. */
async function withAnotherCopy<T>(run: () => Promise<T> | T): Promise<T> {
  const { ReadReq } = generated();
  generated().ReadReq = class {};
  try {
    return await run();
  } finally {
    generated().ReadReq = ReadReq;
  }
}

describe("the client of EventStoreDB", () => {
  afterEach(closeAll);

  it("is refused when it is another version", () => {
    for (const member of ["getGRPCClient", "callArguments", "handleError"]) {
      const client = EventStoreDBClient.connectionString("esdb://localhost:2113?tls=false");
      Reflect.deleteProperty(client, member);
      expect(() => new ClientCalls(client, true))
        .to.throw(IncompatibleStore)
        .with.property("message")
        .match(new RegExp(`${member}.*6[.]2[.]1`));
    }
  });

  it("is refused when a second copy of its messages was loaded, and the remedy is named", async () => {
    await withAnotherCopy(() => {
      expect(() => storeOf({ connectionString: "esdb://localhost:2113?tls=false" }))
        .to.throw(IncompatibleStore)
        .with.property("message")
        .match(/npm ls @eventstore[/]db-client/);
    });
  });

  it("fails by that name, and not for ever, when the second copy is loaded later", async () => {
    const { store } = await scripted({}, { readTimeoutMs: 60_000, appendDeadlineMs: 60_000 });
    const uses = () => [
      eventsOf(store.readStream("order-1")),
      store.subscribe()[Symbol.asyncIterator]().next(),
      store.append("order-1", [event()], { expectedRevision: "any" }),
    ];
    // What the messages need to be written is looked up in the global variable.
    const { BatchAppendReq } = generated();
    generated().BatchAppendReq = {};
    const { ReadReq } = generated();
    const broken = await withAnotherCopy(() => {
      (generated().ReadReq as { serializeBinaryToWriter?: unknown }).serializeBinaryToWriter = undefined;
      return Promise.all(uses().map(rejection));
    });
    generated().ReadReq = ReadReq;
    generated().BatchAppendReq = BatchAppendReq;
    for (const error of broken) expect(error).to.be.instanceOf(IncompatibleStore);
  });
});
