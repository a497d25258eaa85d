/** The file of the index by correlation id: which ones are refused, and what becomes of them. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openStore } from "../../../src/application/open-store.js";
import { completed } from "../../../src/application/configuration.js";
import { IncompatibleStore, StoreUnavailable } from "../../../src/errors.js";
import { openSqliteEventStore } from "../../../src/store/index.js";
import { append, correlated, CorrelationServer, idsOf, indexed } from "./correlation-server.js";
import { closeAll, rejection, storeOf } from "./stores.js";

describe("The file of an index by correlation id", () => {
  let server: CorrelationServer;
  let folder: string;
  let file: string;
  before(async () => {
    server = await CorrelationServer.start();
  });
  after(() => server.server.remove());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-correlations-"));
    file = join(folder, "index.sqlite");
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true });
  });

  const open = (correlationIndexFile = file) =>
    storeOf({ connectionString: server.server.connectionString }, { correlationIndexFile });

  async function changed(sql: string): Promise<void> {
    const db = new Database(file);
    db.exec(sql);
    db.close();
  }

  const foreign: Record<string, { readonly make: () => unknown; readonly says: RegExp }> = {
    "a text": { make: () => writeFileSync(file, "not a database ".repeat(100)), says: /not a SQLite file/ },
    "a log of Rollcall": {
      make: async () => (await openSqliteEventStore({ file })).close(),
      says: /something else .application id 1380732743/,
    },
    "another program's database": { make: () => changed("CREATE TABLE t (a)"), says: /something else/ },
    "an index of a newer version": {
      make: async () => {
        const store = open();
        await idsOf(store.readCorrelation("x"));
        await store.close();
        await changed("PRAGMA user_version = 9");
      },
      says: /expected .* schema 1, found 9[.] Deploy the newer version .* or delete/,
    },
  };
  for (const [what, { make, says }] of Object.entries(foreign))
    it(`is refused when it is ${what}, and left as it was`, async () => {
      await make();
      const before = readFileSync(file);
      const store = open();
      for (const _ of [1, 2]) {
        const error = await rejection(idsOf(store.readCorrelation("x")));
        expect(error).to.be.instanceOf(IncompatibleStore);
        expect(error.message).to.match(says).and.to.include(file);
      }
      expect(readFileSync(file).equals(before)).to.equal(true);
      // The rest of the store has no need of it.
      await append(store, "a-1", correlated("x"));
    });

  it("is said to be out of use when it cannot be opened, and used once it can", async () => {
    writeFileSync(join(folder, "in-the-way"), "");
    const store = open(join(folder, "in-the-way", "index.sqlite"));
    const ids = await append(store, "a-2", correlated("y"));
    expect(await rejection(idsOf(store.readCorrelation("y")))).to.be.instanceOf(StoreUnavailable);
    rmSync(join(folder, "in-the-way"));
    expect(await idsOf(store.readCorrelation("y"))).to.deep.equal(ids);
  });

  it("holds no correlation id in clear", async () => {
    const store = open();
    await append(store, "a-3", correlated("customer-of-renown"));
    expect(await idsOf(store.readCorrelation("customer-of-renown"))).to.have.length(1);
    await store.close();
    expect(readFileSync(file).includes("renown")).to.equal(false);
  });

  describe("of an application", () => {
    const opened = (readModels: string) => openStore(completed({ store: server.server.connectionString, readModels }));

    for (const [readModels, expected] of [
      ["rows.sqlite", "rows.correlations.sqlite"],
      ["below/rows.of.mine.db", "below/rows.of.mine.correlations.db"],
      ["rows", "rows.correlations"],
    ] as const)
      it(`stands beside the read models: ${expected} beside ${readModels}`, async () => {
        const store = await opened(join(folder, readModels));
        try {
          await idsOf(store.readCorrelation("x"));
          expect(indexed(join(folder, expected))!.log).to.equal(await store.storeId());
        } finally {
          await store.close();
        }
      });

    it("is a temporary one when the read models are in memory", async () => {
      const store = await opened("memory:");
      try {
        await append(store as never, "a-4", correlated("z"));
        expect(await idsOf(store.readCorrelation("z"))).to.have.length(1);
      } finally {
        await store.close();
      }
    });
  });
});
