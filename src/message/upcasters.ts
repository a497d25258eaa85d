/** Upcasters: how an old shape of an event becomes the present one, registered by stored type and version. */

import { EventTooNew, UndecodableEvent } from "../errors.js";
import { makeMessage, type AnyEvent, type EventClass } from "./message.js";
import { jsonContentType, type RecordedEvent } from "./recorded-event.js";

/** One step: data of version `from` in, data of version `from + 1` out. */
export interface Upcaster {
  readonly type: string;
  readonly from: number;
  readonly upcast: (data: never) => object;
}

/** Declares a step: `upcaster("ordering.OrderPlaced", { from: 1 }, (old: { amount: string }) => ({ … }))`. It must be pure. */
export function upcaster<Old>(type: string, { from }: { from: number }, upcast: (data: Old) => object): Upcaster {
  return { type, from, upcast: upcast as Upcaster["upcast"] };
}

/** Each version but the first has an upcaster of its own, so a date or a build number is none. */
const greatestVersion = 1_000;

const isVersion = (version: number) => Number.isSafeInteger(version) && version >= 1 && version <= greatestVersion;

/** What is known of the stored types: their present version and the steps that lead there. */
export class Upcasters {
  private readonly steps = new Map<string, Map<number, Upcaster>>();
  private readonly versions = new Map<string, number>();
  /** Types with a class or a step here. What others write may have version numbers of their own. */
  private readonly known = new Set<string>();
  /** What is wrong with the registrations; the model's check reports it. */
  readonly problems: readonly string[];

  constructor(upcasters: readonly Upcaster[] = [], classes: readonly EventClass[] = []) {
    const problems: string[] = [];
    for (const step of upcasters) {
      if (!isVersion(step.from)) {
        problems.push(
          `An upcaster of ${step.type} starts from version ${step.from}. Versions are whole numbers from 1 to ${greatestVersion}.`,
        );
        continue;
      }
      const ofType = this.steps.get(step.type) ?? new Map<number, Upcaster>();
      this.steps.set(step.type, ofType);
      this.known.add(step.type);
      if (ofType.has(step.from)) problems.push(`${step.type} has two upcasters from version ${step.from}. Keep one.`);
      ofType.set(step.from, step);
    }
    for (const { type, version } of classes) {
      this.known.add(type);
      if (version === undefined) continue;
      const known = this.versions.get(type);
      if (!isVersion(version)) {
        problems.push(`${type} declares version ${version}. Versions are whole numbers from 1 to ${greatestVersion}.`);
        continue;
      }
      if (known !== undefined && known !== version)
        problems.push(
          `${type} is declared with versions ${known} and ${version}. Readers' contracts may leave theirs out.`,
        );
      this.versions.set(type, version);
    }
    for (const [type, ofType] of this.steps) {
      const latest = Math.max(...ofType.keys()) + 1;
      const declared = this.versions.get(type) ?? latest;
      if (declared !== latest)
        problems.push(
          `${type} has version ${declared}, its upcasters lead to ${latest}. Add the missing steps or correct the version.`,
        );
      this.versions.set(type, Math.max(declared, latest));
    }
    for (const [type, version] of this.versions)
      for (let from = 1; from < version; from++)
        if (!this.steps.get(type)?.has(from))
          problems.push(`${type} has version ${version} but no upcaster from version ${from}. Register one.`);
    this.problems = problems;
  }

  /** The version that events of `type` have after upcasting. */
  versionOf(type: string): number {
    return this.versions.get(type) ?? 1;
  }

  /** The steps that lead to the present version, in order. */
  stepsOf(type: string): readonly Upcaster[] {
    return [...(this.steps.get(type)?.values() ?? [])].toSorted((a, b) => a.from - b.from);
  }

  /**
   * Data of a recorded event in the present shape of its type; as stored, where the type is known by its name alone.
   * @throws EventTooNew when it was recorded with a version that is not known here.
   * @throws UndecodableEvent when a step throws or returns no object.
   */
  dataOf(recorded: RecordedEvent): unknown {
    const present = this.versions.get(recorded.type) ?? 1;
    if (recorded.schemaVersion === present || !this.known.has(recorded.type)) return recorded.data;
    if (recorded.schemaVersion > present)
      throw new EventTooNew(
        recorded.type,
        recorded.schemaVersion,
        present,
        `${recorded.streamName}, revision ${recorded.revision}`,
      );
    let data = recorded.data;
    for (let from = recorded.schemaVersion; from < present; from++) data = this.step(recorded, from, data);
    return data;
  }

  /** The event with its data in the present shape. @throws EventTooNew, UndecodableEvent */
  presented(recorded: RecordedEvent): RecordedEvent {
    const isPresent = recorded.schemaVersion === (this.versions.get(recorded.type) ?? 1);
    return isPresent || !this.known.has(recorded.type) ? recorded : recorded.withData(this.dataOf(recorded));
  }

  /**
   * A recorded event as an immutable instance of its class.
   * @throws EventTooNew, UndecodableEvent
   */
  decode<E extends AnyEvent>(recorded: RecordedEvent, type: EventClass<E>): E {
    const data = this.dataOf(recorded);
    if (typeof data !== "object" || data === null || ArrayBuffer.isView(data))
      throw new UndecodableEvent(
        recorded.streamName,
        recorded.revision,
        recorded.type,
        `is ${recorded.contentType === jsonContentType ? "not a JSON object" : recorded.contentType}; ${type.name} needs one. Read it without a class, or correct its writer.`,
      );
    return makeMessage(type, data);
  }

  private step(recorded: RecordedEvent, from: number, data: unknown): object {
    const found = this.steps.get(recorded.type)?.get(from);
    const failed = (reason: string, cause?: unknown) =>
      new UndecodableEvent(recorded.streamName, recorded.revision, recorded.type, reason, { cause });
    if (!found) throw failed(`has version ${from} and no upcaster leads on from there. Register one.`);
    try {
      const next = found.upcast(data as never);
      if (typeof next === "object" && next !== null) return next;
    } catch (error) {
      throw failed(`could not be upcast from version ${from}: ${String(error)}. Correct the upcaster.`, error);
    }
    throw failed(`was upcast from version ${from} to something that is no object. Correct the upcaster.`);
  }
}
