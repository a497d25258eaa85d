/** PostgreSQL read models while the server is away, in the way, or has lost something; and what must not be told of it. */

import { inspect } from "node:util";
import { expect } from "chai";
import pg from "pg";
import { AccessDenied, Fenced, StoreClosed, StoreUnavailable } from "../../../src/errors.js";
import { openPostgresReadModelStore } from "../../../src/projection/postgres/index.js";
import type { Lease } from "../../../src/subscription/checkpoint-store.js";
import { PostgresServer } from "./server.js";
import { checkpointAt, declaration, failure, useStores } from "./stores.js";
import { stopwatch } from "../../stopwatch.js";

const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

describe("PostgreSQL read models, when the server", () => {
  const stores = useStores();

  it("is restarted in the midst of work, go on when it is back", async function () {
    this.timeout(60_000);
    const server = await PostgresServer.start();
    const store = await openPostgresReadModelStore({ url: server.url(), deadlineMs: 30_000 });
    try {
      const lease = (await store.acquire("live:orders", "a", 60_000))!;
      const generation = await store.openActive(declaration, lease);
      let isOver = false;
      const work = async () => {
        let written = 0;
        while (!isOver) {
          const rows = [[`k${written}`, { n: written }]] as const;
          await store.commit(generation, lease, { rows, checkpoint: checkpointAt(BigInt(++written)) });
        }
        return written;
      };
      const ask = async () => {
        while (!isOver) await store.findRow("orders", "k0");
      };
      const working = Promise.all([work(), ask(), ask()]);
      await pause(100);
      await server.restart(() => pause(300));
      await pause(500);
      isOver = true;
      const [written] = await working;
      expect((await store.activeGeneration("orders"))?.checkpoint?.position).to.equal(BigInt(written));
      expect(await server.query("SELECT count(*)::int AS n FROM rollcall.rows_1")).to.deep.equal([{ n: written }]);
    } finally {
      await store.close();
      await server.stop();
    }
  });

  it("does not answer, are unavailable after the deadline, and closed for whoever waits when they are", async () => {
    const url = stores.server.url("", { port: 1 });
    const error = await failure(openPostgresReadModelStore({ url, deadlineMs: 200 }));
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.message).to.contain("127.0.0.1:1").and.to.contain("200 ms").and.to.contain("ECONNREFUSED");
  });

  it("has another transaction in the way, wait for it, up to the deadline", async () => {
    const store = await stores.open({ deadlineMs: 300 });
    const lease = (await store.acquire("live:orders", "a", 60_000))!;
    const other = new pg.Client({ connectionString: stores.server.url() });
    await other.connect();
    try {
      await other.query(`BEGIN; SELECT 1 FROM ${stores.schema}.lease FOR UPDATE`);
      let renewed: boolean | undefined;
      const renewing = store.renew(lease, 1000).then((kept) => (renewed = kept));
      await pause(50);
      expect(renewed).to.equal(undefined);
      await other.query("COMMIT");
      expect(await renewing).to.equal(true);
      await other.query(`BEGIN; SELECT 1 FROM ${stores.schema}.lease FOR UPDATE`);
      const error = await failure(store.renew(lease, 1000));
      expect(error).to.be.instanceOf(StoreUnavailable);
      expect(error.message).to.contain("lock timeout");
    } finally {
      await other.end();
    }
  });

  it("has a commit under way, let nobody take the lease before it has ended", async () => {
    const [store, standby] = [await stores.open(), await stores.open()];
    const lease = (await store.acquire("live:orders", "a", 1))!;
    const generation = await store.openActive(declaration, lease);
    const row = (by: string) => ({ rows: [["k", { by }]] as const, checkpoint: checkpointAt(1n) });
    await store.commit(generation, lease, row("a"));
    const other = new pg.Client({ connectionString: stores.server.url() });
    await other.connect();
    try {
      // Holds the commit up after it was found to have the lease.
      await other.query(`BEGIN; SELECT 1 FROM ${stores.schema}.rows_1 FOR UPDATE`);
      const committing = store.commit(generation, lease, row("a again"));
      await pause(100);
      let taken: Lease | undefined;
      const taking = standby.acquire("live:orders", "b", 60_000).then((found) => (taken = found));
      await pause(100);
      expect(taken).to.equal(undefined);
      await other.query("COMMIT");
      await Promise.all([committing, taking]);
      await standby.commit(generation, taken!, row("b"));
      expect(await failure(store.commit(generation, lease, row("a late")))).to.be.instanceOf(Fenced);
      expect(await store.findRow("orders", "k")).to.deep.equal({ by: "b" });
    } finally {
      await other.end();
    }
  });

  it("is closed while it does not answer, say so at once", async () => {
    const store = await stores.open();
    const other = new pg.Client({ connectionString: stores.server.url() });
    await other.connect();
    try {
      const lease = (await store.acquire("live:orders", "a", 60_000))!;
      await other.query(`BEGIN; SELECT 1 FROM ${stores.schema}.lease FOR UPDATE`);
      const waiting = failure(store.renew(lease, 1000));
      await pause(50);
      const tookMs = stopwatch();
      await store.close();
      expect(tookMs()).to.be.lessThan(5_000);
      expect(await waiting).to.be.instanceOf(StoreClosed);
    } finally {
      await other.end();
    }
  });

  describe("comes back without the last that it had confirmed", () => {
    const loseTheLast = () =>
      stores.ask(
        "UPDATE S.lease SET writes = writes - 1; UPDATE S.generation SET position = 1; DELETE FROM S.rows_1 WHERE key = 'b'",
      );

    const written = async () => {
      const store = await stores.open();
      const lease = (await store.acquire("live:orders", "a", 60_000))!;
      const generation = await store.openActive(declaration, lease);
      const commit = (held: Lease, key: string, position: bigint) =>
        store.commit(generation, held, { rows: [[key, {}]], checkpoint: checkpointAt(position) });
      await commit(lease, "a", 1n);
      await commit(lease, "b", 2n);
      return { store, lease, commit };
    };

    it("begin again at the checkpoint that is left", async () => {
      const { store, lease, commit } = await written();
      await loseTheLast();
      expect(await failure(commit(lease, "c", 3n))).to.be.instanceOf(Fenced);
      const again = (await store.acquire("live:orders", "a", 60_000))!;
      expect((await store.openActive(declaration, again)).checkpoint?.position).to.equal(1n);
      await commit(again, "b", 2n);
      await commit(again, "c", 3n);
      expect(await stores.ask("SELECT key FROM S.rows_1 ORDER BY key")).to.have.length(3);
    });

    it("notice it although nothing is to be written", async () => {
      const { store, lease } = await written();
      expect(await store.renew(lease, 60_000)).to.equal(true);
      await loseTheLast();
      expect(await store.renew(lease, 60_000)).to.equal(false);
      expect(await store.renew(lease, 60_000)).to.equal(true);
    });
  });

  it("knows a password, show it nowhere", async () => {
    const password = "s3cr/t @?";
    const { server } = stores;
    const url = (port = server.port) =>
      server.url(`schema=${stores.schema}`, { user: "ops", password: encodeURIComponent(password), port });
    const shown = (value: unknown) =>
      [
        inspect(value, { depth: 12, showHidden: true }),
        String(value),
        value instanceof Error && JSON.stringify(value),
      ].join();
    const wrong = await failure(openPostgresReadModelStore({ url: url() }));
    expect(wrong).to.be.instanceOf(AccessDenied);
    expect(wrong.message).to.contain("ops").and.to.contain("password");
    const away = await failure(openPostgresReadModelStore({ url: url(1), deadlineMs: 1 }));
    await server.query(`CREATE ROLE ops SUPERUSER LOGIN PASSWORD '${password}'`);
    const store = await stores.open({ url: url() });
    try {
      await store.acquire("live:orders", "a", 1000);
      for (const value of [wrong, away, store]) expect(shown(value)).not.to.contain("s3cr");
    } finally {
      await store.close();
      await stores.end();
      await server.query("DROP ROLE ops");
    }
  });

  it("is left to tell the time, let leases expire by its clock", async () => {
    const store = await stores.open();
    await store.acquire("live:orders", "a", 60_000);
    const [found] = await stores.ask(
      "SELECT (expires_at_ms - extract(epoch FROM clock_timestamp()) * 1000)::float8 AS left FROM S.lease",
    );
    expect(found!["left"]).to.be.within(40_000, 60_000);
    expect(await store.acquire("live:orders", "b", 1)).to.equal(undefined);
    await store.acquire("live:orders", "a", 1);
    await pause(20);
    expect((await store.acquire("live:orders", "b", 1))?.holder).to.equal("b");
  });
});
