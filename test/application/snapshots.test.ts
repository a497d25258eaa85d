/** An application keeps snapshots beside its read models, and does without them when it cannot. */

import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import {
  Aggregate,
  application,
  Applies,
  domain,
  Handles,
  InvalidModel,
  Rollcall,
  SnapshotFailed,
  type RollcallOptions,
  type SnapshotOptions,
} from "../../src/index.js";
import type { AnyClass } from "../../src/model/index.js";
import { book, Book, Booked, KeptSnapshots, messageOf, ReadingStore } from "../aggregate/ledger.js";
import { temporaryLogs } from "../store/sqlite/folder.js";

function counting(snapshot: SnapshotOptions | undefined) {
  @Aggregate({ name: "book", ...(snapshot && { snapshot }) })
  class Counting {
    private count = 0;

    @Handles(Book)
    book({ times }: Book): Booked[] {
      if (times === 0) throw new Error(`${this.count} entries`);
      return Array.from({ length: times }, () => Booked.of({ entry: { cents: 1 } }));
    }

    @Applies(Booked)
    booked(_: Booked): void {
      this.count++;
    }
  }
  return Counting;
}

const applicationOf = (...aggregates: AnyClass[]) =>
  application({
    domains: [
      domain({ name: "books", aggregates, upcasters: [{ type: "ledger.Booked", from: 1, upcast: (old) => old }] }),
    ],
  });

describe("an application whose aggregates have snapshots", () => {
  const logs = temporaryLogs();
  const running: Rollcall[] = [];
  afterEach(() => Promise.all(running.splice(0).map((each) => each.stop())));

  async function opened(snapshot: SnapshotOptions | undefined, options: RollcallOptions = {}, readOnly = false) {
    const definition = applicationOf(counting(snapshot));
    const readModels = logs.file("rows.sqlite");
    const rollcall = await Rollcall.open(definition, { readModels, readOnly, roles: [] }, options);
    running.push(rollcall);
    return rollcall;
  }
  const snapshotFile = () => logs.file("rows.snapshots.sqlite");
  const stopped = async (rollcall: Rollcall) => {
    running.splice(running.indexOf(rollcall), 1);
    await rollcall.stop();
  };

  it("keeps them in a file beside the read models, where the next process finds them", async () => {
    const store = new ReadingStore(await logs.open());
    const first = await opened({ version: 1, every: 5 }, { store });
    await first.dispatch(book(1, 20));
    await first.dispatch(book(1, 1));
    await stopped(first);
    expect(existsSync(snapshotFile())).to.equal(true);
    const second = await opened({ version: 1, every: 5 }, { store });
    const before = store.eventsRead;
    expect(await messageOf(second.dispatch(book(1, 0)))).to.equal("21 entries");
    expect(store.eventsRead - before).to.equal(3);
  });

  it("has one every hundred events, unless it says how often", async () => {
    const snapshots = new KeptSnapshots();
    const rollcall = await opened({ version: 1 }, { store: await logs.open(), snapshots });
    for (const [times, size] of [
      [99, 0],
      [1, 0],
      [1, 1],
    ] as const) {
      await rollcall.dispatch(book(1, times));
      await rollcall.assembly.commands.settled();
      expect(snapshots.texts.size, `${times} more`).to.equal(size);
    }
  });

  it("makes no file where no aggregate declares them, and none where the log is only read", async () => {
    const store = await logs.open();
    const without = await opened(undefined, { store });
    await without.dispatch(book(1, 20));
    await opened({ version: 1 }, { store }, true);
    expect(readdirSync(join(logs.file(), "..")).filter((name) => name.includes("snapshots"))).to.deep.equal([]);
  });

  it("starts and goes on without them when their file is damaged, and tells", async () => {
    const store = await logs.open();
    writeFileSync(snapshotFile(), "SQLite format 3\0 or what is left of it after a night without power".repeat(100));
    const told: unknown[] = [];
    const rollcall = await opened({ version: 1, every: 1 }, { store, onError: (error) => told.push(error) });
    await rollcall.dispatch(book(1, 20));
    expect(await messageOf(rollcall.dispatch(book(1, 0)))).to.equal("20 entries");
    expect(told).to.have.length(1);
    expect(told[0]).to.be.instanceOf(SnapshotFailed);
    expect((told[0] as Error).message).to.match(
      /^Snapshots of aggregates could not be opened: .*rows\.snapshots\.sqlite/,
    );
  });

  it("stops when every snapshot that is due was kept", async () => {
    const snapshots = new KeptSnapshots();
    const rollcall = await opened({ version: 1, every: 1 }, { store: await logs.open(), snapshots });
    await rollcall.dispatch(book(1, 20));
    await rollcall.dispatch(book(1, 1));
    await stopped(rollcall);
    expect(snapshots.texts.size).to.equal(1);
  });
});

describe("snapshots that cannot be taken", () => {
  const problemsOf = async (...aggregates: AnyClass[]) => {
    try {
      await Rollcall.open(applicationOf(...aggregates), { store: "memory:" });
    } catch (error) {
      return (error as InvalidModel).problems;
    }
    throw new Error("The model was found in order.");
  };

  it("are refused at the start: versions, intervals", async () => {
    expect(await problemsOf(counting({ version: 0, every: 1.5 }))).to.deep.equal([
      "Counting has snapshot.version 0. Use a whole number from 1.",
      "Counting has snapshot.every 1.5. Use a whole number from 1.",
    ]);
    expect(await problemsOf(counting({} as SnapshotOptions))).to.deep.equal([
      "Counting has snapshot.version undefined. Use a whole number from 1.",
    ]);
  });

  it("are refused at the start: a state that JSON does not keep, and one that nobody sees", async () => {
    @Aggregate({ name: "book", snapshot: { version: 1 } })
    class Hidden {
      readonly lines = new Map<string, number>();
      #count = 0;

      @Handles(Book)
      book(_: Book): Booked[] {
        throw new Error(`${this.#count} entries`);
      }

      @Applies(Booked)
      booked(_: Booked): void {
        this.#count++;
      }
    }
    expect(await problemsOf(Hidden)).to.deep.equal([
      "Hidden has snapshots, and fields named with #, which no snapshot can see. Declare them private instead.",
      "Hidden has snapshots, and its state does not survive JSON: lines is a Map. Use plain objects, arrays, text, finite numbers, true, false and null; or take snapshot out of @Aggregate.",
    ]);
  });
});
