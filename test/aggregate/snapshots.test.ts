/** Snapshots spare reading, and change nothing else: not a decision, not an answer, not an event. */

import { expect } from "chai";
import {
  Aggregate,
  Applies,
  CommandBus,
  CommandIdReused,
  Handles,
  MemoryEventStore,
  randomId,
  SnapshotFailed,
  SnapshotRefused,
} from "../../src/index.js";
import type { AnyClass } from "../../src/model/index.js";
import { ManualClock } from "../../src/testing/index.js";
import { TruncatedStore } from "../observer/truncated-store.js";
import { eventsOf } from "./bank.js";
import {
  book,
  Book,
  Booked,
  KeptSnapshots,
  ledger,
  ledgerOver,
  messageOf,
  modelOf,
  pay,
  reword,
  tell,
} from "./ledger.js";
import { rejectionOf } from "./rejection.js";
import { warningsOf } from "../warnings.js";

/** What an account says that reads every event. */
const plainly = ({ store }: Pick<ReturnType<typeof ledgerOver>, "store">) =>
  messageOf(new CommandBus(ledger(false), store).dispatch(tell()));

async function grown(accounts = ledgerOver()) {
  for (let i = 1; i <= 10; i++) await accounts.bus.dispatch(book(i));
  await accounts.bus.dispatch(reword(""));
  await accounts.bus.settled();
  return accounts;
}

/** The log as it was after so many events, with the snapshots that were taken since; a moment later. */
async function restoredFrom({ store, snapshots }: ReturnType<typeof ledgerOver>, count: number, clock: ManualClock) {
  const restored = ledgerOver(new MemoryEventStore({ clock, storeId: await store.storeId() }));
  const backup = (await eventsOf(store, "book-1")).slice(0, count);
  const events = backup.map(({ id, type, data, metadata }) => ({ id, type, data, metadata }));
  await restored.store.append("book-1", events, { expectedRevision: "no_stream" });
  for (const [key, text] of snapshots.texts) restored.snapshots.texts.set(key, text);
  await clock.advance(1);
  return restored;
}

describe("an aggregate with snapshots", () => {
  it("reads what came after the last one, and the two events by which that is known again", async () => {
    const accounts = await grown();
    const { bus, reads } = accounts;
    // It declares one every two events.
    expect(await reads()).to.be.at.most(5);
    await bus.dispatch(book(1, 100));
    await reads();
    expect(await reads()).to.equal(2);
    expect(await accounts.reads(new CommandBus(ledger(false), accounts.store))).to.equal(111);
  });

  it("has the state that all of its events give, frozen parts and undefined fields included", async () => {
    const accounts = await grown();
    const told = await messageOf(accounts.bus.dispatch(tell()));
    expect(told).to.equal(await plainly(accounts));
    expect(told).to.include('"cents":5500').and.to.include("true,true").and.to.not.include("title");
  });

  it("writes nothing into the log but its events", async () => {
    const { store } = await grown();
    const types: string[] = [];
    for await (const page of store.readLog())
      types.push(...page.map(({ streamName, type }) => `${streamName} ${type}`));
    expect(new Set(types)).to.deep.equal(new Set(["book-1 ledger.Booked", "book-1 ledger.Reworded"]));
    expect(types).to.have.length(11);
  });

  it("takes the correlation id of its first event, as ever", async () => {
    const accounts = ledgerOver();
    await accounts.bus.dispatch(book(1), { correlationId: "process" });
    await grown(accounts);
    expect(await accounts.bus.dispatch(book(1))).to.include({ correlationId: "process" });
    expect(await accounts.reads()).to.be.below(6);
  });

  it("keeps nothing of what a decision does to the instance", async () => {
    @Aggregate({ name: "book", snapshot: { version: 1, every: 1 } })
    class Careless {
      private decided = 0;
      private applied = 0;

      @Handles(Book)
      book(): Booked {
        return Booked.of({ entry: { cents: 10 * this.applied + ++this.decided } });
      }

      @Applies(Booked)
      booked(_: Booked): void {
        this.applied++;
      }
    }
    const { bus, store } = ledgerOver(undefined, {}, modelOf(Careless));
    for (let i = 0; i < 4; i++) {
      await bus.dispatch(book(10));
      await bus.settled();
    }
    expect((await eventsOf(store, "book-1")).map(({ data }) => (data as Booked).entry.cents)).to.deep.equal([
      1, 11, 21, 31,
    ]);
  });

  it("lets nobody wait for a snapshot to be kept", async () => {
    const { bus, snapshots, store } = ledgerOver();
    await bus.dispatch(book(1, 5));
    let release = () => {};
    snapshots.before = (what) => (what === "save" ? new Promise((resolve) => (release = resolve)) : Promise.resolve());
    expect(await bus.dispatch(book(2))).to.include({ revision: 5n });
    expect(await bus.dispatch(book(3))).to.include({ revision: 6n });
    expect(snapshots.texts.size).to.equal(0);
    release();
    snapshots.before = () => Promise.resolve();
    release();
    expect(await eventsOf(store, "book-1")).to.have.length(7);
  });
});

