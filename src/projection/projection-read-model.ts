/** A class that carries `@Projection`, as a read model. */

import { createHash } from "node:crypto";
import { EventTooNew, HandlingFailed } from "../errors.js";
import type { EventClass, RecordedEvent, Upcasters } from "../message/index.js";
import { methodsByType, type DeclaredClass } from "../model/index.js";
import type { EventFilter, Page } from "../store/event-store.js";
import { beginningOf, tickType, type Checkpoint } from "../subscription/index.js";
import type { ProjectionOptions, ProjectsOptions, RowKeys } from "./decorators.js";
import type { ReadModel, GenerationWriter, RowsUnderWay, WriterContext } from "./read-model.js";
import type { Generation, ReadModelDeclaration, ReadModelStore, Row } from "./read-model-store.js";
import { isParked, parkedRow, stateField } from "./parked-rows.js";
import { frozen, RowCache, type Entry } from "./row-cache.js";

/** What a generation was declared by, as its `definition` says it. */
interface Terms {
  readonly eventTypes: readonly string[];
  readonly parksRows?: true;
}

interface Fold {
  readonly event: EventClass;
  readonly apply: (event: object, row: Row | undefined, recorded: RecordedEvent, key: string) => Row | undefined;
  /** Which rows an event of this type belongs to, where that differs from the projection's key. */
  readonly keyOf: ProjectsOptions<object>["key"] | undefined;
}

/** How much a projection keeps in memory, and when it writes although more events follow. */
export interface ProjectionLimits {
  /** Rows kept between commits while it is live; 10,000 unless stated. */
  readonly liveRows?: number;
  /** Events after which it commits while it is behind; 5,000 unless stated. Twenty times as many until it is complete. */
  readonly liveBatch?: number;
  /** Changed rows at which it writes until it has caught up once, and rows that it keeps then; 100,000 unless stated. */
  readonly rebuildRows?: number;
  /** Events after which a rebuild writes: so many a crash does again; 1,000,000 unless stated. */
  readonly rebuildBatch?: number;
}

/** What the writer of a projection needs: of read models no more than to look rows up and to write them. */
export interface RowWriterContext extends Omit<WriterContext, "readModels"> {
  readonly readModels: Pick<ReadModelStore, "rows" | "commit">;
}

export class ProjectionReadModel implements ReadModel {
  readonly declaration: ReadModelDeclaration;
  readonly hasRowsOnly = true;
  readonly filter: EventFilter;
  readonly folds: ReadonlyMap<string, Fold>;
  readonly keyOf: ProjectionOptions["key"];
  /** A row whose event cannot be folded stands still, and the others go on. */
  readonly parksRows: boolean;
  /** Events of some types have keys of their own, not by `keyOf`. */
  protected readonly hasOwnKeys: boolean;
  readonly limits: Required<ProjectionLimits>;

  constructor(
    declared: DeclaredClass,
    readonly upcasters: Upcasters,
    limits: ProjectionLimits = {},
  ) {
    const { name, version, key, onFailure = "stop", ...options } = declared.role.options as ProjectionOptions;
    this.parksRows = onFailure === "park-row";
    const indexes = [...(options.indexes ?? []), ...(this.parksRows ? [stateField] : [])];
    const instance = new (declared.type as unknown as new () => object)() as Record<string, Fold["apply"]>;
    const uses = methodsByType(declared.type, "projects");
    const eventTypes = [...uses.keys()].toSorted();
    this.folds = new Map(
      [...uses].map(([type, { method, message, options }]) => [
        type,
        {
          event: message as EventClass,
          apply: instance[method]!.bind(instance),
          keyOf: (options as ProjectsOptions<object> | undefined)?.key,
        },
      ]),
    );
    this.keyOf = key;
    this.hasOwnKeys = [...this.folds.values()].some(({ keyOf }) => keyOf !== undefined);
    this.limits = { liveRows: 10_000, liveBatch: 5_000, rebuildRows: 100_000, rebuildBatch: 1_000_000, ...limits };
    this.filter = { eventTypes: [...eventTypes, tickType] };
    this.declaration = {
      name,
      version,
      place: `${name}@${version}`,
      definition: JSON.stringify({ eventTypes, ...(this.parksRows && { parksRows: true }) } satisfies Terms),
      code: codeOf([
        declared.type,
        key,
        ...[...this.folds.values()].flatMap(({ keyOf }) => keyOf ?? []),
        // Last, so that the digest of a class without any is what it was before they counted.
        ...basesOf(declared.type),
      ]),
      indexes,
    };
  }

