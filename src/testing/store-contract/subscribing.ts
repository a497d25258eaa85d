/** Contract: following the log. */

import { expect } from "chai";
import type { SubscriptionMessage } from "../../store/event-store.js";
import { follow, idsOf, type ContractFixture, type Fixture } from "./fixture.js";

export function subscribingCases(fixture: Fixture): void {
  it("says at once that it has caught up when there is nothing to deliver", async () => {
    const f = fixture();
    expect(await follow(f.store.subscribe({ filter: f.own }), 0)).to.deep.equal([]);
    expect(await follow(f.store.subscribe({ after: "end" }), 0)).to.deep.equal([]);
  });

  it("delivers what is there, says that it has caught up, and goes on with what comes", async () => {
    const f = fixture();
    const [old, live] = [f.events(3), f.events(2)];
    await f.append(f.newStream(), old);
    const seen: string[] = [];
    for await (const message of f.store.subscribe({ filter: f.own })) {
      if (message.kind === "events") seen.push(...idsOf(message.events));
      else if (seen.length === 3) {
        await f.append(f.newStream(), live);
        // Said again at once; what matters is that it comes after the events.
        seen.push("caughtUp");
      } else if (seen.length === 6) break;
    }
    expect(seen).to.deep.equal([...idsOf(old), "caughtUp", ...idsOf(live)]);
  });

  it("says again that it has caught up after each event that came alone", async () => {
    const f = fixture();
    const subscription = f.store.subscribe({ filter: f.own })[Symbol.asyncIterator]();
    const kinds: string[] = [(await subscription.next()).value.kind];
    for (let i = 0; i < 3; i++) {
      await f.append(f.newStream(), f.events(1));
      do kinds.push((await subscription.next()).value.kind);
      while (kinds.at(-1) !== "caughtUp");
    }
    await subscription.return!();
    expect(kinds.filter((kind) => kind === "events")).to.have.length(3);
    expect(kinds.at(-1)).to.equal("caughtUp");
  });

  it("loses and doubles nothing while others append", async () => {
    const f = fixture();
    const total = 400;
    await f.append(f.newStream(), f.events(100));
    const appends = (async () => {
      for (let i = 100; i < total; i += 10) {
        await Promise.all([f.append(f.newStream(), f.events(7)), f.append(f.newStream(), f.events(3))]);
        if (i % 3 === 0) await pause(2);
      }
    })();
    const found = await Promise.all([0, 1, 5, 20, 60].map((delayMs) => afterPause(delayMs, f, total)));
    await appends;
    for (const events of found) {
      expect(events).to.have.length(total);
      expect(new Set(idsOf(events)).size).to.equal(total);
      expect(events.every(({ position }, i) => i === 0 || position > events[i - 1]!.position)).to.equal(true);
    }
  });

  it("resumes after any position", async () => {
    const f = fixture();
    await f.append(f.newStream(), f.events(4));
    await f.append(f.newStream(), f.events(4));
    const all = await follow(f.store.subscribe({ filter: f.own }), 8);
    for (const [i, { position }] of all.entries()) {
      const rest = await follow(f.store.subscribe({ after: position, filter: f.own }), 7 - i);
      expect(idsOf(rest)).to.deep.equal(idsOf(all.slice(i + 1)));
    }
  });

  it("begins at the end when told to", async () => {
    const f = fixture();
    await f.append(f.newStream(), f.events(3));
    const live = f.event();
    const seen: string[] = [];
    for await (const message of f.store.subscribe({ after: "end", filter: f.own })) {
      if (message.kind === "events") {
        seen.push(...idsOf(message.events));
        break;
      }
      await f.append(f.newStream(), [live]);
    }
    expect(seen).to.deep.equal([live.id]);
  });

  it("delivers only what passes its filter, also live", async () => {
    const f = fixture();
    const wanted = `${f.prefix}.Wanted`;
    const filter = { eventTypes: [wanted] };
    await f.append(f.newStream(), [f.event(), f.event({ type: wanted })]);
    const following = follow(f.store.subscribe({ filter }), 3);
    for (let i = 0; i < 2; i++) await f.append(f.newStream(), [f.event(), f.event({ type: wanted }), f.event()]);
    expect((await following).map(({ type }) => type)).to.deep.equal([wanted, wanted, wanted]);
  });

  it("waits for a slow consumer and delivers everything in the end", async () => {
    const f = fixture();
    await f.append(f.newStream(), f.events(1_200));
    let pages = 0;
    const found = await follow(f.store.subscribe({ filter: f.own }), 1_500, async () => {
      if (pages++ === 0) for (let i = 0; i < 3; i++) await f.append(f.newStream(), f.events(100));
      await pause(5);
    });
    expect(new Set(idsOf(found)).size).to.equal(1_500);
    expect(found).to.have.length(1_500);
    // One page for all would mean that it was kept for the consumer somewhere.
    expect(pages).to.be.greaterThan(1);
  });

  it("serves two consumers at their own pace", async () => {
    const f = fixture();
    await f.append(f.newStream(), f.events(600));
    const both = Promise.all([
      follow(f.store.subscribe({ filter: f.own }), 610),
      follow(f.store.subscribe({ filter: f.own }), 610, () => pause(3)),
    ]);
    for (let i = 0; i < 10; i++) await f.append(f.newStream(), f.events(1));
    const [quick, slow] = await both;
    expect(idsOf(quick)).to.deep.equal(idsOf(slow));
    expect(quick).to.have.length(610);
  });

  it("ends without an error when its signal aborts, also while it waits", async () => {
    const f = fixture();
    const controller = new AbortController();
    const kinds: string[] = [];
    for await (const message of f.store.subscribe({ filter: f.own, signal: controller.signal })) {
      kinds.push(message.kind);
      setTimeout(() => controller.abort(), 10);
    }
    expect(kinds.every((kind) => kind === "caughtUp")).to.equal(true);
    expect(kinds).to.not.have.length(0);
    for await (const message of f.store.subscribe({ signal: controller.signal })) expect.fail(message.kind);
  });

  it("ends when the consumer leaves, also while the next message is awaited", async () => {
    const f = fixture();
    const subscription = f.store.subscribe({ filter: f.own })[Symbol.asyncIterator]();
    await untilCaughtUp(subscription);
    const next = subscription.next();
    await subscription.return!();
    expect((await next).done).to.equal(true);
    await f.append(f.newStream(), f.events(1));
    expect((await subscription.next()).done).to.equal(true);
  });
}

const pause = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));

async function afterPause(delayMs: number, f: ContractFixture, enough: number) {
  await pause(delayMs);
  return follow(f.store.subscribe({ filter: f.own }), enough);
}

/** Reads on until a second `caughtUp` would have to wait: so the next call does. */
async function untilCaughtUp(subscription: AsyncIterator<SubscriptionMessage>): Promise<void> {
  for (;;) {
    const { done, value } = await subscription.next();
    if (done || value.kind === "caughtUp") return;
  }
}
