/** Contract cases: what is asked about parked events, and what became of them. */

import assert from "node:assert/strict";
import { Fenced } from "../../errors.js";
import type { ParkedRequest, ReleasedEvent } from "../../subscription/parked-events.js";
import { parkedAt } from "./checkpoints.js";
import { checkpointAt, ttlMs, type Given } from "./storage.js";

const subscription = "reactor:billing";

const requestOf = (changes: Partial<ParkedRequest> = {}): Omit<ParkedRequest, "askedAtMs"> => ({
  id: "5f0c1f4e-0000-4000-8000-000000000001",
  subscription,
  kind: "drop",
  positions: [2n ** 62n + 1n, 7n],
  by: "ops",
  reason: "paid by hand: “ja” 😀",
  ...changes,
});

const releasedAt = (position: bigint, changes: Partial<ReleasedEvent> = {}): ReleasedEvent => ({
  ...parkedAt(position),
  outcome: "dropped",
  by: "ops",
  reason: "paid by hand",
  releasedAtMs: 1_700_000_000_001,
  ...changes,
});

export function describeParkedEvents(given: Given): void {
  it("shows requests to every store, oldest first, until they are answered", async () => {
    const other = await given.open();
    const { reason: _, ...retry } = requestOf({ id: "second", kind: "retry", positions: "all" });
    await given.store.askParked(requestOf());
    await other.askParked(retry);
    await given.store.askParked(requestOf({ id: "third", subscription: "reactor:mailing" }));
    const askedAtMs = given.clock.now();
    assert.deepEqual(await other.parkedRequests(subscription), [
      { ...requestOf(), askedAtMs },
      { ...retry, askedAtMs },
    ]);
    const lease = await given.lease(subscription);
    assert.deepEqual(await other.parkedRequestState("second"), { state: "asked" });
    assert.equal(await given.store.beginParkedRequest(lease, "second"), true);
    assert.deepEqual(await other.parkedRequestState("second"), { state: "begun" });
    assert.equal((await other.parkedRequests(subscription)).length, 2, "whoever begins may die");
    const failed = [{ position: 2n ** 60n, error: "nein “😀”" }];
    const answer = { delivered: [1n, 2n ** 62n + 1n], dropped: [3n], failed, unknown: [] };
    await given.store.answerParkedRequest(lease, "second", answer);
    assert.deepEqual(await other.parkedRequestState("second"), { state: "answered", answer });
    assert.deepEqual(
      (await other.parkedRequests(subscription)).map(({ id }) => id),
      [requestOf().id],
    );
    assert.equal(await given.store.beginParkedRequest(lease, "second"), false);
    assert.equal(await other.parkedRequestState("none"), undefined);
  });

  it("lets a request be withdrawn until it is begun", async () => {
    const lease = await given.lease(subscription);
    await given.store.askParked(requestOf({ id: "a" }));
    await given.store.askParked(requestOf({ id: "b" }));
    assert.equal(await given.store.withdrawParkedRequest("a"), true);
    assert.equal(await given.store.beginParkedRequest(lease, "a"), false);
    assert.equal(await given.store.beginParkedRequest(lease, "b"), true);
    assert.equal(await given.store.withdrawParkedRequest("b"), false);
    assert.equal(await given.store.withdrawParkedRequest("none"), false);
  });

  it("forgets requests a day after they were asked, those that were answered alone", async () => {
    const lease = await given.lease(subscription);
    await given.store.askParked(requestOf({ id: "answered" }));
    await given.store.askParked(requestOf({ id: "open" }));
    await given.store.answerParkedRequest(lease, "answered", { delivered: [], dropped: [], failed: [], unknown: [] });
    await given.clock.advance(24 * 60 * 60_000);
    await given.store.askParked(requestOf({ id: "new" }));
    assert.equal(await given.store.parkedRequestState("answered"), undefined);
    assert.deepEqual(await given.store.parkedRequestState("open"), { state: "asked" });
  });

  it("releases parked events and parks others anew, at once, and keeps what became of them", async () => {
    const other = await given.open();
    const lease = await given.lease(subscription);
    await given.store.saveCheckpoint(lease, checkpointAt(100n), [parkedAt(7n), parkedAt(8n), parkedAt(9n)]);
    const { reason: _, ...delivered } = releasedAt(8n, { outcome: "delivered" });
    const failed = parkedAt(9n, { attempts: 9, error: "again" });
    await given.store.releaseParked(lease, [delivered, releasedAt(7n)], [failed]);
    assert.deepEqual(await other.parked(subscription), [failed]);
    assert.deepEqual(await other.releasedEvents(subscription), [releasedAt(7n), delivered]);
    assert.deepEqual(await other.releasedEvents(subscription, 7n), [delivered]);
    assert.deepEqual(await other.releasedEvents("reactor:mailing"), []);
  });

  it("writes nothing for a worker that lost its lease", async () => {
    const stalled = await given.lease(subscription, "a");
    await given.store.saveCheckpoint(stalled, checkpointAt(9n), [parkedAt(7n)]);
    await given.store.askParked(requestOf({ id: "a" }));
    await given.clock.advance(ttlMs);
    await given.lease(subscription, "b");
    const answer = { delivered: [], dropped: [], failed: [], unknown: [] };
    await assert.rejects(given.store.releaseParked(stalled, [releasedAt(7n)], [parkedAt(8n)]), Fenced);
    await assert.rejects(given.store.beginParkedRequest(stalled, "a"), Fenced);
    await assert.rejects(given.store.answerParkedRequest(stalled, "a", answer), Fenced);
    assert.deepEqual(await given.store.parked(subscription), [parkedAt(7n)]);
    assert.deepEqual(await given.store.releasedEvents(subscription), []);
    assert.deepEqual(await given.store.parkedRequestState("a"), { state: "asked" });
  });

  it("leaves an event parked when another cannot be parked", async () => {
    const lease = await given.lease(subscription);
    await given.store.saveCheckpoint(lease, checkpointAt(9n), [parkedAt(7n)]);
    const broken = { ...parkedAt(8n), eventId: null as never };
    await assert.rejects(given.store.releaseParked(lease, [releasedAt(7n)], [broken]));
    assert.deepEqual(await given.store.parked(subscription), [parkedAt(7n)]);
    assert.deepEqual(await given.store.releasedEvents(subscription), []);
  });

  it("lists leases: who holds them, and for how long", async () => {
    const other = await given.open();
    const free = await given.lease("reactor:billing", "a");
    await given.lease("read-model:orders", "b");
    await given.store.release(free);
    await given.clock.advance(ttlMs + 1);
    await given.lease("reactor:mailing", "c");
    const found = await other.listLeases();
    assert.deepEqual(
      found.map(({ name, holder }) => [name, holder]),
      [
        ["reactor:billing", undefined],
        ["reactor:mailing", "c"],
        ["read-model:orders", "b"],
      ],
    );
    assert.deepEqual([found[2]!.expiresInMs, found[1]!.expiresInMs], [-1, ttlMs]);
  });
}