  differsBy({ definition }: Generation): string {
    if (!definition.startsWith("{")) return "it was built before terms were on record";
    const { eventTypes, parksRows = false } = JSON.parse(definition) as Terms;
    const built = new Set(eventTypes);
    const added = [...this.folds.keys()].filter((type) => !built.has(type));
    const removed = [...built].filter((type) => !this.folds.has(type));
    return [
      ...(added.length > 0 ? [`it folds ${added.join(", ")} now`] : []),
      ...(removed.length > 0 ? [`it folds ${removed.join(", ")} no more`] : []),
      ...(parksRows !== this.parksRows ? [`it parks rows ${this.parksRows ? "now" : "no more"}`] : []),
    ].join("; ");
  }

  /**
   * Key of the row that the event belongs to, or keys of its rows, each once.
   * @throws TypeError when it has none; EventTooNew, UndecodableEvent
   */
  rowKeysOf(recorded: RecordedEvent): string | readonly string[] {
    const keys = this.declaredKeysOf(recorded);
    if (typeof keys === "string") return keys;
    if (Array.isArray(keys) && keys.every((key) => typeof key === "string")) return [...new Set(keys as string[])];
    throw new TypeError(
      `its key is ${String(keys)}, expected text, or a list of texts; give the projection a key that every event has`,
    );
  }

  private declaredKeysOf(recorded: RecordedEvent): RowKeys {
    const fold = this.hasOwnKeys ? this.folds.get(recorded.type) : undefined;
    if (fold?.keyOf) return fold.keyOf(this.upcasters.decode(recorded, fold.event), recorded);
    return this.keyOf(this.upcasters.presented(recorded));
  }

  /** The row after the event, frozen; `undefined` when there is none then. @throws whatever the fold throws */
  fold(recorded: RecordedEvent, row: Row | undefined, key: string): Row | undefined {
    if (!this.parksRows) return this.folded(recorded, row, key);
    if (isParked(row)) return row;
    try {
      return this.folded(recorded, row, key);
    } catch (error) {
      // No fault of the event: a process that knows its schema will fold it.
      if (error instanceof EventTooNew) throw error;
      return frozen(parkedRow(row, recorded, error));
    }
  }

  private folded(recorded: RecordedEvent, row: Row | undefined, key: string): Row | undefined {
    const { event, apply } = this.folds.get(recorded.type)!;
    const next = apply(this.upcasters.decode(recorded, event), row, recorded, key);
    if (next === undefined) return undefined;
    if (typeof next !== "object" || next === null || "then" in next)
      throw new TypeError(
        "the fold returned no row; return an object, or undefined to remove the row, and not a promise",
      );
    return frozen(next);
  }

  failureOf({ streamName, revision, type, position }: RecordedEvent, cause: unknown): Error {
    // No fault of the fold: it says itself what to do.
    if (cause instanceof EventTooNew) return cause;
    return new HandlingFailed(this.declaration.name, streamName, revision, type, position, cause);
  }

  async open(context: RowWriterContext): Promise<GenerationWriter> {
    return new ProjectionWriter(this, context, await context.store.storeId());
  }
}

const codeOf = (functions: readonly { toString(): string }[]): string =>
  createHash("sha256")
    .update(functions.map((each) => each.toString()).join("\n"))
    .digest("hex");

/** The classes that a class inherits from, the nearest first. */
function basesOf(type: object): object[] {
  const base = Object.getPrototypeOf(type) as object;
  return base === Function.prototype ? [] : [base, ...basesOf(base)];
}

const isText = (key: string | readonly string[]): key is string => typeof key === "string";

const isTick = ({ type }: RecordedEvent): boolean => type === tickType;

class ProjectionWriter implements GenerationWriter {
  checkpoint: Checkpoint;
  private readonly rows: RowCache;
  private written = 0;
  private uncommitted = 0;
  /** It follows the log, and others wait to see what it writes. */
  private isLive: boolean;

