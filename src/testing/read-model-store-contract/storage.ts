/** What each case of the read-model store's contract starts from: new storage, a clock that stands still, open stores. */

import type { Clock } from "../../clock.js";
import type { Generation, ReadModelDeclaration, ReadModelStore, Row } from "../../projection/read-model-store.js";
import type { Checkpoint, Lease } from "../../subscription/checkpoint-store.js";
import { ManualClock } from "../manual-clock.js";

/** Storage that several stores, in this process and in others, can be opened on. */
export interface ReadModelStorage {
  /** A store of its own on this storage: two of them share nothing else. */
  open(clock: Clock): Promise<ReadModelStore>;
  /** How another process opens the storage. */
  readonly elsewhere: {
    /** URL of an ES module that exports `openReadModelStore(location: string): Promise<ReadModelStore>`. */
    readonly module: string;
    readonly location: string;
  };
  /** Removes the storage; every store on it is closed. */
  remove(): Promise<void>;
}

export const ttlMs = 1000;
export const liveLease = "live:orders";

export class Given {
  clock!: ManualClock;
  storage!: ReadModelStorage;
  /** The first store; `open` opens more. */
  store!: ReadModelStore;
  private opened: ReadModelStore[] = [];

  async start(storage: ReadModelStorage): Promise<void> {
    this.clock = new ManualClock();
    this.storage = storage;
    this.opened = [];
    this.store = await this.open();
  }

  async open(clock: Clock = this.clock): Promise<ReadModelStore> {
    const store = await this.storage.open(clock);
    this.opened.push(store);
    return store;
  }

  async end(): Promise<void> {
    for (const store of this.opened) await store.close();
    await this.storage.remove();
  }

  /** A lease that nobody else holds. */
  async lease(name: string, holder = "worker-1", store = this.store): Promise<Lease> {
    const lease = await store.acquire(name, holder, ttlMs);
    if (!lease) throw new Error(`${name} was to be free, but somebody holds it`);
    return lease;
  }

  /** The serving generation of `orders`, and the lease of the worker on it. */
  async live(changes: Partial<ReadModelDeclaration> = {}): Promise<{ generation: Generation; lease: Lease }> {
    const lease = await this.lease(liveLease);
    return { generation: await this.store.openActive(orders(changes), lease), lease };
  }

  /** A generation of `orders` in the making, and the lease of its rebuild. */
  async building(changes: Partial<ReadModelDeclaration> = {}): Promise<{ generation: Generation; lease: Lease }> {
    const lease = await this.lease("rebuild:orders", "rebuilder");
    return { generation: await this.store.createBuilding(orders(changes), lease), lease };
  }
}

export function useStorage(open: () => Promise<ReadModelStorage>): Given {
  const given = new Given();
  beforeEach(async () => given.start(await open()));
  afterEach(() => given.end());
  return given;
}

export const orders = (changes: Partial<ReadModelDeclaration> = {}): ReadModelDeclaration => ({
  name: "orders",
  version: 1,
  place: changes.name ?? "orders",
  definition: "first",
  indexes: ["status", "count", "paid"],
  ...changes,
});

export const checkpointAt = (position: bigint | undefined, storeId = "log-1"): Checkpoint => ({
  storeId,
  position,
  handled: Number(position ?? 0),
  recordedAtMs: position === undefined ? undefined : 1_700_000_000_000,
});

export const commitOf = (rows: Readonly<Record<string, Row | undefined>>, position = 1n) => ({
  rows: Object.entries(rows),
  checkpoint: checkpointAt(position),
});

/** Every row of a generation, as an object. */
export async function contentOf(store: ReadModelStore, generation: Generation): Promise<Record<string, Row>> {
  const content: Record<string, Row> = {};
  for await (const page of store.allRows(generation)) for (const { key, row } of page) content[key] = row;
  return content;
}