describe("a command id that was used before the snapshot", () => {
  const commandId = "3f0b1d1e-5a0f-4e57-9d59-3c1f0f7a1c11";

  it("is answered from its events, and appends none", async () => {
    const accounts = ledgerOver();
    const first = await accounts.bus.dispatch(book(7, 3), { commandId, correlationId: "process" });
    await grown(accounts);
    expect(await accounts.reads(), "a snapshot serves").to.be.below(6);
    const again = await accounts.bus.dispatch(book(7, 3), { commandId });
    expect(again).to.deep.equal({ ...first, revision: 13n, duplicate: true });
    expect(await eventsOf(accounts.store, "book-1")).to.have.length(14);
  });

  it("is answered where its last event is the last one of the snapshot", async () => {
    const { bus, store } = ledgerOver();
    await bus.dispatch(book(7, 5), { commandId });
    await messageOf(bus.dispatch(tell()));
    await bus.settled();
    expect(await bus.dispatch(book(7, 5), { commandId })).to.include({ duplicate: true, revision: 4n });
    expect(await eventsOf(store, "book-1")).to.have.length(5);
  });

  it("is answered even where the command would be rejected by now", async () => {
    const accounts = ledgerOver();
    await accounts.bus.dispatch(book(7));
    await accounts.bus.dispatch(pay(7), { commandId });
    await accounts.bus.dispatch(book(1, 10));
    await accounts.bus.dispatch(pay(10));
    await accounts.reads();
    expect(await accounts.bus.dispatch(pay(7), { commandId })).to.include({ duplicate: true });
  });

  it("is an error for another payload", async () => {
    const accounts = ledgerOver();
    await accounts.bus.dispatch(book(7), { commandId });
    await grown(accounts);
    await rejectionOf(accounts.bus.dispatch(book(8), { commandId }), CommandIdReused);
    await rejectionOf(accounts.bus.dispatch(reword("x"), { commandId }), CommandIdReused);
  });

  it("is found by another process, which has only read the snapshot", async () => {
    const accounts = ledgerOver();
    await accounts.bus.dispatch(book(7), { commandId });
    await grown(accounts);
    const other = accounts.busOf(ledger());
    expect(await other.dispatch(book(7), { commandId })).to.include({ duplicate: true });
  });
});

