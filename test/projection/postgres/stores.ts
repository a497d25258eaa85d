/** Stores on a schema of their own for each test, closed and dropped after it. */

import { expect } from "chai";
import type { RollcallError } from "../../../src/errors.js";
import {
  openPostgresReadModelStore,
  type PostgresReadModelStoreOptions,
} from "../../../src/projection/postgres/index.js";
import type { Generation, ReadModelStore, Row } from "../../../src/projection/read-model-store.js";
import type { Lease } from "../../../src/subscription/checkpoint-store.js";
import type { PostgresDatabase } from "./database.js";
import { newSchema, postgresServer } from "./shared-server.js";

export const declaration = {
  name: "orders",
  version: 1,
  place: "orders",
  definition: "first",
  indexes: ["status", "dueMs"],
};
export const checkpointAt = (position: bigint) => ({ storeId: "log-1", position, handled: 1, recordedAtMs: 0 });

export class Stores {
  server!: PostgresDatabase;
  schema!: string;
  private opened: ReadModelStore[] = [];

  async open(options: Partial<PostgresReadModelStoreOptions> = {}): Promise<ReadModelStore> {
    const store = await openPostgresReadModelStore({ url: this.url, ...options });
    this.opened.push(store);
    return store;
  }

  get url(): string {
    return this.server.url(`schema=${this.schema}&connections=4`);
  }

  /** The answer to a statement in which S is the schema. */
  ask(text: string): Promise<Record<string, unknown>[]> {
    return this.server.query(text.replaceAll("S.", `${this.schema}.`));
  }

  async rowTables(): Promise<unknown[]> {
    const found = await this.server.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = '${this.schema}' AND tablename LIKE 'rows%'`,
    );
    return found.map(({ tablename }) => tablename);
  }

  async end(): Promise<void> {
    for (const store of this.opened) await store.close();
    this.opened = [];
    await this.server.query(`DROP SCHEMA IF EXISTS ${this.schema} CASCADE`);
  }
}

/** For the tests of a `describe`. */
export function useStores(): Stores {
  const stores = new Stores();
  before(async function () {
    this.timeout(60_000);
    stores.server = await postgresServer();
  });
  beforeEach(() => void (stores.schema = newSchema()));
  afterEach(() => stores.end());
  return stores;
}

/** Rows in a generation that serves, made by a rebuild. */
export async function rebuild(
  store: ReadModelStore,
  rows: Iterable<readonly [string, Row]>,
): Promise<{ generation: Generation; lease: Lease }> {
  const lease = (await store.acquire("rebuild:orders", "a", 60_000))!;
  const generation = await store.createBuilding(declaration, lease);
  await store.commit(generation, lease, { rows, checkpoint: checkpointAt(1n) });
  await store.activate(generation, lease, { workerLease: "live:orders" });
  return { generation, lease };
}

export const failure = (promise: Promise<unknown>): Promise<RollcallError> =>
  promise.then(
    () => expect.fail("it was to fail"),
    (error: RollcallError) => error,
  );
