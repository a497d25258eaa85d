/** PostgreSQL read models behind a pooler that gives each transaction another connection. */

import { expect } from "chai";
import { Fenced } from "../../../src/errors.js";
import { Pooler } from "./pooler.js";
import { checkpointAt, declaration, failure, rebuild, useStores } from "./stores.js";

describe("PostgreSQL read models behind a transaction pooler", () => {
  const stores = useStores();
  let pooler: Pooler;

  beforeEach(async () => {
    pooler = await Pooler.start(stores.server.port);
  });
  afterEach(() => pooler.stop());

  const open = () => stores.open({ url: stores.server.url(`schema=${stores.schema}`, { port: pooler.port }) });

  it("are opened, written, copied, indexed, queried, rebuilt and fenced as without one", async () => {
    const [store, other] = await Promise.all([open(), open()]);
    const rows = (by: string) =>
      Array.from({ length: 3_000 }, (_, i) => [`k${String(i).padStart(4, "0")}`, { status: by, dueMs: i }] as const);
    await rebuild(store!, rows("first"));
    const lease = (await store!.acquire("live:orders", "a", 60_000))!;
    const generation = await store!.openActive(declaration, lease);
    for (let i = 2; i < 40; i++) {
      const changed = [[`k${String(i).padStart(4, "0")}`, { status: "live" }]] as const;
      await Promise.all([
        store!.commit(generation, lease, { rows: changed, checkpoint: checkpointAt(BigInt(i)) }),
        store!.renew(lease, 60_000),
        other!.findRow("orders", "k0001"),
      ]);
    }
    expect((await other!.findRows("orders", { where: { status: "live" }, limit: 100 })).rows).to.have.length(38);
    expect(await other!.rowsInOrder(generation, "dueMs", { limit: 3 })).to.have.length(3);
    expect(await other!.countRows("orders", "status")).to.deep.equal(
      new Map([
        ["first", 2_962],
        ["live", 38],
      ]),
    );
    const again = (await other!.acquire("rebuild:orders", "a", 60_000))!;
    const next = await other!.createBuilding(declaration, again);
    await other!.commit(next, again, { rows: rows("second"), checkpoint: checkpointAt(40n) });
    expect(await other!.activate(next, again, { workerLease: "live:orders" })).to.equal(true);
    const late = store!.commit(generation, lease, { rows: [], checkpoint: checkpointAt(41n) });
    expect(await failure(late)).to.be.instanceOf(Fenced);
    expect(await store!.findRow("orders", "k0007")).to.deep.equal({ status: "second", dueMs: 7 });
    expect(pooler.switches).to.be.greaterThan(100);
  });

  it("leave nothing behind that the next transaction on the connection would find", async () => {
    await rebuild(await open(), [["a", { n: 1 }]]);
    // In this database: others are locked by other files.
    const left = await stores.ask(
      `SELECT count(*)::int AS locks FROM pg_locks JOIN pg_database ON pg_database.oid = database
       WHERE locktype = 'advisory' AND datname = current_database()`,
    );
    expect(left).to.deep.equal([{ locks: 0 }]);
  });
});
