/** Feeds plain records to the real observer, with a real read model and a real log for the flags. */

import { contentsOf, RecordedEvent } from "../../src/message/index.js";
import { recordRole, roleOf } from "../../src/model/index.js";
import {
  casePrefix,
  Expectation,
  flagTypePrefix,
  ObserverReadModel,
  type Case,
  type FlagData,
  type ObserverLimits,
  type ObserverReadModelOptions,
} from "../../src/observer/index.js";
import type { ObserverOptions } from "../../src/observer/decorators.js";
import type { GenerationWriter, ReadModelStore } from "../../src/projection/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { MemoryEventStore, type EventStore } from "../../src/store/index.js";
import type { Lease } from "../../src/subscription/index.js";
import type { FlagRecord, LogRecord, SlotTerms } from "../oracle/records.js";

/** Whenever "a", expect "b" within 10 ms: the terms that a test states otherwise where it matters. */
export const plainTerms: SlotTerms = {
  observer: "watch",
  slot: "slot",
  trigger: ["a"],
  counterpart: ["b"],
  unless: [],
  withinMs: 10,
  timeBase: "recorded",
  tickType: "observer.ClockTick",
};

/** What a class needs besides the oracle's terms, where a test declares one after the other. */
export interface Declared {
  readonly version?: number;
  readonly applyTo?: ObserverOptions["applyTo"];
  readonly previous?: ObserverOptions["previous"];
}

