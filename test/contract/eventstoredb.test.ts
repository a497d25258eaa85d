/** The store over EventStoreDB keeps the contract of the port: over the development server, and over a real one where there is one. */

import { openEventStoreDb, type EventStoreDbOptions } from "../../src/store/eventstoredb/index.js";
import { eventStoreContract, type OpenedStore } from "../../src/testing/store-contract.js";
import { TestServer } from "../eventstore/server.js";

async function opened(options: EventStoreDbOptions): Promise<OpenedStore> {
  const store = await openEventStoreDb(options);
  return { store, reopen: () => openEventStoreDb(options), close: () => store.close() };
}

for (const tls of [false, true])
  describe(`over the development server ${tls ? "with" : "without"} TLS`, () => {
    let server: TestServer;
    before(async () => {
      server = await TestServer.start({ tls });
    });
    after(() => server.remove());

    eventStoreContract("EventStoreDbEventStore", () => opened({ connectionString: server.connectionString }));
  });

describe("over a server whose projections run", () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start({ runProjections: true });
  });
  after(() => server.remove());

  eventStoreContract("EventStoreDbEventStore", () => opened({ connectionString: server.connectionString }));
});

const { ROLLCALL_TEST_EVENTSTOREDB: connectionString } = process.env;
if (connectionString)
  describe("over a real EventStoreDB", () => {
    eventStoreContract("EventStoreDbEventStore", () => opened({ connectionString }));
  });
