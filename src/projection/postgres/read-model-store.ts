/** Read models, checkpoints and leases in a schema of a PostgreSQL database, which processes on several machines may share. */

import type { Clock } from "../../clock.js";
import { Fenced, InvalidConfiguration, UnknownReadModel } from "../../errors.js";
import { Secret } from "../../secret.js";
import type { Checkpoint, Lease, ParkedEvent } from "../../subscription/checkpoint-store.js";
import type {
  Commit,
  Generation,
  ReadModelDeclaration,
  ReadModelStore,
  Row,
  RowPage,
  RowQuery,
} from "../read-model-store.js";
import { encodeRows, isStorableKey } from "../row-encoding.js";
import { checkIndexed, checkOrder, checkQuery, pageOf } from "../row-query.js";
import { postgresAddress, schemaProblems } from "./address.js";
import { Checkpoints, valuesOf } from "./checkpoints.js";
import { Database, type Transaction } from "./database.js";
import { checkDeclaration, hasReached } from "../sqlite/generations.js";
import { Generations, isPresent, isServing, type StoredGeneration } from "./generations.js";
import { Leases } from "./leases.js";
import { RowTable, type KeyedRow, type OrderOptions } from "./row-table.js";
import { prepareSchema } from "./schema.js";

export interface PostgresReadModelStoreOptions {
  /**
   * `postgres://user:password@host:5432/database`, in its credentials percent-encoded. Parameters: `schema`,
   * `connections` (10), `sslmode` (`disable`, `verify-full`, `no-verify`), `sslrootcert`, `host`, `application_name`.
   */
  readonly url: string;
  /** Instead of those of the URL. Without any, the driver looks into `PGUSER`, `PGPASSWORD` and the file of passwords. */
  readonly user?: string | undefined;
  readonly password?: string | Secret | undefined;
  /** Where all tables are, of nothing else; created when it is not there. `rollcall` unless stated here or in the URL. */
  readonly schema?: string | undefined;
  /** Tells when leases expire; the server's unless stated, because several machines have several clocks. */
  readonly clock?: Clock | undefined;
  /** How long to try while the server is away, or another transaction in the way; 10 seconds unless stated. */
  readonly deadlineMs?: number | undefined;
}

const pageSize = 1000;

/**
 * Connects to the database, and creates or updates the tables of the schema. What a crash of the server takes away, the
 * last moment of rows and checkpoints, it takes together, and the next run makes it again from the log.
 * @throws InvalidConfiguration with every problem of the options.
 * @throws IncompatibleStore when another program, or a newer version of this one, made the schema.
 * @throws AccessDenied when the user may not enter, or not create the tables. @throws UntrustedConnection
 * @throws StoreUnavailable when the server cannot be reached.
 */
export async function openPostgresReadModelStore(options: PostgresReadModelStoreOptions): Promise<ReadModelStore> {
  const { clock } = options;
  const database = new Database(addressOf(options), options.deadlineMs ?? 10_000, clock);
  try {
    await prepareSchema(database);
    return new PostgresReadModelStore(database, clock);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function addressOf({ url, user, password, schema }: PostgresReadModelStoreOptions) {
  const address = postgresAddress(url);
  const problems = [...address.problems, ...(schema === undefined ? [] : schemaProblems(schema))];
  if (problems.length > 0) throw new InvalidConfiguration(problems.map((problem) => `url ${problem}`));
  return {
    ...address,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password: typeof password === "string" ? new Secret(password) : password }),
    ...(schema !== undefined && { schema }),
  };
}

class PostgresReadModelStore implements ReadModelStore {
  private readonly leases: Leases;
  private readonly checkpoints: Checkpoints;
  private readonly generations: Generations;
  /** Indexes that are known to be there, by generation and field. */
  private readonly indexed = new Set<string>();

  constructor(
    private readonly database: Database,
    clock: Clock | undefined,
  ) {
    this.leases = new Leases(database, clock);
    this.checkpoints = new Checkpoints(database, this.leases);
    this.generations = new Generations(database);
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    return this.leases.acquire(name, holder, ttlMs);
  }

  renew(lease: Lease, ttlMs: number): Promise<boolean> {
    return this.leases.renew(lease, ttlMs);
  }

