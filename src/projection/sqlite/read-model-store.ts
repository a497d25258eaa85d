/** Read models, checkpoints and leases in one SQLite file of their own, which several processes may share. */

import { existsSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { systemClock, type Clock } from "../../clock.js";
import { Fenced, UnknownReadModel } from "../../errors.js";
import type { Lease } from "../../subscription/checkpoint-store.js";
import { SubscriptionStore } from "../../subscription/subscription-store.js";
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
import { valuesOf } from "../checkpoint-values.js";
import { checkDeclaration, hasReached } from "../generation-rules.js";
import { encodeRows, isStorableKey } from "../row-encoding.js";
import type { SchemaSurvey } from "../schema-survey.js";
import { checkIndexed, checkOrder, checkQuery, pageOf, type KeyedRow, type OrderOptions } from "../row-query.js";
import { Checkpoints } from "./checkpoints.js";
import { Database } from "./database.js";
import { Generations, type StoredGeneration } from "./generations.js";
import { Leases } from "./leases.js";
import { ParkedEvents } from "./parked-events.js";
import { Pauses } from "./pauses.js";
import { RowTable } from "./row-table.js";
import { prepareSchema, surveySchema } from "./schema.js";

export interface SqliteReadModelStoreOptions {
  /** Path of the file, apart from the log's; it and its folder are created when they are not there. */
  readonly file: string;
  /** Tells when leases expire. */
  readonly clock?: Clock;
  /** How long to wait for another process's transaction before `StoreUnavailable`; 10 seconds unless stated. */
  readonly busyDeadlineMs?: number;
}

const keptTables = 64;
const pageSize = 1000;

/**
 * Opens the file, and creates or updates its tables. What a power failure takes away (`synchronous=NORMAL`), rows and
 * checkpoints lose together, and the next run makes it again from the log.
 * @throws IncompatibleStore when another program, or a newer version of this one, wrote the file.
 * @throws StoreUnavailable when another process keeps it locked.
 */
export async function openSqliteReadModelStore(options: SqliteReadModelStoreOptions): Promise<ReadModelStore> {
  const clock = options.clock ?? systemClock;
  const database = new Database(options.file, clock, options.busyDeadlineMs ?? 10_000);
  try {
    await prepareSchema(database);
    return new SqliteReadModelStore(database, clock);
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Which steps opening the file would take.
 * @throws IncompatibleStore, StoreUnavailable as `openSqliteReadModelStore`
 */
export async function surveySqliteReadModels({ file }: { readonly file: string }): Promise<SchemaSurvey> {
  // To open one that is not there would make it.
  const database = new Database(existsSync(file) ? file : ":memory:", systemClock, 10_000);
  try {
    return { ...(await surveySchema(database)), place: file };
  } finally {
    database.close();
  }
}

class SqliteReadModelStore extends SubscriptionStore implements ReadModelStore {
  private readonly leases: Leases;
  private readonly records: Generations;
  private readonly tables = new LRUCache<number, RowTable>({ max: keptTables });

  constructor(
    private readonly database: Database,
    clock: Clock,
  ) {
    const leases = new Leases(database, clock);
    const checkpoints = new Checkpoints(database, leases);
    const parkedEvents = new ParkedEvents(database, leases, checkpoints, clock);
    super({ leases, checkpoints, pauses: new Pauses(database, clock), parkedEvents });
    this.leases = leases;
    this.records = new Generations(database, clock);
  }

  generations(): Promise<readonly Generation[]> {
    return this.database.retrying(() => this.records.all());
  }

  async activeGeneration(place: string): Promise<Generation | undefined> {
    return this.database.retrying(() => this.records.active(place));
  }

  async openActive(declaration: ReadModelDeclaration, lease: Lease): Promise<Generation> {
    checkDeclaration(declaration);
    const generation = await this.database.write(() => {
      this.leases.check(lease);
      return this.records.active(declaration.place) ?? this.records.create(declaration, "active");
    });
    await this.records.dropRetired();
    return generation;
  }

  redeclare(generation: Generation, lease: Lease, declaration: ReadModelDeclaration): Promise<Generation> {
    return this.database.write(() => {
      this.leases.check(lease);
      this.records.redeclare(this.present(generation), declaration);
      return this.present(generation);
    });
  }

  async createBuilding(
    declaration: ReadModelDeclaration,
    lease: Lease,
    { resumes = false }: { readonly resumes?: boolean } = {},
  ): Promise<Generation> {
    checkDeclaration(declaration);
    const generation = await this.database.write(() => {
      this.leases.check(lease);
      const unfinished = resumes ? this.records.unfinished(declaration) : undefined;
      return unfinished ?? this.records.create(declaration, "building");
    });
    await this.records.dropRetired();
    return generation;
  }

  /** @throws Fenced when the generation is no longer there, because another one has taken its place. */
  async rows(generation: Generation, keys: readonly string[]): Promise<Map<string, Row>> {
    const wanted = keys.filter(isStorableKey);
    const found = await this.database.read(() => this.openTable(this.present(generation).id).getMany(wanted));
    return new Map(found.map(({ key, row }) => [key, row]));
  }

  /** @throws InvalidQuery when the field is not indexed. @throws Fenced when the generation is no longer there. */
  async rowsInOrder(generation: Generation, field: string, options: OrderOptions): Promise<readonly KeyedRow[]> {
    await this.index([field], () => {
      const found = this.present(generation);
      checkOrder(found.name, found.indexes, field, options.limit);
      return found;
    });
    return this.database.read(() => this.openTable(this.present(generation).id).inOrder(field, options));
  }

  /**
   * Every row in the order of the keys' UTF-8 bytes. Each page is read when it is asked for, so rows that are written
   * meanwhile may be in it.
   * @throws Fenced when the generation is no longer there.
   */
  async *allRows(generation: Generation): AsyncGenerator<readonly KeyedRow[]> {
    for (let after: string | undefined; ;) {
      const query = { where: [], limit: pageSize - 1, after };
      const page = await this.database.read(() => this.openTable(this.present(generation).id).page(query));
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
      after = page.at(-1)?.key;
      // Reading blocks the event loop: let others have a turn between two pages.
      await nextTurn();
    }
  }

  /** @throws Fenced also when the generation is no longer there. @throws InvalidRow */
  async commit(generation: Generation, lease: Lease, { rows, checkpoint }: Commit): Promise<void> {
    const encoded = await encodeRows(generation.name, rows);
    const values = valuesOf(checkpoint);
    await this.database.write(() => {
      this.leases.check(lease);
      if (!this.records.advance(generation.id, values)) throw new Fenced(lease.name);
      this.openTable(generation.id).write(encoded);
    });
  }

  /**
   * Indexes are made here, before the switch and apart from it: over the finished rows that takes a third of the time of
   * keeping them up to date while the rows are written, and the switch itself stays short.
   */
  async activate(
    generation: Generation,
    lease: Lease,
    { workerLease, readThrough, retains = false }: Activation,
  ): Promise<boolean> {
    const ready = await this.database.write(() => this.checkActivation(generation, lease, readThrough));
    if (!ready) return false;
    await this.index(ready.indexes, () => {
      this.leases.check(lease);
      return this.present(generation);
    });
    const activated = await this.database.write(() => {
      const next = this.checkActivation(generation, lease, readThrough);
      if (!next) return false;
      if (next.state === "active") return true;
      this.records.replace(this.records.active(next.place), next, retains);
      this.leases.revoke(workerLease);
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
    await this.database.write(() => {
      this.leases.check(lease);
      const found = this.records.byId(generation.id);
      if (found && (serving || found.state !== "active")) this.records.retire(found.id);
    });
    await this.records.dropRetired();
  }

  findRow(place: string, key: string): Promise<Row | undefined> {
    return this.database.read(() => {
      const active = this.serving(place);
      return isStorableKey(key) ? this.openTable(active.id).get(key) : undefined;
    });
  }

  async findRows(place: string, query: RowQuery): Promise<RowPage> {
    const serving = () => this.serving(place);
    for (;;) {
      const found = await this.database.read(() => {
        const active = serving();
        const checked = checkQuery(active.name, active, query);
        const table = this.openTable(active.id);
        return checked.where.every(({ field }) => table.hasIndex(active.indexes, field))
          ? pageOf(active.id, checked, table.page(checked))
          : checked.where.map(({ field }) => field);
      });
      if ("rows" in found) return found;
      await this.index(found, serving);
    }
  }

  countRows(place: string, field: string, prefix?: string): Promise<ReadonlyMap<string, number>> {
    return this.database.read(() => {
      const { id, name, indexes } = this.serving(place);
      checkIndexed(name, indexes, field);
      return new Map(this.openTable(id).count(field, prefix));
    });
  }

  async close(): Promise<void> {
    this.database.close();
  }

  async complete(generation: Generation, lease: Lease): Promise<void> {
    const present = () => {
      this.leases.check(lease);
      return this.present(generation);
    };
    const { indexes, isComplete } = await this.database.read(present);
    await this.index(indexes, present);
    if (!isComplete) await this.database.write(() => this.records.complete(present().id));
  }

  /** Makes the indexes that are missing, each in a transaction of its own, because it takes long where rows are many. */
  private async index(fields: readonly string[], find: () => StoredGeneration): Promise<void> {
    for (const field of fields) {
      const isThere = await this.database.read(() => {
        const { id, indexes } = find();
        return this.openTable(id).hasIndex(indexes, field);
      });
      if (isThere) continue;
      await this.database.write(() => {
        const { id, indexes } = find();
        this.openTable(id).createIndex(indexes, field);
      });
      await nextTurn();
    }
  }

  /** The generation to activate as it is now; `undefined` when the active one is ahead. */
  private checkActivation(
    { id, place }: Generation,
    lease: Lease,
    readThrough: bigint | undefined,
  ): StoredGeneration | undefined {
    this.leases.check(lease);
    const next = this.records.byId(id);
    if (!next) throw new Fenced(lease.name);
    const active = this.records.active(place)?.checkpoint;
    return hasReached(next.checkpoint, active, readThrough) ? next : undefined;
  }

  private serving(place: string): StoredGeneration {
    const active = this.records.active(place);
    if (!active) throw new UnknownReadModel(place, this.records.placesOfActive());
    return active;
  }

  /** A generation that somebody holds, as it is now. */
  private present({ id, name }: Generation): StoredGeneration {
    const generation = this.records.byId(id);
    if (!generation) throw new Fenced(name);
    return generation;
  }

  private openTable(id: number): RowTable {
    let table = this.tables.get(id);
    if (!table) this.tables.set(id, (table = new RowTable(this.database.connection, id)));
    return table;
  }
}