const sameIn =
  (field: string) =>
  (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean =>
    a[field] === b[field];

function expectationOf(slot: SlotTerms, predecessor: Expectation | undefined): Expectation {
  const { trigger, counterpart, unless, withinMs, min, max, where, agreeing, orphanWithinMs, escalateMs, per } = slot;
  const paths = typeof per === "string" ? { trigger: per, counterpart: per, unless: per } : per;
  return new Expectation(
    {
      trigger,
      counterpart,
      unless,
      withinMs,
      ...(max !== undefined && { max }),
      ...(min !== undefined && min !== 1 && { min }),
      ...(orphanWithinMs !== undefined && { orphanWithinMs }),
      ...(slot.inOrder && { inOrder: true }),
      ...(slot.flagRepeats && { repeats: "flag" }),
      ...(slot.eachTime && { repeats: "round" }),
      ...(slot.flagDoneAfterCancel && { flagDoneAfterCancel: true }),
      ...(escalateMs && { escalateMs }),
      ...(paths && { per: paths }),
    },
    {
      predicates: { ...(where && { where: sameIn(where) }), ...(agreeing && { agreeing: sameIn(agreeing) }) },
      ...(predecessor && { predecessor }),
    },
  );
}

/** The class of the observer that the oracle's terms describe. */
export function observerClass(slots: readonly SlotTerms[], declared: Declared = {}): new () => object {
  const [
    {
      observer,
      timeBase,
      latenessMs,
      live,
      includeImported,
      toleranceMs,
      key,
      keys,
      closeAfterMs,
      forgetAfterMs,
      from,
    },
  ] = slots as [SlotTerms];
  const type = class {
    constructor() {
      const fields = this as unknown as Record<string, Expectation>;
      // A slot comes after those that it refers to, whatever the order of the terms.
      for (const left = [...slots]; left.length > 0;) {
        const next = left.findIndex(({ after }) => after === undefined || fields[after]);
        const [slot] = left.splice(next, 1) as [SlotTerms];
        fields[slot.slot] = expectationOf(slot, slot.after === undefined ? undefined : fields[slot.after]);
      }
    }
  };
  const ms = (milliseconds: number | undefined) => (milliseconds === undefined ? undefined : { milliseconds });
  const options = {
    name: observer,
    timeBase,
    live,
    includeImported,
    key,
    keys,
    from,
    lateness: timeBase === "occurred" ? ms(latenessMs) : undefined,
    tolerance: ms(toleranceMs),
    closeAfter: ms(closeAfterMs),
    forgetAfter: ms(forgetAfterMs),
    ...declared,
  };
  const stated = Object.entries(options).filter(([, value]) => value !== undefined);
  recordRole(type, "observer", Object.fromEntries(stated) as unknown as ObserverOptions);
  return type;
}

/** The observer that the oracle's terms describe. */
export function observerOf(
  slots: readonly SlotTerms[],
  { declared, ...options }: ObserverReadModelOptions & { readonly declared?: Declared } = {},
): ObserverReadModel {
  const type = observerClass(slots, declared);
  return new ObserverReadModel({ type, role: roleOf(type)!, uses: [] }, options);
}

export const recordedEvent = (record: LogRecord): RecordedEvent => {
  const metadata = { ...record.metadata, ...(record.correlationId && { $correlationId: record.correlationId }) };
  return new RecordedEvent(
    record.id,
    record.streamName ?? `some-${record.correlationId ?? "none"}`,
    record.type,
    0,
    record.position,
    record.recordedAtMs,
    1,
    record.correlationId ?? undefined,
    record.occurredAtMs,
    record.imported ?? false,
    "application/json",
    // As it comes out of a log.
    contentsOf(JSON.parse(JSON.stringify(record.data ?? {})), () => JSON.parse(JSON.stringify(metadata)) as unknown),
  );
};

const namesDeadline = new Set(["Missing", "Orphan", "Escalated"]);

/** A flag event as the oracle says it. */
export function flagRecordOf(type: string, data: FlagData): FlagRecord {
  const { observer, slot = "", case: name = "", sequence, deadline, eventId, occurredInTime } = data;
  const { round, pair, step, count, reason, differenceMs } = data;
  const kind = type.slice(flagTypePrefix.length) as FlagRecord["kind"];
  const said = {
    ...(namesDeadline.has(kind) && { deadline }),
    eventId,
    occurredInTime,
    round,
    pair,
    step,
    count,
    reason,
    differenceMs,
  };
  const stated = Object.entries(said).filter(([, value]) => value !== undefined);
  return { observer, slot, case: name, kind, sequence, ...Object.fromEntries(stated) } as FlagRecord;
}

/** An observer at work, which can be killed and opened again between any two pages. */
export class FedObserver {
  private writer!: GenerationWriter;

  private constructor(
    readonly readModel: ObserverReadModel,
    readonly store: EventStore,
    readonly readModels: ReadModelStore,
    private readonly lease: Lease,
  ) {}

  static async open(
    slots: readonly SlotTerms[],
    store: EventStore = new MemoryEventStore(),
    limits?: ObserverLimits,
  ): Promise<FedObserver> {
    const readModels = await openSqliteReadModelStore({ file: ":memory:" });
    const lease = await readModels.acquire("feeder", "test", 60_000);
    const fed = new FedObserver(observerOf(slots, { limits }), store, readModels, lease!);
    await fed.reopen();
    return fed;
  }

  /** Forgets what was not committed; returns the position to go on after. */
  async reopen(): Promise<bigint | undefined> {
    const { readModel, readModels, store, lease } = this;
    const generation = await readModels.openActive(readModel.declaration, lease);
    const signal = new AbortController().signal;
    const fail = (error: unknown) => {
      throw error;
    };
    this.writer = await readModel.open({ generation, lease, mode: "rebuild", readModels, store, signal, fail });
    return generation.checkpoint?.position;
  }

  handle(records: readonly LogRecord[]): Promise<void> {
    const types = new Set(this.readModel.definition.eventTypes);
    const page = records.filter(({ type }) => types.has(type)).map(recordedEvent);
    return page.length > 0 ? this.writer.handle(page) : Promise.resolve();
  }

  flush(): Promise<void> {
    return this.writer.flush();
  }

  async flags(): Promise<FlagRecord[]> {
    const flags: FlagRecord[] = [];
    for await (const page of this.store.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))
      flags.push(...page.map(({ type, data }) => flagRecordOf(type, data as FlagData)));
    return flags;
  }

  async cases(): Promise<Map<string, Case>> {
    const cases = new Map<string, Case>();
    const generation = (await this.readModels.activeGeneration(this.readModel.declaration.name))!;
    for await (const page of this.readModels.allRows(generation))
      for (const [key, row] of Object.entries(casesIn(Object.fromEntries(page.map((each) => [each.key, each.row])))))
        cases.set(key, row);
    return cases;
  }
}

/** The cases among an observer's rows, by their keys. */
export const casesIn = (rows: Readonly<Record<string, object>>): Record<string, Case> =>
  Object.fromEntries(
    Object.entries(rows).flatMap(([key, row]) =>
      key.startsWith(casePrefix) ? [[key.slice(casePrefix.length), row as Case]] : [],
    ),
  );

export const sortedFlags = (flags: readonly FlagRecord[]): FlagRecord[] =>
  flags.toSorted((a, b) => (a.case === b.case ? a.sequence - b.sequence : a.case < b.case ? -1 : 1));
