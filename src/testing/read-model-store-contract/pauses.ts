/** Contract cases: what an operator has paused, every store sees. */

import assert from "node:assert/strict";
import type { Given } from "./storage.js";

export function describePauses(given: Given): void {
  const words = { reason: "the disk is being moved: “bald” 😀", by: "ops" };

  it("knows none at first", async () => assert.deepEqual(await given.store.pauses(), []));

  it("tells every store which are paused, by whom, why and since when, sorted by name", async () => {
    const other = await given.open();
    const pausedAtMs = given.clock.now();
    const pause = { subscription: "reactor:charge", ...words, pausedAtMs };
    assert.deepEqual(await given.store.pause("reactor:charge", words), pause);
    await given.clock.advance(5);
    await other.pause("read-model:orders", { reason: "r", by: "b" });
    const both = [pause, { subscription: "read-model:orders", reason: "r", by: "b", pausedAtMs: pausedAtMs + 5 }];
    assert.deepEqual(await given.store.pauses(), both);
    assert.deepEqual(await other.pauses(), both);
  });

  it("takes other words of one that is paused, and knows still since when", async () => {
    const { pausedAtMs } = await given.store.pause("reactor:charge", words);
    await given.clock.advance(5);
    const again = { subscription: "reactor:charge", reason: "still", by: "dev", pausedAtMs };
    assert.deepEqual(await given.store.pause("reactor:charge", { reason: "still", by: "dev" }), again);
    assert.deepEqual(await given.store.pauses(), [again]);
  });

  it("resumes one that is paused once, and leaves the others", async () => {
    await given.store.pause("reactor:charge", words);
    await given.store.pause("reactor:ship", words);
    assert.equal(await given.store.resume("reactor:charge"), true);
    assert.equal(await given.store.resume("reactor:charge"), false);
    assert.deepEqual(
      (await given.store.pauses()).map(({ subscription }) => subscription),
      ["reactor:ship"],
    );
  });
}
