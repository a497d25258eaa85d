/** Feeds plain records to the real observer, with a real read model and a real log for the flags. */

import { RecordedEvent } from "../../src/message/index.js";
import { recordRole, roleOf } from "../../src/model/index.js";
import {
  casePrefix,
  Expectation,
  flagTypePrefix,
  ObserverReadModel,
  type Case,
  type FlagData,
  type ObserverLimits,
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

/** The observer that the oracle's terms describe. */
export function observerOf(slots: readonly SlotTerms[], limits?: ObserverLimits): ObserverReadModel {
  const [{ observer, timeBase, latenessMs, live, includeImported, toleranceMs }] = slots as [SlotTerms];
  const type = class {
    constructor() {
      for (const { slot, trigger, counterpart, unless, withinMs, max } of slots)
        Object.assign(this, {
          [slot]: new Expectation({
            trigger,
            counterpart,
            unless,
            withinMs,
            ...(max !== undefined && { max: Number(max) }),
          }),
        });
    }
  };
  const options: ObserverOptions = {
    name: observer,
    timeBase,
    ...(latenessMs !== undefined && { lateness: { milliseconds: latenessMs } }),
    ...(toleranceMs !== undefined && { tolerance: { milliseconds: toleranceMs } }),
    ...(live !== undefined && { live }),
    ...(includeImported !== undefined && { includeImported }),
  };
  recordRole(type, "observer", options);
  return new ObserverReadModel({ type, role: roleOf(type)!, uses: [] }, { limits });
}

export const recordedEvent = (record: LogRecord): RecordedEvent =>
  new RecordedEvent(
    record.id,
    `some-${record.correlationId ?? "none"}`,
    record.type,
    0,
    record.position,
    record.recordedAtMs,
    1,
    record.correlationId ?? undefined,
    record.occurredAtMs,
    record.imported ?? false,
    "application/json",
    {},
    () => undefined,
  );

/** A flag event as the oracle says it. */
export function flagRecordOf(type: string, data: FlagData): FlagRecord {
  const { observer, slot, case: name, sequence, deadline, eventId, occurredInTime } = data;
  const kind = type.slice(flagTypePrefix.length) as FlagRecord["kind"];
  return {
    observer,
    slot: slot!,
    case: name!,
    kind,
    sequence,
    ...(kind === "Missing" ? { deadline: deadline! } : { eventId: eventId! }),
    ...(occurredInTime !== undefined && { occurredInTime }),
  };
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
    const fed = new FedObserver(observerOf(slots, limits), store, readModels, lease!);
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
