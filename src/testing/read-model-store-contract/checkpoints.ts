/** Contract cases: checkpoints of subscriptions without rows, and the events they parked. */

import assert from "node:assert/strict";
import { Fenced } from "../../errors.js";
import type { ParkedEvent } from "../../subscription/checkpoint-store.js";
import { checkpointAt, ttlMs, type Given } from "./storage.js";

export const parkedAt = (position: bigint, changes: Partial<ParkedEvent> = {}): ParkedEvent => ({
  subscription: "reactor:billing",
  position,
  streamName: "order-7",
  revision: position + 2n ** 53n,
  eventId: `event-${position}`,
  eventType: "ordering.OrderPlaced",
  attempts: 3,
  error: "the gateway said no: “nein” 😀",
  parkedAtMs: 1_700_000_000_000,
  ...changes,
});

export function describeCheckpoints(given: Given): void {
  it("knows no checkpoint before the first is saved", async () => {
    assert.equal(await given.store.loadCheckpoint("reactor:billing"), undefined);
    assert.deepEqual(await given.store.parked("reactor:billing"), []);
  });

  it("returns a checkpoint as it was saved under the lease's name, in every store", async () => {
    const other = await given.open();
    const lease = await given.lease("reactor:billing");
    const checkpoint = {
      storeId: "log-1",
      position: 2n ** 62n + 1n,
      handled: 2 ** 53 - 1,
      recordedAtMs: 1_700_000_000_123,
      state: { queue: ["a", null, { deep: 0.1 }], text: "ü😀" },
    };
    await given.store.saveCheckpoint(lease, checkpoint);
    assert.deepEqual(await other.loadCheckpoint("reactor:billing"), checkpoint);
    assert.equal(await other.loadCheckpoint("reactor:mailing"), undefined);
  });

  it("tells a checkpoint before the first event, and one without state, from others", async () => {
    const lease = await given.lease("reactor:billing");
    await given.store.saveCheckpoint(lease, { ...checkpointAt(7n), state: null });
    assert.deepEqual(await given.store.loadCheckpoint("reactor:billing"), { ...checkpointAt(7n), state: null });
    await given.store.saveCheckpoint(lease, checkpointAt(undefined));
    assert.deepEqual(await given.store.loadCheckpoint("reactor:billing"), checkpointAt(undefined));
  });

  it("lists parked events in the order of the log", async () => {
    const lease = await given.lease("reactor:billing");
    await given.store.saveCheckpoint(lease, checkpointAt(100n), [parkedAt(100n), parkedAt(9n)]);
    await given.store.saveCheckpoint(lease, checkpointAt(101n), [parkedAt(10n)]);
    assert.deepEqual(await given.store.parked("reactor:billing"), [parkedAt(9n), parkedAt(10n), parkedAt(100n)]);
    assert.deepEqual(await given.store.parked("reactor:mailing"), []);
  });

  it("keeps an event that is parked again once, as it was parked last", async () => {
    const lease = await given.lease("reactor:billing");
    await given.store.saveCheckpoint(lease, checkpointAt(9n), [parkedAt(9n, { attempts: 0 })]);
    await given.store.saveCheckpoint(lease, checkpointAt(9n), [parkedAt(9n, { attempts: 5 })]);
    assert.deepEqual(await given.store.parked("reactor:billing"), [parkedAt(9n, { attempts: 5 })]);
  });

  it("saves neither checkpoint nor parked events of a worker that lost its lease", async () => {
    const stalled = await given.lease("reactor:billing", "a");
    await given.store.saveCheckpoint(stalled, checkpointAt(1n));
    await given.clock.advance(ttlMs);
    const present = await given.lease("reactor:billing", "b");
    await assert.rejects(given.store.saveCheckpoint(stalled, checkpointAt(2n), [parkedAt(2n)]), Fenced);
    assert.deepEqual(await given.store.loadCheckpoint("reactor:billing"), checkpointAt(1n));
    assert.deepEqual(await given.store.parked("reactor:billing"), []);
    await given.store.saveCheckpoint(present, checkpointAt(3n));
  });

  it("leaves the checkpoint where it was when an event cannot be parked", async () => {
    const lease = await given.lease("reactor:billing");
    await given.store.saveCheckpoint(lease, checkpointAt(1n));
    const broken = { ...parkedAt(3n), eventId: null as never };
    await assert.rejects(given.store.saveCheckpoint(lease, checkpointAt(3n), [parkedAt(2n), broken]));
    assert.deepEqual(await given.store.loadCheckpoint("reactor:billing"), checkpointAt(1n));
    assert.deepEqual(await given.store.parked("reactor:billing"), []);
  });
}
