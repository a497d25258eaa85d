/** Revisions over EventStoreDB: those that appends answer, and those of streams whose beginning is gone. */

import { randomUUID } from "node:crypto";
import { EventStoreDBClient } from "@eventstore/db-client";
import { expect } from "chai";
import {
  Aggregate,
  application,
  Applies,
  Command,
  DomainEvent,
  Handles,
  Rollcall,
  WrongExpectedRevision,
} from "../../../src/index.js";
import type { EventStoreDbEventStore } from "../../../src/store/eventstoredb/index.js";
import { TestServer } from "../../eventstore/server.js";
import { closeAll, eventsOf, rejection, storeOf } from "./stores.js";
import { event } from "./wire.js";

class Count extends Command("counters.Count") {}
class Counted extends DomainEvent("counters.Counted") {
  readonly seen!: number;
}

@Aggregate({ name: "counter" })
class Counter {
  private seen = 0;

  @Handles(Count)
  count(_: Count): Counted {
    return Counted.of({ seen: this.seen });
  }

  @Applies(Counted)
  counted(_: Counted): void {
    this.seen++;
  }
}

const revisionsOf = (found: readonly { readonly revision: bigint }[]) => found.map(({ revision }) => Number(revision));

describe("revisions over EventStoreDB", () => {
  let server: TestServer;
  let client: EventStoreDBClient;
  let store: EventStoreDbEventStore;
  before(async () => {
    server = await TestServer.start();
    client = EventStoreDBClient.connectionString(server.connectionString);
  });
  after(async () => {
    await client.dispose();
    await server.remove();
  });
  beforeEach(() => {
    store = storeOf({ connectionString: server.connectionString });
  });
  afterEach(closeAll);

  it("an append answers the revision of its last event, no wrong next revision, also after one that was refused", async () => {
    const append = (count: number, expectedRevision: bigint | "no_stream") =>
      store.append(
        "order-1",
        Array.from({ length: count }, () => event()),
        { expectedRevision },
      );
    const one = await append(3, "no_stream");
    expect(one.revision).to.equal(2n);
    const refused = await rejection(append(1, "no_stream"));
    expect(refused).to.be.instanceOf(WrongExpectedRevision).and.include({ actual: 2n });
    const two = await append(2, (refused as WrongExpectedRevision).actual as bigint);
    expect(two.revision).to.equal(4n);
    expect(await rejection(append(1, one.revision))).to.include({ actual: 4n });
    expect((await append(1, two.revision)).revision).to.equal(5n);
    expect(revisionsOf(await eventsOf(store.readStream("order-1")))).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });

  const truncations = {
    $tb: (streamName: string) => client.setStreamMetadata(streamName, { truncateBefore: 3 }),
    $maxCount: (streamName: string) => client.setStreamMetadata(streamName, { maxCount: 2 }),
  };
  for (const [by, truncate] of Object.entries(truncations))
    describe(`of a stream that was truncated by ${by}`, () => {
      it("begin where it begins, forwards, backwards and from before it", async () => {
        const streamName = `truncated-${randomUUID()}`;
        const { revision } = await store.append(
          streamName,
          Array.from({ length: 5 }, () => event()),
          {
            expectedRevision: "no_stream",
          },
        );
        await truncate(streamName);
        const read = async (options?: Parameters<typeof store.readStream>[1]) =>
          revisionsOf(await eventsOf(store.readStream(streamName, options)));
        expect(await read()).to.deep.equal([3, 4]);
        expect(await read({ from: 0n })).to.deep.equal([3, 4]);
        expect(await read({ from: 1n, limit: 1 })).to.deep.equal([3]);
        expect(await read({ direction: "backwards" })).to.deep.equal([4, 3]);
        expect((await store.append(streamName, [event()], { expectedRevision: revision })).revision).to.equal(5n);
      });

      it("leave the log as it was, which is read and followed to its end", async () => {
        const streamName = `truncated-${randomUUID()}`;
        await store.append(
          streamName,
          Array.from({ length: 5 }, () => event()),
          { expectedRevision: "no_stream" },
        );
        await truncate(streamName);
        const filter = { streamPrefixes: [streamName] };
        expect(revisionsOf(await eventsOf(store.readLog({ filter })))).to.deep.equal([0, 1, 2, 3, 4]);
        const followed: number[] = [];
        for await (const message of store.subscribe({ filter })) {
          if (message.kind === "caughtUp") break;
          followed.push(...revisionsOf(message.events));
        }
        expect(followed).to.deep.equal([0, 1, 2, 3, 4]);
      });

      it("let its aggregate go on, of what is left", async () => {
        const rollcall = await Rollcall.open(
          application({ domains: [{ name: "counters", aggregates: [Counter] }] }),
          { readModels: "memory:" },
          { store },
        );
        const key = randomUUID();
        const count = () => rollcall.dispatch(Count.of({ aggregateId: key }));
        for (let i = 0; i < 5; i++) await count();
        await truncate(`counter-${key}`);
        expect((await count()).revision).to.equal(5n);
        const [last] = await eventsOf(store.readStream(`counter-${key}`, { direction: "backwards", limit: 1 }));
        expect(last!.data).to.deep.equal({ seen: 2 });
        await rollcall.stop();
      });
    });
});