  release(lease: Lease): Promise<void> {
    return this.leases.release(lease);
  }

  loadCheckpoint(subscription: string): Promise<Checkpoint | undefined> {
    return this.checkpoints.load(subscription);
  }

  saveCheckpoint(lease: Lease, checkpoint: Checkpoint, parked: readonly ParkedEvent[] = []): Promise<void> {
    return this.checkpoints.save(lease, checkpoint, parked);
  }

  parked(subscription: string): Promise<readonly ParkedEvent[]> {
    return this.checkpoints.parked(subscription);
  }

  activeGeneration(name: string): Promise<Generation | undefined> {
    return this.generations.active(name);
  }

  async openActive(declaration: ReadModelDeclaration, lease: Lease): Promise<Generation> {
    checkDeclaration(declaration);
    const generation = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const active = await this.generations.active(declaration.name, transaction);
      return active ?? this.generations.create(transaction, declaration, "active");
    });
    await this.generations.prune();
    return generation;
  }

  redeclare(generation: Generation, lease: Lease, declaration: ReadModelDeclaration): Promise<Generation> {
    return this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const redeclared = await this.generations.redeclare(transaction, generation.id, declaration);
      if (!redeclared) throw new Fenced(lease.name);
      return redeclared;
    });
  }

  async createBuilding(declaration: ReadModelDeclaration, lease: Lease): Promise<Generation> {
    checkDeclaration(declaration);
    const generation = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      return this.generations.create(transaction, declaration, "building");
    });
    await this.generations.prune();
    return generation;
  }

  /** @throws Fenced when the generation is no longer there, because another one has taken its place. */
  async rows(generation: Generation, keys: readonly string[]): Promise<Map<string, Row>> {
    const table = new RowTable(this.database, { ...generation, indexes: [] });
    const found = present(generation, await table.get(isPresent, keys.filter(isStorableKey)));
    return new Map(found.map(({ key, row }) => [key, row]));
  }

  /** @throws InvalidQuery when the field is not indexed. @throws Fenced when the generation is no longer there. */
  async rowsInOrder(generation: Generation, field: string, options: OrderOptions): Promise<readonly KeyedRow[]> {
    const found = present(generation, await this.generations.byId(generation.id));
    checkOrder(found.name, found.indexes, field, options.limit);
    await this.index(found, [field], async (transaction) => present(generation, await this.byId(found, transaction)));
    return present(generation, await new RowTable(this.database, found).inOrder(isPresent, field, options));
  }

  /**
   * Every row in the order of the keys' UTF-8 bytes. Each page is read when it is asked for, so rows that are written
   * meanwhile may be in it.
   * @throws Fenced when the generation is no longer there.
   */
  async *allRows(generation: Generation): AsyncGenerator<readonly KeyedRow[]> {
    const table = new RowTable(this.database, { ...generation, indexes: [] });
    for (let after: string | undefined; ;) {
      const query = { where: [], limit: pageSize - 1, after };
      const page = present(generation, await table.page(isPresent, query));
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
      after = page.at(-1)?.key;
    }
  }

  /** @throws Fenced also when the generation is no longer there. @throws InvalidRow */
  async commit(generation: Generation, lease: Lease, { rows, checkpoint }: Commit): Promise<void> {
    const encoded = await encodeRows(generation.name, rows);
    const values = valuesOf(checkpoint);
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const advanced = await this.generations.advance(transaction, generation.id, values);
      if (!advanced) throw new Fenced(lease.name);
      await new RowTable(this.database, advanced).write(transaction, encoded);
    });
  }

  /**
   * Indexes are made here, before the switch and apart from it: over the finished rows that takes less time than keeping
   * them up to date while the rows are written, and the switch itself stays short.
   */
  async activate(generation: Generation, lease: Lease, workerLease: string, readThrough?: bigint): Promise<boolean> {
    const ready = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      return this.readyToActivate(generation, lease, readThrough, transaction);
    });
    if (!ready) return false;
    await this.buildIndexes(ready, lease);
    const activated = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      await this.leases.lock(transaction, workerLease);
      await this.generations.lock(transaction, generation.name);
      const building = await this.readyToActivate(generation, lease, readThrough, transaction);
      if (!building) return false;
      if (building.state === "active") return true;
      const active = await this.generations.active(building.name, transaction);
      await this.generations.replace(transaction, active, building);
      await this.leases.revoke(transaction, workerLease);
      return true;
    });
    if (activated) await this.generations.prune();
    return activated;
  }

  async drop(generation: Generation, lease: Lease): Promise<void> {
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      await this.generations.lock(transaction, generation.name);
      const found = await this.generations.byId(generation.id, transaction);
      if (found?.state === "building") await this.generations.retire(transaction, generation.id);
    });
    await this.generations.prune();
  }

  findRow(name: string, key: string): Promise<Row | undefined> {
    return this.whileServing(name, async (active) => {
      const found = await new RowTable(this.database, active).get(isServing, isStorableKey(key) ? [key] : []);
      return found && { value: found[0]?.row };
    });
  }

  findRows(name: string, query: RowQuery): Promise<RowPage> {
    return this.whileServing(name, async (active) => {
      const checked = checkQuery(name, active, query);
      const fields = checked.where.map(({ field }) => field);
      await this.index(active, fields, (transaction) => this.byId(active, transaction));
      const found = await new RowTable(this.database, active).page(isServing, checked);
      return found && { value: pageOf(active.id, checked, found) };
    });
  }

  countRows(name: string, field: string, prefix?: string): Promise<ReadonlyMap<string, number>> {
    return this.whileServing(name, async (active) => {
      checkIndexed(name, active.indexes, field);
      const value = await new RowTable(this.database, active).count(isServing, field, prefix);
      return value && { value };
    });
  }

  close(): Promise<void> {
    return this.database.close();
  }

  async buildIndexes(generation: Generation, lease: Lease): Promise<void> {
    const found = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      return present(generation, await this.generations.byId(generation.id, transaction));
    });
    await this.index(found, found.indexes, async (transaction) => {
      await this.leases.check(transaction, lease);
      return present(generation, await this.byId(generation, transaction));
    });
  }

  /**
   * Makes the indexes that are missing, each in a transaction of its own, because it takes long where rows are many.
   * @param find the generation once more, locked, in that transaction; `undefined` when there is none to index
   */
  private async index(
    generation: StoredGeneration,
    fields: readonly string[],
    find: (transaction: Transaction) => Promise<StoredGeneration | undefined>,
  ): Promise<void> {
    const table = new RowTable(this.database, generation);
    for (const field of fields) {
      const known = `${generation.id} ${field}`;
      if (this.indexed.has(known)) continue;
      if (!(await table.hasIndex(field)))
        await this.database.write(async (transaction) => {
          if (!(await find(transaction))) return;
          await table.createIndex(transaction, field);
          await table.analyze(transaction);
        });
      this.indexed.add(known);
    }
  }

  /** As it is now, and stays until the transaction has ended. */
  private async byId({ id, name }: Generation, transaction: Transaction): Promise<StoredGeneration | undefined> {
    await this.generations.lock(transaction, name);
    return this.generations.byId(id, transaction);
  }

  /** The generation to activate as it is now; `undefined` when the active one is ahead. */
  private async readyToActivate(
    { id, name }: Generation,
    lease: Lease,
    readThrough: bigint | undefined,
    transaction: Transaction,
  ): Promise<StoredGeneration | undefined> {
    const building = await this.generations.byId(id, transaction);
    if (!building) throw new Fenced(lease.name);
    const active = (await this.generations.active(name, transaction))?.checkpoint;
    return hasReached(building.checkpoint, active, readThrough) ? building : undefined;
  }

  /** Reads of the generation that serves, again when another one has taken its place before the answer was found. */
  private async whileServing<T>(
    name: string,
    read: (active: StoredGeneration) => Promise<{ readonly value: T } | undefined>,
  ): Promise<T> {
    for (;;) {
      const active = await this.generations.active(name);
      if (!active) throw new UnknownReadModel(name, await this.generations.namesOfActive());
      const found = await read(active);
      if (found) return found.value;
    }
  }
}

/** What was found of a generation that somebody holds. @throws Fenced when it is gone */
function present<T>({ name }: Generation, found: T | undefined): T {
  if (found === undefined) throw new Fenced(name);
  return found;
}