describe("a snapshot is left aside, and another one taken in its place, when", () => {
  const isReplaced = async (accounts: ReturnType<typeof ledgerOver>, by = accounts.bus) => {
    const length = (await eventsOf(accounts.store, "book-1")).length;
    expect(await accounts.reads(by), "every event is read").to.be.at.least(length);
    expect(await accounts.reads(by), "the next one serves").to.equal(2);
  };

  it("it is of another version", async () => {
    const accounts = await grown();
    await isReplaced(accounts, accounts.busOf(ledger({ version: 2 })));
    await isReplaced(accounts, accounts.busOf(ledger({ version: 1 })));
  });

  it("it was taken with other upcasters, other versions of events, or another beginning", async () => {
    for (const declared of [{ unit: 1 }, { bonus: 3 }]) {
      const accounts = ledgerOver();
      const old = { id: randomId(), type: "ledger.Booked", data: { amount: 7 } };
      await accounts.store.append("book-1", [old], { expectedRevision: "no_stream" });
      await grown(accounts);
      const bus = accounts.busOf(ledger(declared));
      await isReplaced(accounts, bus);
      const plain = new CommandBus(ledger(declared), accounts.store);
      expect(await messageOf(bus.dispatch(tell()))).to.equal(await messageOf(plain.dispatch(tell())));
    }
  });

  it("its aggregate applies an event another way, of the same version", async () => {
    const once = ({ entry }: Booked) => entry.cents;
    const twice = ({ entry }: Booked) => 2 * entry.cents;
    const summing = (cents: (event: Booked) => number) => {
      @Aggregate({ name: "book", snapshot: { version: 1, every: 2 } })
      class Sum {
        protected cents = 0;

        @Handles(Book)
        book(_: Book): Booked[] {
          throw new Error(`${this.cents} cents`);
        }

        @Applies(Booked)
        booked(event: Booked): void {
          this.cents += cents(event);
        }
      }
      return Sum;
    };
    const accounts = ledgerOver();
    await accounts.bus.dispatch(book(1, 5));
    const asked = async (aggregate: AnyClass) => {
      const bus = accounts.busOf(modelOf(aggregate));
      const told = await messageOf(bus.dispatch(book(1)));
      await bus.settled();
      return told;
    };
    const Once = summing(once);
    expect([await asked(Once), await asked(Once)]).to.deep.equal(["500 cents", "500 cents"]);

    @Aggregate({ name: "book", snapshot: { version: 1, every: 2 } })
    class Overriding extends Once {
      @Applies(Booked)
      override booked(event: Booked): void {
        this.cents += twice(event);
      }
    }
    expect(await asked(Overriding)).to.equal("1000 cents");
    // What a method calls is out of sight: that is what the version is for.
    expect(await asked(summing(once))).to.equal("500 cents");
    expect(await asked(summing(twice))).to.equal("500 cents");
  });

  it("it is ahead of the stream, because the log was restored from a backup", async () => {
    const clock = new ManualClock();
    const accounts = await grown(ledgerOver(new MemoryEventStore({ clock }), {}, ledger({ every: 6 })));
    const restored = await restoredFrom(accounts, 4, clock);
    const bus = restored.busOf(ledger({ every: 6 }));
    expect(await messageOf(bus.dispatch(tell()))).to.equal(await plainly(restored));
    // Although it is too short for one of its own.
    await isReplaced(restored, bus);
    expect(await bus.dispatch(book(5))).to.include({ revision: 4n });
  });

  it("another event is where it ends, also one of the same command", async () => {
    const clock = new ManualClock();
    const accounts = ledgerOver(new MemoryEventStore({ clock }));
    for (const amount of [1, 2, 3]) await accounts.bus.dispatch(book(amount), { commandId: `${amount}` });
    await accounts.reads();
    const restored = await restoredFrom(accounts, 1, clock);
    await restored.bus.dispatch(book(20));
    await restored.bus.dispatch(book(3), { commandId: "3" });
    const [before, after] = [await eventsOf(accounts.store, "book-1"), await eventsOf(restored.store, "book-1")];
    expect(after[2]!.id).to.equal(before[2]!.id);
    expect(await messageOf(restored.bus.dispatch(tell()))).to.equal(await plainly(restored));
  });

  it("it belongs to another log", async () => {
    const accounts = await grown();
    const other = await grown(ledgerOver());
    for (const [key, text] of accounts.snapshots.texts)
      other.snapshots.texts.set(key.replace(await accounts.store.storeId(), await other.store.storeId()), text);
    expect(await messageOf(other.bus.dispatch(tell()))).to.equal(await plainly(other));
  });

  it("the beginning of its stream is gone: what is left is all there is", async () => {
    const truncated = new TruncatedStore(new MemoryEventStore());
    const accounts = await grown(ledgerOver(truncated));
    truncated.truncate("book-1", 3n);
    expect(await messageOf(accounts.bus.dispatch(tell()))).to.equal(await plainly(accounts));
  });

  it("it is not what was kept; that is told", async () => {
    const accounts = await grown();
    const { snapshots, told } = accounts;
    for (const damaged of [
      (text: string) => text.replace("5500", "5600").replace('\\"cents\\",', '\\"cents\\",1'),
      (text: string) => text.slice(0, -1),
      () => "",
      () => "{}",
      (text: string) => text.slice(1),
    ]) {
      for (const [key, text] of snapshots.texts) snapshots.texts.set(key, damaged(text));
      expect(await messageOf(accounts.bus.dispatch(tell()))).to.equal(await plainly(accounts));
      await accounts.bus.settled();
    }
    expect(told).to.have.length(5);
    for (const error of told) expect(error).to.be.instanceOf(SnapshotFailed);
    expect((told[0] as Error).message).to.match(/^book-1: the snapshot of Account is not what was kept/);
    expect(await accounts.reads()).to.equal(2);
  });

  it("it is gone", async () => {
    const accounts = await grown();
    accounts.snapshots.texts.clear();
    await isReplaced(accounts);
  });
});

