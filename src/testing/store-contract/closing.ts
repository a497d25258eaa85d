/** Contract: identity, and what is left when a store is closed. */

import { expect } from "chai";
import type { EventStore } from "../../store/event-store.js";
import { eventsOf, follow, idsOf, rejection, type Fixture } from "./fixture.js";

export function closingCases(fixture: Fixture): void {
  it("has an identity that stays", async () => {
    const { store } = fixture();
    const storeId = await store.storeId();
    expect(storeId).to.be.a("string").and.not.equal("");
    expect(await store.storeId()).to.equal(storeId);
  });

  it("finishes the appends under way", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const events = f.events(2);
    const append = f.append(streamName, events);
    const closing = f.store.close();
    expect((await append).revision).to.equal(1n);
    await closing;
    if (!f.reopen) return;
    const store = await f.reopen();
    expect(idsOf(await eventsOf(store.readStream(streamName)))).to.deep.equal(idsOf(events));
    await store.close();
  });

  it("ends subscriptions that wait, without an error", async () => {
    const f = fixture();
    const kinds: string[] = [];
    let closing: Promise<void> | undefined;
    for await (const message of f.store.subscribe({ filter: f.own })) {
      kinds.push(message.kind);
      setTimeout(() => {
        closing ??= f.store.close();
      }, 10);
    }
    await closing;
    expect(kinds).to.include("caughtUp");
  });

  const uses: Record<string, (store: EventStore, f: ReturnType<Fixture>) => Promise<unknown>> = {
    storeId: (store) => store.storeId(),
    append: (_, f) => f.append(f.newStream(), f.events(1)),
    readStream: (_, f) => f.stream(f.newStream()),
    readLog: (store) => eventsOf(store.readLog()),
    readCorrelation: (store) => eventsOf(store.readCorrelation("x")),
    subscribe: (store) => follow(store.subscribe(), 0),
    "subscribe at the end": (store) => follow(store.subscribe({ after: "end" }), 0),
    head: (store) => store.head(),
  };
  it("rejects every use from then on", async () => {
    const f = fixture();
    await f.store.close();
    for (const [what, use] of Object.entries(uses))
      expect((await rejection(use(f.store, f))).code, what).to.equal("STORE_CLOSED");
  });

  it("may be closed twice", async () => {
    const { store } = fixture();
    await Promise.all([store.close(), store.close()]);
    await store.close();
  });

  it("ends a read that is under way with an error", async () => {
    const f = fixture();
    await f.append(f.newStream(), f.events(1_200));
    const read = async () => {
      for await (const page of f.store.readLog({ filter: f.own })) if (page.length > 0) await f.store.close();
    };
    expect((await rejection(read())).code).to.equal("STORE_CLOSED");
  });
}
