/** Contract cases: generations are opened, built beside the one that serves, activated and dropped. */

import assert from "node:assert/strict";
import { Fenced, InvalidModel, StoreClosed, UnknownReadModel } from "../../errors.js";
import { checkpointAt, commitOf, contentOf, liveLease, orders, ttlMs, type Given } from "./storage.js";

export function describeGenerations(given: Given): void {
  it("creates the serving generation once", async () => {
    assert.equal(await given.store.activeGeneration("orders"), undefined);
    const { generation, lease } = await given.live();
    const { id, name, version, definition, state, checkpoint } = generation;
    assert.deepEqual([name, version, definition, state, checkpoint], ["orders", 1, "first", "active", undefined]);
    await given.store.commit(generation, lease, commitOf({ a: { n: 1 } }, 4n));
    const again = await given.store.openActive(orders(), lease);
    assert.equal(again.id, id);
    assert.deepEqual(again.checkpoint, checkpointAt(4n));
    assert.deepEqual(await contentOf(given.store, again), { a: { n: 1 } });
  });

  it("returns the serving generation also when another version or definition is declared", async () => {
    const { generation, lease } = await given.live();
    const opened = await given.store.openActive(orders({ version: 2, definition: "second" }), lease);
    assert.deepEqual([opened.id, opened.version, opened.definition], [generation.id, 1, "first"]);
  });

  it("opens and creates nothing for a worker that lost its lease", async () => {
    const stalled = await given.lease(liveLease, "a");
    await given.clock.advance(ttlMs);
    await given.lease(liveLease, "b");
    await assert.rejects(given.store.openActive(orders(), stalled), Fenced);
    await assert.rejects(given.store.createBuilding(orders(), stalled), Fenced);
    assert.equal(await given.store.activeGeneration("orders"), undefined);
  });

  it("refuses to index what is no name of a field", async () => {
    const lease = await given.lease(liveLease);
    for (const field of ["", "a.b", 'a"b', "a'b", "a b", "x".repeat(101)]) {
      await assert.rejects(given.store.openActive(orders({ indexes: ["ok", field] }), lease), InvalidModel);
      await assert.rejects(given.store.createBuilding(orders({ indexes: [field] }), lease), InvalidModel);
    }
  });

  it("finds the same rows before a generation is indexed and afterwards, and indexes it for who holds the lease", async () => {
    const { generation, lease } = await given.live();
    await given.store.commit(generation, lease, commitOf({ a: { count: 2 }, b: { count: 1 } }));
    await given.store.complete(generation, lease);
    await given.store.complete(generation, lease);
    await given.store.commit(generation, lease, commitOf({ c: { count: 2 } }, 2n));
    const found = await given.store.findRows("orders", { where: { count: 2 }, limit: 10 });
    assert.deepEqual(
      found.rows.map(({ key }) => key),
      ["a", "c"],
    );
    await given.clock.advance(ttlMs);
    await given.lease(liveLease, "b");
    await assert.rejects(given.store.complete(generation, lease), Fenced);
  });

  it("shows nobody a generation in the making", async () => {
    const { generation, lease } = await given.building();
    assert.equal(generation.state, "building");
    await given.store.commit(generation, lease, commitOf({ a: { n: 1 } }));
    assert.equal(await given.store.activeGeneration("orders"), undefined);
    await assert.rejects(given.store.findRow("orders", "a"), UnknownReadModel);
    const live = await given.live();
    await given.store.commit(live.generation, live.lease, commitOf({ a: { n: 2 } }));
    assert.deepEqual(await given.store.findRow("orders", "a"), { n: 2 });
    assert.deepEqual(await contentOf(given.store, generation), { a: { n: 1 } });
  });

  it("drops an unfinished generation when the next one is begun", async () => {
    const first = await given.building();
    await given.store.commit(first.generation, first.lease, commitOf({ a: {} }));
    const second = await given.building();
    assert.notEqual(second.generation.id, first.generation.id);
    assert.deepEqual(await contentOf(given.store, second.generation), {});
    await assert.rejects(given.store.commit(first.generation, first.lease, commitOf({ a: {} })), Fenced);
    await assert.rejects(given.store.activate(first.generation, first.lease, { workerLease: liveLease }), Fenced);
  });

  it("leaves a generation in the making, and those of other read models, alone when one is opened", async () => {
    const building = await given.building();
    const payments = await given.store.createBuilding(
      orders({ name: "payments" }),
      await given.lease("rebuild:payments"),
    );
    await given.live();
    await given.building({ name: "shipments" });
    await given.store.commit(building.generation, building.lease, commitOf({ a: {} }));
    assert.deepEqual(await contentOf(given.store, payments), {});
  });

  it("activates the first generation of a read model", async () => {
    const { generation, lease } = await given.building();
    await given.store.commit(generation, lease, commitOf({ a: { n: 1 } }, 3n));
    assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), true);
    const active = await given.store.activeGeneration("orders");
    assert.deepEqual([active?.id, active?.state, active?.checkpoint], [generation.id, "active", checkpointAt(3n)]);
    assert.deepEqual(await given.store.findRow("orders", "a"), { n: 1 });
  });

  it("puts the new generation in the place of the old one, and drops that", async () => {
    const live = await given.live();
    await given.store.commit(live.generation, live.lease, commitOf({ a: { of: "old" }, b: { of: "old" } }, 3n));
    const { generation, lease } = await given.building({ version: 2, definition: "second" });
    await given.store.commit(generation, lease, commitOf({ a: { of: "new" } }, 3n));
    assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), true);
    const active = await given.store.activeGeneration("orders");
    assert.deepEqual([active?.id, active?.version, active?.definition], [generation.id, 2, "second"]);
    assert.deepEqual(await given.store.findRow("orders", "a"), { of: "new" });
    assert.equal(await given.store.findRow("orders", "b"), undefined);
    await assert.rejects(given.store.rows(live.generation, ["a"]), Fenced);
  });

  it("fences the worker on the old generation, which may go on with the new one at once", async () => {
    const live = await given.live();
    const { generation, lease } = await given.building();
    await given.store.commit(generation, lease, commitOf({ a: { of: "new" } }, 3n));
    await given.store.activate(generation, lease, { workerLease: liveLease });
    await assert.rejects(given.store.commit(live.generation, live.lease, commitOf({ a: { of: "old" } }, 9n)), Fenced);
    assert.equal(await given.store.renew(live.lease, ttlMs), false);
    const next = await given.live();
    assert.ok(next.lease.token > live.lease.token);
    assert.equal(next.generation.id, generation.id);
    await assert.rejects(given.store.commit(next.generation, live.lease, commitOf({ a: { of: "old" } }, 9n)), Fenced);
    await given.store.commit(next.generation, next.lease, commitOf({ b: { of: "live" } }, 4n));
    assert.deepEqual(await contentOf(given.store, generation), { a: { of: "new" }, b: { of: "live" } });
  });

  it("fences a worker that acquired the lease before there was anything to activate", async () => {
    const { generation, lease } = await given.building();
    await given.store.activate(generation, lease, { workerLease: liveLease });
    const worker = await given.lease(liveLease);
    await given.store.commit(generation, worker, commitOf({ a: {} }));
  });

  const ahead: readonly [what: string, active: bigint, building: bigint | undefined][] = [
    ["by one", 4n, 3n],
    ["by a digit", 10n, 9n],
    ["beyond the exact numbers", 2n ** 53n + 1n, 2n ** 53n],
    ["of a generation that has read nothing", 0n, undefined],
  ];
  for (const [what, active, building] of ahead)
    it(`changes nothing while the active generation is ahead ${what}, until the other has caught up`, async () => {
      const live = await given.live();
      await given.store.commit(live.generation, live.lease, commitOf({ a: { of: "old" } }, active));
      const { generation, lease } = await given.building();
      await given.store.commit(generation, lease, {
        rows: [["a", { of: "new" }]],
        checkpoint: checkpointAt(building),
      });
      assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), false);
      assert.deepEqual(await given.store.findRow("orders", "a"), { of: "old" });
      await given.store.commit(live.generation, live.lease, commitOf({}, active));
      await given.store.commit(generation, lease, commitOf({ b: {} }, active));
      assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), true);
      assert.deepEqual(await given.store.findRow("orders", "a"), { of: "new" });
    });

  for (const [building, verb] of [
    [undefined, "nothing"],
    [2n, "a little"],
  ] as const)
    it(`counts a log read through as reached, though ${verb} of it was for the read model`, async () => {
      const live = await given.live();
      await given.store.commit(live.generation, live.lease, commitOf({ a: { of: "old" } }, 4n));
      const { generation, lease } = await given.building();
      await given.store.commit(generation, lease, { rows: [], checkpoint: checkpointAt(building) });
      assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease, readThrough: 3n }), false);
      assert.deepEqual(await given.store.findRow("orders", "a"), { of: "old" });
      assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease, readThrough: 4n }), true);
      assert.equal(await given.store.findRow("orders", "a"), undefined);
    });

  it("counts a generation without a checkpoint as before everything", async () => {
    const live = await given.live();
    const { generation, lease } = await given.building();
    assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), true);
    const next = await given.live();
    await given.store.commit(next.generation, next.lease, commitOf({}, 0n));
    const later = await given.building();
    assert.equal(await given.store.activate(later.generation, later.lease, { workerLease: liveLease }), false);
    assert.notEqual(live.generation.id, next.generation.id);
  });

  it("prefers the generation of another log, wherever that stands", async () => {
    const live = await given.live();
    await given.store.commit(live.generation, live.lease, commitOf({}, 100n));
    const { generation, lease } = await given.building();
    await given.store.commit(generation, lease, { rows: [], checkpoint: checkpointAt(1n, "log-2") });
    assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), true);
  });

  it("activates nothing for a rebuild that lost its lease", async () => {
    const live = await given.live();
    const { generation, lease } = await given.building();
    await given.clock.advance(ttlMs);
    await given.lease(lease.name, "another rebuilder");
    await assert.rejects(given.store.activate(generation, lease, { workerLease: liveLease }), Fenced);
    await assert.rejects(given.store.drop(generation, lease), Fenced);
    assert.equal((await given.store.activeGeneration("orders"))?.id, live.generation.id);
    await given.store.commit(live.generation, live.lease, commitOf({ a: {} }));
    assert.deepEqual(await contentOf(given.store, generation), {});
  });

  it("says again that a generation is active, without fencing anybody anew", async () => {
    const { generation, lease } = await given.building();
    await given.store.activate(generation, lease, { workerLease: liveLease });
    const live = await given.live();
    assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease }), true);
    await given.store.commit(live.generation, live.lease, commitOf({ a: {} }));
  });

  it("does not drop the generation that serves", async () => {
    const { generation, lease } = await given.building();
    await given.store.activate(generation, lease, { workerLease: liveLease });
    await given.store.drop(generation, lease);
    assert.equal((await given.store.activeGeneration("orders"))?.id, generation.id);
    assert.deepEqual(await contentOf(given.store, generation), {});
  });

  it("answers nothing after it was closed", async () => {
    const { generation, lease } = await given.live();
    await given.store.close();
    await given.store.close();
    await assert.rejects(given.store.activeGeneration("orders"), StoreClosed);
    await assert.rejects(given.store.commit(generation, lease, commitOf({})), StoreClosed);
    await assert.rejects(given.store.findRows("orders", { limit: 1 }), StoreClosed);
    await assert.rejects(given.store.acquire("live:payments", "a", ttlMs), StoreClosed);
  });

  describe("places", () => {
    it("serves a generation in each place, whatever their names", async () => {
      const first = await given.live();
      const lease = await given.lease("live:orders@2");
      const second = await given.store.openActive(orders({ version: 2, place: "orders@2" }), lease);
      await given.store.commit(first.generation, first.lease, commitOf({ a: { of: "1" } }));
      await given.store.commit(second, lease, commitOf({ a: { of: "2" } }));
      assert.deepEqual(await given.store.findRow("orders", "a"), { of: "1" });
      assert.deepEqual(await given.store.findRow("orders@2", "a"), { of: "2" });
      const all = await given.store.generations();
      assert.deepEqual(
        all.map(({ id, name, version, place, state }) => [id, name, version, place, state]),
        [
          [first.generation.id, "orders", 1, "orders", "active"],
          [second.id, "orders", 2, "orders@2", "active"],
        ],
      );
    });

    it("is complete once it has caught up, or was activated", async () => {
      const { generation, lease } = await given.live();
      assert.equal(generation.isComplete, false);
      await given.store.complete(generation, lease);
      assert.equal((await given.store.activeGeneration("orders"))?.isComplete, true);
      const built = await given.building({ name: "payments" });
      await given.store.activate(built.generation, built.lease, { workerLease: liveLease });
      assert.equal((await given.store.activeGeneration("payments"))?.isComplete, true);
    });

    it("says when each generation was begun", async () => {
      const before = given.clock.now();
      await given.live();
      await given.clock.advance(5_000);
      const { generation } = await given.building();
      const begun = (await given.store.generations()).map(({ createdAtMs }) => createdAtMs);
      assert.deepEqual(begun, [before, before + 5_000]);
      assert.equal(generation.createdAtMs, before + 5_000);
    });

    it("is redeclared with more indexes, and keeps those that it has", async () => {
      const { generation, lease } = await given.live({ indexes: ["status"] });
      await given.store.commit(generation, lease, commitOf({ a: { status: "x", count: 2 } }));
      await given.store.complete(generation, lease);
      await given.store.redeclare(generation, lease, orders({ indexes: ["count", "status"] }));
      for (const where of [{ count: 2 }, { status: "x" }]) {
        const { rows } = await given.store.findRows("orders", { where, limit: 2 });
        assert.deepEqual(
          rows.map(({ key }) => key),
          ["a"],
        );
      }
    });
  });

  describe("what was left unfinished", () => {
    const made = { code: "made by this" };

    it("is resumed by the same code, with its rows and its checkpoint", async () => {
      const first = await given.building(made);
      await given.store.commit(first.generation, first.lease, commitOf({ a: { n: 1 } }, 3n));
      const again = await given.store.createBuilding(orders(made), first.lease, { resumes: true });
      assert.equal(again.id, first.generation.id);
      assert.deepEqual(again.checkpoint, checkpointAt(3n));
      assert.deepEqual(await contentOf(given.store, again), { a: { n: 1 } });
    });

    it("is begun anew by other code, other terms, code that does not say what it is, or when that is asked for", async () => {
      for (const [left, next, resumes] of [
        [made, { code: "another" }, true],
        [made, { ...made, definition: "other" }, true],
        [{}, {}, true],
        [made, made, false],
      ] as const) {
        const first = await given.building(left);
        await given.store.commit(first.generation, first.lease, commitOf({ a: { n: 1 } }, 3n));
        const second = await given.store.createBuilding(orders(next), first.lease, { resumes });
        assert.notEqual(second.id, first.generation.id);
        assert.equal(second.checkpoint, undefined);
        assert.deepEqual(await contentOf(given.store, second), {});
      }
    });
  });

  describe("what served before", () => {
    const rebuilt = async (of: string, at: bigint) => {
      const { generation, lease } = await given.building();
      await given.store.commit(generation, lease, commitOf({ a: { of } }, at));
      assert.equal(await given.store.activate(generation, lease, { workerLease: liveLease, retains: true }), true);
      return { generation, lease };
    };
    const states = async () => (await given.store.generations()).map(({ id, state }) => [id, state]);

    it("is retained when that is asked for, instead of what was retained before", async () => {
      const first = await rebuilt("first", 1n);
      const second = await rebuilt("second", 2n);
      assert.deepEqual(await states(), [
        [first.generation.id, "retained"],
        [second.generation.id, "active"],
      ]);
      const third = await rebuilt("third", 3n);
      assert.deepEqual(await states(), [
        [second.generation.id, "retained"],
        [third.generation.id, "active"],
      ]);
      assert.deepEqual(await contentOf(given.store, second.generation), { a: { of: "second" } });
      assert.deepEqual(await given.store.findRow("orders", "a"), { of: "third" });
    });

    it("serves again once it has caught up, and what served until then is retained in turn", async () => {
      const { generation: first } = await rebuilt("first", 1n);
      const { generation: second, lease } = await rebuilt("second", 2n);
      const back = () => given.store.activate(first, lease, { workerLease: liveLease, retains: true });
      assert.equal(await back(), false);
      await given.store.commit(first, lease, commitOf({ b: { of: "first" } }, 2n));
      assert.equal(await back(), true);
      assert.deepEqual(await states(), [
        [first.id, "active"],
        [second.id, "retained"],
      ]);
      assert.deepEqual(await given.store.findRow("orders", "b"), { of: "first" });
    });

    it("is dropped when that is asked for, and what serves only when it is meant", async () => {
      const { generation: first } = await rebuilt("first", 1n);
      const { generation: second, lease } = await rebuilt("second", 2n);
      await given.store.drop(first, lease);
      await assert.rejects(given.store.rows(first, ["a"]), Fenced);
      await given.store.drop(second, lease);
      assert.deepEqual(await states(), [[second.id, "active"]]);
      await given.store.drop(second, lease, { serving: true });
      assert.deepEqual(await states(), []);
      await assert.rejects(given.store.findRow("orders", "a"), UnknownReadModel);
    });
  });
}