describe("snapshots that fail", () => {
  it("fail no command, are told once, and are left alone for a minute", async () => {
    const clock = new ManualClock();
    const accounts = ledgerOver(undefined, { clock });
    const { bus, snapshots, told } = accounts;
    for (const failing of ["save", "load"]) {
      let asked = 0;
      snapshots.before = async (what) => {
        asked++;
        if (what === failing) throw new Error("the disk is full");
      };
      for (let i = 0; i < 5; i++) {
        await bus.dispatch(book(1, 2));
        await bus.settled();
      }
      expect(told.map((error) => (error as SnapshotFailed).code)).to.deep.equal(["SNAPSHOT_FAILED"]);
      expect((told.pop() as Error).message).to.match(
        /^book-1: its snapshot could not be (read|written): the disk is full\. Commands go on/,
      );
      const before = asked;
      await clock.advance(59_999);
      await bus.dispatch(book(1));
      expect(asked).to.equal(before);
      snapshots.before = () => Promise.resolve();
      await clock.advance(1);
      await accounts.reads();
      expect(await accounts.reads(), failing).to.equal(2);
    }
  });

  it("fail no command although whoever is told throws", async () => {
    const { bus, snapshots } = ledgerOver(undefined, {
      onError: () => {
        throw new Error("nobody listens");
      },
    });
    snapshots.before = () => Promise.reject(new Error("away"));
    const warnings = await warningsOf(() => bus.dispatch(book(1)));
    expect(warnings.map(({ message }) => message)).to.deep.equal(["Error: nobody listens"]);
  });

  it("are not taken of a state that JSON would change: it says which, once, and commands go on", async () => {
    @Aggregate({ name: "book", snapshot: { version: 1, every: 1 } })
    class Dated {
      private readonly times: Date[] = [];

      @Handles(Book)
      book(): Booked {
        return Booked.of({ entry: { cents: this.times.length } });
      }

      @Applies(Booked)
      booked(_: Booked): void {
        this.times.push(new Date(0));
      }
    }
    const { busOf, told, snapshots, store } = ledgerOver();
    const bus = busOf(modelOf(Dated));
    for (let i = 0; i < 5; i++) await bus.dispatch(book(1));
    await bus.settled();
    expect(snapshots.texts.size).to.equal(0);
    expect((await eventsOf(store, "book-1")).map(({ data }) => (data as Booked).entry.cents)).to.deep.equal([
      0, 1, 2, 3, 4,
    ]);
    expect(told).to.have.length(1);
    expect(told[0]).to.be.instanceOf(SnapshotRefused).and.to.include({ place: "times[0]", found: "a Date" });
    expect((told[0] as Error).message).to.equal(
      "book-1: no snapshot of Dated was taken. Expected a state that JSON gives back as it was, found times[0]: a Date. Keep plain objects, arrays, text, finite numbers, true, false and null, each object in one place; or take snapshot out of @Aggregate. Until then every event is read.",
    );
  });
});

describe("an aggregate without snapshots", () => {
  it("is not looked for among them", async () => {
    const snapshots = new KeptSnapshots();
    snapshots.before = () => Promise.reject(new Error("nobody asks"));
    const told: unknown[] = [];
    const bus = new CommandBus(ledger(false), new MemoryEventStore(), {
      snapshots,
      onError: (error) => told.push(error),
    });
    await bus.dispatch(book(1, 5));
    await bus.dispatch(book(1));
    await bus.settled();
    expect(told).to.deep.equal([]);
  });
});