  constructor(
    private readonly readModel: ProjectionReadModel,
    private readonly context: RowWriterContext,
    storeId: string,
  ) {
    const { generation, readModels, mode } = context;
    const { liveRows, rebuildRows } = readModel.limits;
    this.checkpoint = generation.checkpoint ?? beginningOf(storeId);
    this.isLive = mode === "live" && generation.isComplete;
    this.rows = new RowCache(
      readModels,
      generation,
      mode === "live" ? liveRows : rebuildRows,
      generation.checkpoint === undefined,
    );
  }

  async handle(page: Page): Promise<void> {
    const events = page.some(isTick) ? page.filter((recorded) => !isTick(recorded)) : page;
    const { keys, failure } = this.keysOf(events);
    await this.rows.prepare(keys.every(isText) ? keys : keys.flat());
    const folded = this.foldAll(events, keys);
    const failed = folded.failure ?? failure;
    const last = failed ? events[folded.count - 1] : page.at(-1);
    if (last) this.advance(last, folded.count);
    if (failed || this.isFull) await this.flush();
    if (failed) throw failed;
  }

  async flush(): Promise<void> {
    if (this.uncommitted === 0) return;
    const { readModels, generation, lease } = this.context;
    await readModels.commit(generation, lease, { rows: this.rows.changes(), checkpoint: this.checkpoint });
    this.written += this.rows.dirtyCount;
    this.rows.committed();
    this.uncommitted = 0;
  }

  async caughtUp(): Promise<void> {
    this.isLive = this.context.mode === "live";
  }

  get rowsUnderWay(): RowsUnderWay {
    return { written: this.written, waiting: this.rows.dirtyCount };
  }

  private get isFull(): boolean {
    const { liveBatch, rebuildRows, rebuildBatch } = this.readModel.limits;
    const batch = this.isLive ? liveBatch : this.context.mode === "live" ? 20 * liveBatch : rebuildBatch;
    if (this.uncommitted >= batch) return true;
    // Rows that were looked for in vain change nothing, and take room all the same.
    return !this.isLive && (this.rows.dirtyCount >= rebuildRows || this.rows.size >= 2 * rebuildRows);
  }

  /** Keys up to the first event that has none. */
  private keysOf(events: Page): { keys: (string | readonly string[])[]; failure?: Error } {
    const keys: (string | readonly string[])[] = [];
    for (const recorded of events)
      try {
        keys.push(this.readModel.rowKeysOf(recorded));
      } catch (error) {
        return { keys, failure: this.readModel.failureOf(recorded, error) };
      }
    return { keys };
  }

  /** Folds up to the first event that fails. */
  private foldAll(events: Page, keys: readonly (string | readonly string[])[]): { count: number; failure?: Error } {
    for (let count = 0; count < keys.length; count++)
      try {
        const own = keys[count]!;
        if (typeof own === "string") this.fold(events[count]!, own);
        else this.foldEach(events[count]!, own);
      } catch (error) {
        return { count, failure: this.readModel.failureOf(events[count]!, error) };
      }
    return { count: keys.length };
  }

  private fold(recorded: RecordedEvent, key: string): void {
    const entry = this.rows.at(key);
    this.write(entry, this.readModel.fold(recorded, entry.row, key));
  }

  /** All of its rows or, when one cannot be folded, none. */
  private foldEach(recorded: RecordedEvent, keys: readonly string[]): void {
    const entries = keys.map((key) => this.rows.at(key));
    const next = entries.map(({ key, row }) => this.readModel.fold(recorded, row, key));
    for (const [i, entry] of entries.entries()) this.write(entry, next[i]);
  }

  private write(entry: Entry<Row>, next: Row | undefined): void {
    if (next !== undefined || entry.row !== undefined) this.rows.write(entry, next);
  }

  private advance(last: RecordedEvent, count: number): void {
    this.checkpoint = {
      ...this.checkpoint,
      position: last.position,
      handled: this.checkpoint.handled + count,
      recordedAtMs: last.recordedAtMs,
    };
    // A tick is no event to count, but to have passed it is worth a commit.
    this.uncommitted += Math.max(1, count);
  }
}
