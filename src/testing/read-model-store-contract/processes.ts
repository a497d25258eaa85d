/** Contract cases: several processes on one storage, some of which are killed at whatever they are doing. */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../clock.js";
import { rowsOfARound, type Task } from "./child.js";
import { commitOf, contentOf, liveLease, orders, type Given } from "./storage.js";

const child = new URL("./child.js", import.meta.url);

export function describeProcesses(given: Given): void {
  // Who waits for another process waits in that one's time.
  beforeEach(async () => {
    given.store = await given.open(systemClock);
  });

  const start = (task: Task, name: string, rounds: number) => {
    const { module, location } = given.storage.elsewhere;
    const started = fork(child, [module, location, task, name, String(rounds)], { execArgv: [] });
    const ended = once(started, "exit") as Promise<[code: number | null, signal: string | null]>;
    const firstRound = Promise.race([
      once(started, "message"),
      ended.then(() => Promise.reject(new Error("the process ended before it finished a round"))),
    ]);
    return { started, ended, firstRound };
  };

  /** Rows of the serving generation are all there, and of the round that its checkpoint tells. */
  const assertWhole = async (name: string) => {
    const active = await given.store.activeGeneration(name);
    assert.ok(active?.checkpoint);
    const rows = Object.values(await contentOf(given.store, active)) as { round: number }[];
    assert.equal(rows.length, rowsOfARound);
    assert.deepEqual(new Set(rows.map(({ round }) => round)), new Set([Number(active.checkpoint.position)]));
    return active;
  };

  // At some moment within a round, another one each time.
  const momentsMs = [3, 11, 24, 42];

  it("keeps rows and checkpoint together when a process is killed while it commits", async () => {
    for (const momentMs of momentsMs) {
      const { started, ended, firstRound } = start("commit", "orders", 1e6);
      await firstRound;
      await sleep(momentMs);
      started.kill("SIGKILL");
      assert.deepEqual(await ended, [null, "SIGKILL"]);
      await assertWhole("orders");
    }
  }).timeout(30_000);

  it("has one whole generation, and can make the next, when a process is killed while it rebuilds", async () => {
    for (const momentMs of momentsMs) {
      const { started, ended, firstRound } = start("activate", "orders", 1e6);
      await firstRound;
      await sleep(momentMs);
      started.kill("SIGKILL");
      assert.deepEqual(await ended, [null, "SIGKILL"]);
      const active = await assertWhole("orders");

      const lease = await given.lease("rebuild:orders", "rebuilder");
      const generation = await given.store.createBuilding(orders(), lease);
      assert.deepEqual(await contentOf(given.store, generation), {});
      await given.store.drop(generation, lease);
      assert.equal((await given.store.activeGeneration("orders"))?.id, active.id);
    }
  }).timeout(30_000);

  it("lets processes write at the same time without losing anything", async () => {
    const names = ["orders", "payments"];
    const running = names.map((name) => start("commit", name, 15));
    const lease = await given.lease("live:shipments");
    const shipments = await given.store.openActive(orders({ name: "shipments" }), lease);
    for (let i = 1; i <= 100; i++) {
      await given.store.commit(shipments, lease, commitOf({ [`k${i}`]: { i } }, BigInt(i)));
      await sleep(1);
    }
    for (const { ended } of running) assert.deepEqual(await ended, [0, null]);
    assert.equal(Object.keys(await contentOf(given.store, shipments)).length, 100);
    for (const name of names) assert.equal((await assertWhole(name)).checkpoint?.position, 15n);
  }).timeout(30_000);

  it("answers a query wholly from the old or wholly from the new generation while another process activates", async () => {
    const { ended, firstRound } = start("activate", "orders", 12);
    await firstRound;
    const rounds = new Set<number>();
    let running = true;
    void ended.finally(() => (running = false));
    while (running) {
      const { rows } = await given.store.findRows("orders", { limit: 1000 });
      const found = new Set(rows.map(({ row }) => (row as { round: number }).round));
      assert.equal(rows.length, 1000);
      assert.equal(found.size, 1);
      rounds.add([...found][0]!);
      await sleep(1);
    }
    assert.deepEqual(await ended, [0, null]);
    assert.ok(rounds.size > 1, "the query was never asked around an activation");
    await assertWhole("orders");
  }).timeout(30_000);

  it("fences the worker of another process when a rebuild here takes its place", async () => {
    const { ended, firstRound, started } = start("commit", "orders", 1e6);
    started.on("error", () => undefined);
    await firstRound;
    const { generation, lease } = await given.building();
    await given.store.commit(generation, lease, commitOf({ a: { of: "new" } }, 2n ** 40n));
    assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), true);
    assert.notDeepEqual(await ended, [0, null]);
    assert.deepEqual(await contentOf(given.store, generation), { a: { of: "new" } });
  }).timeout(30_000);
}
