/** What is known of a case besides its row: its events, its flags, and how far the log has been judged. */

import type { RecordedEvent } from "../message/index.js";
import type { Generation } from "../projection/read-model-store.js";
import type { EventStore } from "../store/event-store.js";
import type { Case } from "./case.js";
import type { ObserverState } from "./observer-state.js";
import { isControl } from "./control-events.js";
import type { DefinitionsInForce } from "./definitions.js";
import { flagCategoryOf, flagTypePrefix, type FlagData } from "./flag-stream.js";
import { nameOf, valueAt } from "./path.js";
import { hashOfDeclared } from "./rows.js";
import { nameOfRun, runOf, type Run } from "./runs.js";
import { holds, type FlagKind, type Slot } from "./slot.js";
import type { SlotDefinition } from "./terms.js";

/** A flag that is recorded. */
export interface RecordedFlag {
  readonly kind: FlagKind;
  /** `payment`, `payment#2`; absent for what is on the observer itself. */
  readonly run: string | undefined;
  readonly data: FlagData;
  readonly event: RecordedEvent;
}

export class Evidence {
  /** Events of domains, in the order of the log. */
  readonly events: readonly RecordedEvent[];
  /** Of this observer. */
  readonly flags: readonly RecordedFlag[];
  /** The time that decides, as the log says it; absent before the first event. */
  readonly nowMs: number | undefined;
  /** Of the definitions that the case was judged by, oldest first. Flags of others are of what served before. */
  readonly hashes: ReadonlySet<string>;
  private readonly offsetMs: number;
  private readonly byId: ReadonlyMap<string, RecordedEvent>;

  /** @param recorded everything that is known to be recorded of the case, in the order of the log */
  constructor(
    store: Pick<EventStore, "streamPrefix">,
    readonly definitions: DefinitionsInForce,
    readonly found: Case,
    serving: Generation,
    readonly recorded: readonly RecordedEvent[],
    private readonly dataOf: (event: RecordedEvent) => unknown,
  ) {
    const { name, timeBase } = definitions.inForce;
    const { offsetMs = 0, logTimeMs, businessTimeMs } = (serving.checkpoint?.state ?? {}) as Partial<ObserverState>;
    this.offsetMs = offsetMs;
    const nowMs = timeBase === "occurred" ? businessTimeMs : logTimeMs;
    this.nowMs = typeof nowMs === "number" ? nowMs - offsetMs : undefined;
    this.position = serving.checkpoint?.position ?? -1n;
    const { chain, current } = definitions;
    this.hashes = new Set([...chain.slice(0, current + 1).map(({ hash }) => hash), hashOfDeclared(serving.definition)]);
    this.byId = new Map(recorded.map((event) => [event.id, event]));
    this.events = recorded.filter(
      ({ type, streamName }) => !streamName.startsWith(store.streamPrefix) && !isControl(type),
    );
    const category = `${flagCategoryOf(store)}-`;
    this.flags = recorded.flatMap((event) => {
      const data = event.data as FlagData;
      if (!event.streamName.startsWith(category) || data.observer !== name || data.case !== found.key) return [];
      if (!this.hashes.has(data.definition)) return [];
      const kind = event.type.slice(flagTypePrefix.length) as FlagKind;
      return [{ kind, run: data.slot === undefined ? undefined : nameOfRun(data as Run), data, event }];
    });
  }

  /** Up to where the log has been judged. */
  readonly position: bigint;

  /** A time as the observer counts it, as the log says it. */
  inLog(ms: number): number {
    return ms - this.offsetMs;
  }

  event(id: string | undefined): RecordedEvent | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }

  /** When the event counts. */
  timeOf({ occurredAtMs, recordedAtMs, firstRecordedAtMs }: RecordedEvent): number {
    if (this.definitions.inForce.timeBase === "recorded") return firstRecordedAtMs;
    return occurredAtMs ?? recordedAtMs;
  }

  termsOf(run: string): SlotDefinition | undefined {
    return this.definitions.slotIn(this.found, runOf(run).slot)?.terms;
  }

  flagsOf(run: string): readonly RecordedFlag[] {
    return this.flags.filter((flag) => flag.run === run);
  }

  /** Events of these types that concern the run, as far as they tell; of several rounds, nobody can. */
  among(types: readonly string[], run: string, slot: Slot, terms: SlotDefinition): readonly RecordedEvent[] {
    const { pair } = runOf(run);
    if (terms.repeats === "round" && this.found.slots[`${terms.name}#2`]) return [];
    return this.events.filter((event) => {
      if (!types.includes(event.type)) return false;
      const isCounterpart = terms.counterpart.includes(event.type);
      if (isCounterpart && slot.trigger !== undefined && !this.belongs(terms, slot, event)) return false;
      if (pair === undefined || !terms.per) return true;
      const { trigger, counterpart, unless } = terms.per;
      const path = isCounterpart ? counterpart : terms.unless.includes(event.type) ? unless : trigger;
      return path === undefined || nameOf(valueAt(event, this.readable(event), path)) === pair;
    });
  }

  /** What the event says, in its present shape; or why nobody can tell. */
  said(event: RecordedEvent): { readonly data: unknown } | { readonly problem: string } {
    try {
      return { data: this.dataOf(event) };
    } catch (error) {
      return { problem: (error as Error).message };
    }
  }

  private belongs({ where }: SlotDefinition, { trigger }: Slot, event: RecordedEvent): boolean {
    try {
      return holds(where, trigger, this.dataOf(event));
    } catch {
      // That it throws stops the observer, in sight; here it only means that nobody can tell.
      return true;
    }
  }

  private readable(event: RecordedEvent): unknown {
    try {
      return this.dataOf(event);
    } catch {
      return undefined;
    }
  }
}
