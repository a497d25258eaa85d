/** Read models, checkpoints and leases in a schema of a PostgreSQL database, which processes on several machines may share. */

import type { Clock } from "../../clock.js";
import { Fenced, InvalidConfiguration, UnknownReadModel } from "../../errors.js";
import { Secret } from "../../secret.js";
import type { Lease } from "../../subscription/checkpoint-store.js";
import { SubscriptionStore } from "../../subscription/subscription-store.js";
import { valuesOf } from "../checkpoint-values.js";
import { checkDeclaration, hasReached } from "../generation-rules.js";
import type {
  Activation,
  Commit,
  Generation,
  ReadModelDeclaration,
  ReadModelStore,
  Row,
  RowPage,
  RowQuery,
} from "../read-model-store.js";
import { encodeRows, isStorableKey } from "../row-encoding.js";
import type { SchemaSurvey } from "../schema-survey.js";
import { checkIndexed, checkOrder, checkQuery, pageOf, type KeyedRow, type OrderOptions } from "../row-query.js";
import { postgresAddress, schemaProblems } from "./address.js";
import { Checkpoints } from "./checkpoints.js";
import { Database, type Transaction } from "./database.js";
import { Generations, isPresent, isServing, type StoredGeneration } from "./generations.js";
import { Leases } from "./leases.js";
import { ParkedEvents } from "./parked-events.js";
import { Pauses } from "./pauses.js";
import { RowTable } from "./row-table.js";
import { prepareSchema, surveySchema } from "./schema.js";

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
  const database = new Database(addressOf(options), options.deadlineMs ?? 10_000, options.clock);
  try {
    await prepareSchema(database);
    return new PostgresReadModelStore(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Which steps opening the store would take.
 * @throws as `openPostgresReadModelStore`
 */
export async function surveyPostgresReadModels(options: PostgresReadModelStoreOptions): Promise<SchemaSurvey> {
  const database = new Database(addressOf(options), options.deadlineMs ?? 10_000, options.clock);
  try {
    return await surveySchema(database);
  } finally {
    await database.close();
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

class PostgresReadModelStore extends SubscriptionStore implements ReadModelStore {
  private readonly leases: Leases;
  private readonly records: Generations;
  /** Indexes that are known to be there, by generation and field. */
  private readonly indexed = new Set<string>();

  constructor(private readonly database: Database) {
    const leases = new Leases(database);
    const checkpoints = new Checkpoints(database, leases);
    const parkedEvents = new ParkedEvents(database, leases, checkpoints);
    super({ leases, checkpoints, pauses: new Pauses(database), parkedEvents });
    this.leases = leases;
    this.records = new Generations(database);
  }

  generations(): Promise<readonly Generation[]> {
    return this.records.all();
  }

  activeGeneration(place: string): Promise<Generation | undefined> {
    return this.records.active(place);
  }

  async openActive(declaration: ReadModelDeclaration, lease: Lease): Promise<Generation> {
    checkDeclaration(declaration);
    const generation = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const active = await this.records.active(declaration.place, transaction);
      return active ?? this.records.create(transaction, declaration, "active");
    });
    await this.records.dropRetired();
    return generation;
  }

  redeclare(generation: Generation, lease: Lease, declaration: ReadModelDeclaration): Promise<Generation> {
    return this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const found = present(generation, await this.locked(generation, transaction));
      return present(generation, await this.records.redeclare(transaction, found, declaration));
    });
  }

  async createBuilding(
    declaration: ReadModelDeclaration,
    lease: Lease,
    { resumes = false }: { readonly resumes?: boolean } = {},
  ): Promise<Generation> {
    checkDeclaration(declaration);
    const generation = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const unfinished = resumes ? await this.records.unfinished(transaction, declaration) : undefined;
      return unfinished ?? this.records.create(transaction, declaration, "building");
    });
    await this.records.dropRetired();
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
    const found = present(generation, await this.records.byId(generation.id));
    checkOrder(found.name, found.indexes, field, options.limit);
    await this.index(found, [field]);
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
      const advanced = await this.records.advance(transaction, generation.id, values);
      if (!advanced) throw new Fenced(lease.name);
      await new RowTable(this.database, advanced).write(transaction, encoded);
    });
  }

  /**
   * Indexes are made here, before the switch and apart from it: over the finished rows that takes less time than keeping
   * them up to date while the rows are written, and the switch itself stays short.
   */
  async activate(
    generation: Generation,
    lease: Lease,
    { workerLease, readThrough, retains = false }: Activation,
  ): Promise<boolean> {
    const ready = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      return this.readyToActivate(generation, lease, readThrough, transaction);
    });
    if (!ready) return false;
    await this.index(ready, ready.indexes, lease);
    const activated = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      await this.leases.lock(transaction, workerLease);
      await this.records.lock(transaction, generation.place);
      const next = await this.readyToActivate(generation, lease, readThrough, transaction);
      if (!next) return false;
      if (next.state === "active") return true;
      const active = await this.records.active(next.place, transaction);
      await this.records.replace(transaction, active, next, retains);
      await this.leases.revoke(transaction, workerLease);
      return true;
    });
    if (activated) await this.records.dropRetired();
    return activated;
  }

  async drop(
    generation: Generation,
    lease: Lease,
    { serving = false }: { readonly serving?: boolean } = {},
  ): Promise<void> {
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      const found = await this.locked(generation, transaction);
      if (found && (serving || found.state !== "active")) await this.records.retire(transaction, found.id);
    });
    await this.records.dropRetired();
  }

  findRow(place: string, key: string): Promise<Row | undefined> {
    return this.whileServing(place, async (active) => {
      const found = await new RowTable(this.database, active).get(isServing, isStorableKey(key) ? [key] : []);
      return found && { value: found[0]?.row };
    });
  }

  findRows(place: string, query: RowQuery): Promise<RowPage> {
    return this.whileServing(place, async (active) => {
      const checked = checkQuery(active.name, active, query);
      const fields = checked.where.map(({ field }) => field);
      await this.index(active, fields);
      const found = await new RowTable(this.database, active).page(isServing, checked);
      return found && { value: pageOf(active.id, checked, found) };
    });
  }

  countRows(place: string, field: string, prefix?: string): Promise<ReadonlyMap<string, number>> {
    return this.whileServing(place, async (active) => {
      checkIndexed(active.name, active.indexes, field);
      await this.index(active, [field]);
      const value = await new RowTable(this.database, active).count(isServing, field, prefix);
      return value && { value };
    });
  }

  close(): Promise<void> {
    return this.database.close();
  }

  async complete(generation: Generation, lease: Lease): Promise<void> {
    const found = await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      return present(generation, await this.records.byId(generation.id, transaction));
    });
    await this.index(found, found.indexes, lease);
    if (found.isComplete) return;
    await this.database.write(async (transaction) => {
      await this.leases.check(transaction, lease);
      await this.records.complete(transaction, present(generation, await this.locked(generation, transaction)).id);
    });
  }

  /**
   * Makes the indexes that are missing, unless the generation is gone; each step in a transaction of its own, because they
   * take long where rows are many.
   * @throws Fenced when the lease, if one is stated, was lost; or the generation is gone then
   */
  private async index(generation: StoredGeneration, fields: readonly string[], lease?: Lease): Promise<void> {
    const table = new RowTable(this.database, generation);
    const step = <T>(work: (transaction: Transaction) => Promise<T>): Promise<T | undefined> =>
      this.database.write(async (transaction) => {
        if (lease) await this.leases.check(transaction, lease);
        const found = await this.locked(generation, transaction);
        if (lease) present(generation, found);
        return found && work(transaction);
      });
    for (const field of fields) {
      const known = `${generation.id} ${field}`;
      if (this.indexed.has(known)) continue;
      if (!(await table.hasIndex(field))) {
        // Before the index, which tells that it was done.
        let filled: string | undefined;
        do filled = await step((transaction) => table.fill(transaction, filled));
        while (filled !== undefined);
        await step((transaction) => table.createIndex(transaction, field));
      }
      this.indexed.add(known);
    }
  }

  /** The generation as it is now, and stays until the transaction has ended. */
  private async locked({ id, place }: Generation, transaction: Transaction): Promise<StoredGeneration | undefined> {
    await this.records.lock(transaction, place);
    return this.records.byId(id, transaction);
  }

  /** The generation to activate as it is now; `undefined` when the active one is ahead. */
  private async readyToActivate(
    { id, place }: Generation,
    lease: Lease,
    readThrough: bigint | undefined,
    transaction: Transaction,
  ): Promise<StoredGeneration | undefined> {
    const next = await this.records.byId(id, transaction);
    if (!next) throw new Fenced(lease.name);
    const active = (await this.records.active(place, transaction))?.checkpoint;
    return hasReached(next.checkpoint, active, readThrough) ? next : undefined;
  }

  /** Reads of the generation that serves, again when another one has taken its place before the answer was found. */
  private async whileServing<T>(
    place: string,
    read: (active: StoredGeneration) => Promise<{ readonly value: T } | undefined>,
  ): Promise<T> {
    for (;;) {
      const active = await this.records.active(place);
      if (!active) throw new UnknownReadModel(place, await this.records.placesOfActive());
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
