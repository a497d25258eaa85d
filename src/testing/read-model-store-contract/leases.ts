/** Contract cases: who may hold a lease, until when, and which token it carries. */

import assert from "node:assert/strict";
import { liveLease, ttlMs, type Given } from "./storage.js";

export function describeLeases(given: Given): void {
  it("gives a free lease to the first who asks", async () => {
    const lease = await given.store.acquire("live:orders", "a", ttlMs);
    assert.equal(lease?.name, "live:orders");
    assert.equal(lease.holder, "a");
    assert.equal(typeof lease.token, "number");
  });

  it("refuses a lease that another holds, whichever store is asked", async () => {
    const other = await given.open();
    await given.lease("live:orders", "a");
    assert.equal(await given.store.acquire("live:orders", "b", ttlMs), undefined);
    assert.equal(await other.acquire("live:orders", "b", ttlMs), undefined);
  });

  it("gives the lease to one of two who ask at once", async () => {
    const other = await given.open();
    const both = await Promise.all([
      given.store.acquire("live:orders", "a", ttlMs),
      other.acquire("live:orders", "b", ttlMs),
    ]);
    assert.equal(both.filter(Boolean).length, 1);
  });

  it("keeps leases of different names apart", async () => {
    await given.lease("live:orders", "a");
    assert.equal((await given.store.acquire("live:payments", "b", ttlMs))?.holder, "b");
  });

  it("gives the holder its token again, for longer", async () => {
    const first = await given.lease("live:orders", "a");
    await given.clock.advance(ttlMs - 1);
    assert.deepEqual(await given.store.acquire("live:orders", "a", ttlMs), first);
    await given.clock.advance(ttlMs - 1);
    assert.equal(await given.store.acquire("live:orders", "b", ttlMs), undefined);
  });

  it("gives an expired lease to another, with a greater token", async () => {
    const first = await given.lease("live:orders", "a");
    await given.clock.advance(ttlMs - 1);
    assert.equal(await given.store.acquire("live:orders", "b", ttlMs), undefined);
    await given.clock.advance(1);
    const second = await given.lease("live:orders", "b");
    assert.ok(second.token > first.token);
  });

  it("gives the old holder its token again when the lease expired but nobody took it", async () => {
    const first = await given.lease("live:orders", "a");
    await given.clock.advance(10 * ttlMs);
    assert.deepEqual(await given.store.acquire("live:orders", "a", ttlMs), first);
  });

  it("gives the old holder a new token when another had the lease in between", async () => {
    const first = await given.lease("live:orders", "a");
    await given.clock.advance(ttlMs);
    const second = await given.lease("live:orders", "b");
    await given.clock.advance(ttlMs);
    const third = await given.lease("live:orders", "a");
    assert.ok(first.token < second.token && second.token < third.token);
  });

  it("extends a lease that is renewed", async () => {
    const lease = await given.lease("live:orders", "a");
    await given.clock.advance(ttlMs - 1);
    assert.equal(await given.store.renew(lease, ttlMs), true);
    await given.clock.advance(ttlMs - 1);
    assert.equal(await given.store.acquire("live:orders", "b", ttlMs), undefined);
  });

  it("renews an expired lease that nobody took", async () => {
    const lease = await given.lease("live:orders", "a");
    await given.clock.advance(2 * ttlMs);
    assert.equal(await given.store.renew(lease, ttlMs), true);
    assert.equal(await given.store.acquire("live:orders", "b", ttlMs), undefined);
  });

  it("does not renew a lease that was lost, that is another's, or that never was", async () => {
    const first = await given.lease("live:orders", "a");
    await given.clock.advance(ttlMs);
    const second = await given.lease("live:orders", "b");
    assert.equal(await given.store.renew(first, ttlMs), false);
    assert.equal(await given.store.renew({ ...second, holder: "a" }, ttlMs), false);
    assert.equal(await given.store.renew({ ...second, name: "live:payments" }, ttlMs), false);
    await given.clock.advance(ttlMs);
    await given.lease("live:orders", "c");
  });

  it("frees a released lease at once", async () => {
    const first = await given.lease("live:orders", "a");
    await given.store.release(first);
    assert.equal(await given.store.renew(first, ttlMs), false);
    const second = await given.lease("live:orders", "b");
    assert.ok(second.token > first.token);
  });

  it("does not let a former holder release the lease of the present one", async () => {
    const first = await given.lease("live:orders", "a");
    await given.clock.advance(ttlMs);
    const second = await given.lease("live:orders", "b");
    await given.store.release(first);
    await given.store.release({ ...second, holder: "a" });
    assert.equal(await given.store.acquire("live:orders", "c", ttlMs), undefined);
    assert.equal(await given.store.renew(second, ttlMs), true);
  });

  it("can be seized from whoever holds one, who is fenced and may not have it back before it is free", async () => {
    const held = await given.lease(liveLease, "a");
    const seized = await given.store.seize(liveLease, "b", ttlMs);
    assert.ok(seized.token > held.token);
    assert.equal(await given.store.renew(held, ttlMs), false);
    assert.equal(await given.store.acquire(liveLease, "a", ttlMs), undefined);
    assert.equal(await given.store.renew(seized, ttlMs), true);
    await given.store.release(seized);
    assert.ok((await given.lease(liveLease, "a")).token > seized.token);
    assert.ok((await given.store.seize("never held", "b", ttlMs)).token > 0);
  });
}
