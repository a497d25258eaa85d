/** Folds a part of history: the events whose rows have a key in one part, as if there were no other rows. */

import type { RecordedEvent, Upcasters } from "../message/index.js";
import type { DeclaredClass } from "../model/index.js";
import type { Page } from "../store/event-store.js";
import { partOf, type KeyPart, type Part } from "../store/key-part.js";
import { tickType, type Checkpoint } from "../subscription/index.js";
import { byAggregateId, byCorrelationId } from "./decorators.js";
import { ProjectionReadModel, type ProjectionLimits, type RowWriterContext } from "./projection-read-model.js";

export interface PartFoldingOptions extends Omit<RowWriterContext, "mode"> {
  /** Up to where to read, that included. It is asked for at each page: it may come nearer meanwhile. */
  readonly through: () => bigint;
  /** Called after each page with the events folded, and the position that was reached. */
  readonly onProgress: (events: number, position: bigint) => void;
}

/** An event of a part could not be folded, as `cause` says. */
export class PartFailed extends Error {
  constructor(
    readonly position: bigint,
    override readonly cause: unknown,
  ) {
    super(`failed at ${position}`);
  }
}

/**
 * Reads the log from its beginning and commits the rows of the part.
 * @returns where the part stands: its last event, and how many there were; one with rows in several parts counts in one
 * @throws PartFailed at the first event of the part that cannot be folded, or has no key
 */
export async function foldPart(projection: ProjectionPart, options: PartFoldingOptions): Promise<Checkpoint> {
  const { store, signal, through, onProgress } = options;
  const writer = await projection.open({ ...options, mode: "rebuild" });
  const stand = () => ({ ...writer.checkpoint, handled: writer.checkpoint.handled - projection.guests });
  for await (const page of store.readLog({
    filter: projection.filter,
    signal,
    repeatedly: true,
    part: projection.partOfLog,
  })) {
    const reached = page.at(-1)!.position;
    const isBeyond = reached > through();
    const own = projection.ownOf(isBeyond ? page.filter(({ position }) => position <= through()) : page);
    try {
      if (own.length > 0) await writer.handle(own);
    } catch (error) {
      const { position: before = -1n } = writer.checkpoint;
      const failed = own.find(({ type, position }) => type !== tickType && position > before);
      throw failed ? new PartFailed(failed.position, error) : error;
    }
    onProgress(stand().handled, reached);
    if (isBeyond) break;
  }
  await writer.flush();
  return stand();
}

/** Where a generation stands when all parts are written: as far as the furthest of them, after the events of all. */
export const wholeOf = (beginning: Checkpoint, parts: readonly Checkpoint[]): Checkpoint =>
  parts.reduce((whole, part) => {
    const { position, recordedAtMs } = (part.position ?? -1n) > (whole.position ?? -1n) ? part : whole;
    return { ...whole, position, recordedAtMs, handled: whole.handled + part.handled };
  }, beginning);

/** A projection that has the rows of one part, and no others. */
export class ProjectionPart extends ProjectionReadModel {
  /** Events folded so far that count in another part, where the first of their keys is. */
  guests = 0;
  /** Of events that have other keys as well; of all where some type has keys of its own, which may take its data to know. */
  private readonly keys = new Map<RecordedEvent, string | readonly string[]>();

  constructor(
    declared: DeclaredClass,
    upcasters: Upcasters,
    limits: ProjectionLimits,
    private readonly part: Part,
  ) {
    super(declared, upcasters, limits);
  }

  /** What a store knows of the key without decoding an event; of a function of somebody's own nothing. */
  get partOfLog(): KeyPart | undefined {
    if (this.hasOwnKeys) return undefined;
    if (this.keyOf === byAggregateId) return { ...this.part, by: "aggregateId" };
    if (this.keyOf === byCorrelationId) return { ...this.part, by: "correlationId" };
    return undefined;
  }

  /** Those events of a page that the part is to handle. What has no key fails in whichever part comes across it. */
  ownOf(page: Page): Page {
    this.keys.clear();
    return page.filter((recorded) => recorded.type === tickType || this.isOwn(recorded));
  }

  /** Those keys alone that are in the part. */
  override rowKeysOf(recorded: RecordedEvent): string | readonly string[] {
    return this.keys.get(recorded) ?? super.rowKeysOf(recorded);
  }

  private isOwn(recorded: RecordedEvent): boolean {
    let keys: string | readonly string[];
    try {
      keys = super.rowKeysOf(recorded);
    } catch {
      return true;
    }
    const [first, rest] = typeof keys === "string" ? [keys, undefined] : [keys[0], keys];
    const isHome = this.isIn(first);
    const own = rest?.filter((key) => this.isIn(key));
    if (!isHome && !own?.length) return false;
    if (own || this.hasOwnKeys) this.keys.set(recorded, own ?? keys);
    if (!isHome) this.guests++;
    return true;
  }

  private isIn(key: string | undefined): boolean {
    return partOf(key, this.part.of) === this.part.index;
  }
}
