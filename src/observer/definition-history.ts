/** Which definition is in force where in the log, as far as it is on record. */

import { ReadModelOutdated } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { ObserverDefinedData, RecordedDefinition } from "./definition-log.js";
import type { ObserverDefinition } from "./definition.js";
import { DefinitionsInForce } from "./definitions.js";
import { declaredDefinition } from "./rows.js";

export class DefinitionHistory {
  /** From the last definition on that concerns all of history. */
  private readonly chain: readonly RecordedDefinition[];
  /** `undefined` while the definition is not on record. */
  private readonly definedAt: bigint | undefined;

  /**
   * @param own the definition of the code; judged by from the beginning while it is not on record
   * @param recorded what is on record, oldest first
   */
  constructor(
    readonly own: ObserverDefinition,
    private readonly recorded: readonly RecordedDefinition[],
  ) {
    const isRecorded = recorded.some(({ definition }) => definition.hash === own.hash);
    const first = Math.max(
      0,
      recorded.findLastIndex(({ definition }) => definition.applyTo === "all"),
    );
    this.chain = isRecorded ? recorded.slice(first) : [{ definition: own, position: -1n, after: undefined }];
    this.definedAt = isRecorded ? this.chain[0]!.position : undefined;
  }

  inForceAt(place: number): DefinitionsInForce {
    return new DefinitionsInForce(
      this.chain.map(({ definition }) => definition),
      place,
    );
  }

  /**
   * What is in force from an `ObserverDefined` on; `undefined` where it changes nothing here.
   * @throws ReadModelOutdated when it records a version that the code does not know
   */
  definedBy(event: RecordedEvent, current: number): DefinitionsInForce | undefined {
    const { observer, version, hash } = (event.data ?? {}) as Partial<ObserverDefinedData>;
    const { own, chain, recorded } = this;
    if (observer !== own.name) return undefined;
    const place = chain.findIndex(({ position }) => position === event.position);
    if (place >= 0) return place > current ? this.inForceAt(place) : undefined;
    if (
      version === undefined ||
      hash === undefined ||
      version <= own.version ||
      recorded.some(({ position }) => position === event.position)
    )
      return undefined;
    const [declared, built] = [own, { version, hash }].map((each) => ({
      version: each.version,
      definition: declaredDefinition(each.hash),
    }));
    throw new ReadModelOutdated(observer, declared!, built!);
  }

  /**
   * Whether what is decided at this position follows from what had been recorded before the observer was defined. Where
   * its definition is an event of the log, that moves time on to itself, and what was due before is history too.
   */
  isBackfill(position: bigint): boolean {
    return this.definedAt === undefined || position <= (this.chain[0]!.after ?? -1n);
  }

  /** True for an observer that begins with the log. */
  get beginsAtOnce(): boolean {
    return this.chain[0]!.definition.from === undefined;
  }

  /** Where the log may be read from. */
  get startsAfter(): bigint | undefined {
    const [{ definition, after }] = this.chain as readonly [RecordedDefinition];
    return definition.from === "now" ? after : undefined;
  }

  /** Whether the observer begins with this event, if it has not begun before. */
  beginsWith({ position, firstRecordedAtMs }: RecordedEvent): boolean {
    const { from } = this.chain[0]!.definition;
    if (from === undefined) return true;
    if (from === "now") return this.definedAt !== undefined && position >= this.definedAt;
    return "position" in from ? position >= BigInt(from.position) : firstRecordedAtMs >= Date.parse(from.time);
  }
}
