/** An account book with snapshots: its state holds what state may hold, and each test may declare it another way. */

import { IsInt, IsString } from "class-validator";
import {
  Aggregate,
  Applies,
  Command,
  CommandBus,
  CommandRejected,
  DomainEvent,
  Handles,
  upcaster,
  type CommandBusOptions,
  type EventStore,
  type Page,
  type ReadStreamOptions,
  type SnapshotStore,
} from "../../src/index.js";
import { buildModel, type AnyClass, type Model } from "../../src/model/index.js";
import { RecordingStore } from "./recording-store.js";

export class Book extends Command("ledger.Book") {
  @IsInt()
  readonly amount!: number;
  /** How many events it leads to. */
  @IsInt()
  readonly times!: number;
}

export class Pay extends Command("ledger.Pay") {
  @IsInt()
  readonly amount!: number;
}

export class Reword extends Command("ledger.Reword") {
  @IsString()
  readonly title!: string;
}

export class Booked extends DomainEvent("ledger.Booked", { version: 2 }) {
  readonly entry!: { readonly cents: number };
}

export class Reworded extends DomainEvent("ledger.Reworded") {
  readonly title!: string;
}

export interface Declared {
  readonly version?: number;
  readonly every?: number;
  /** What version 1 of `Booked` counted in. */
  readonly unit?: number;
  /** What each account begins with: another one is another `@Applies` method too, as long as it is not raised. */
  readonly bonus?: number;
}

/** The model of an account whose snapshots are declared so; `false` for one without. */
export function ledger(declared: Declared | false = {}): Model {
  const { version = 1, every = 2, unit = 100, bonus = 0 } = declared || {};

  @Aggregate({ name: "book", ...(declared && { snapshot: { version, every } }) })
  class Account {
    private cents = bonus;
    private readonly entries: { readonly cents: number }[] = [];
    private readonly counts: Record<string, number> = {};
    private title?: string | undefined = "untitled";

    @Handles(Book)
    book({ amount, times }: Book): Booked[] {
      return Array.from({ length: times }, () => Booked.of({ entry: { cents: amount * 100 } }));
    }

    @Handles(Pay)
    pay({ amount }: Pay): Booked {
      if (amount * 100 > this.cents) throw new CommandRejected(this.inWords);
      return Booked.of({ entry: { cents: -amount * 100 } });
    }

    @Handles(Reword)
    reword({ title }: Reword): Reworded[] {
      return title === this.title ? [] : [Reworded.of({ title })];
    }

    @Applies(Booked)
    booked({ entry }: Booked): void {
      this.cents += entry.cents;
      // What an event holds is frozen, and so is this part of the state.
      this.entries.push(entry);
      const kind = entry.cents < 0 ? "paid" : "booked";
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    }

    @Applies(Reworded)
    reworded({ title }: Reworded): void {
      this.title = title === "" ? undefined : title;
    }

    /** All of its state, so that a rejection says whether it is the right one. */
    private get inWords(): string {
      const { cents, entries, counts, title } = this;
      return JSON.stringify({ cents, entries, counts, title, frozen: entries.map((each) => Object.isFrozen(each)) });
    }
  }
  return modelOf(Account, unit);
}

export const modelOf = (aggregate: AnyClass, unit = 100): Model =>
  buildModel({
    aggregates: [aggregate],
    reactors: [],
    projections: [],
    observers: [],
    upcasters: [
      unit === 100
        ? upcaster("ledger.Booked", { from: 1 }, ({ amount }: { amount: number }) => ({
            entry: { cents: amount * 100 },
          }))
        : upcaster("ledger.Booked", { from: 1 }, ({ amount }: { amount: number }) => ({ entry: { cents: amount } })),
    ],
  });

export const book = (amount: number, times = 1, aggregateId = "1") => Book.of({ aggregateId, amount, times });
export const pay = (amount: number, aggregateId = "1") => Pay.of({ aggregateId, amount });
export const reword = (title: string, aggregateId = "1") => Reword.of({ aggregateId, title });
/** Is always rejected, and says the whole state. */
export const tell = (aggregateId = "1") => pay(1_000_000, aggregateId);

/** Counts the events that were read of streams. */
export class ReadingStore extends RecordingStore {
  eventsRead = 0;

  constructor(inner?: EventStore) {
    super(inner);
    const read = this.readStream;
    this.readStream = (streamName: string, options?: ReadStreamOptions) => this.counted(read(streamName, options));
  }

  private async *counted(pages: AsyncIterable<Page>): AsyncGenerator<Page, void> {
    for await (const page of pages) {
      this.eventsRead += page.length;
      yield page;
    }
  }
}

/** Snapshots in sight: a test may damage them, and let them fail. */
export class KeptSnapshots implements SnapshotStore {
  readonly texts = new Map<string, string>();
  /** Runs before each load and save. */
  before: (what: "load" | "save") => Promise<void> = () => Promise.resolve();

  async load(storeId: string, streamName: string): Promise<string | undefined> {
    await this.before("load");
    return this.texts.get(`${storeId} ${streamName}`);
  }

  async save(storeId: string, streamName: string, text: string): Promise<void> {
    await this.before("save");
    this.texts.set(`${storeId} ${streamName}`, text);
  }

  async close(): Promise<void> {}
}

/** A bus with snapshots over a store, and what it was told. */
export function ledgerOver(inner?: EventStore, options: CommandBusOptions = {}, model = ledger()) {
  const store = new ReadingStore(inner);
  const snapshots = new KeptSnapshots();
  const told: unknown[] = [];
  const busOf = (model: Model) =>
    new CommandBus(model, store, { snapshots, onError: (error) => told.push(error), ...options });
  const bus = busOf(model);
  /** How many events loading takes now. */
  const reads = async (by = bus): Promise<number> => {
    const before = store.eventsRead;
    await by.dispatch(tell()).catch(() => undefined);
    await by.settled();
    return store.eventsRead - before;
  };
  return { store, snapshots, told, bus, busOf, reads };
}

export const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: Error) => error.message,
  );
