/** Where imported history goes: which stream, event type and id each event of a file gets. */

import { InvalidConfiguration } from "../../src/errors.js";
import { derivedId } from "../../src/message/index.js";
import type { EventData } from "../../src/store/index.js";
import type { SpilledEvent } from "./spill.js";

export interface AddressingOptions {
  /** `loan` puts the trace 173688 into the stream `loan-173688`. */
  readonly category: string;
  /** Put before each activity to make the event type: `loan.` makes `loan.A_SUBMITTED`. Nothing unless stated. */
  readonly typePrefix?: string | undefined;
}

const longestTraceName = 256;
const longestType = 256;
const controlCharacter = /\p{Cc}/u;

export class Addressing {
  private readonly category: string;
  private readonly typePrefix: string;

  /** @throws InvalidConfiguration */
  constructor({ category, typePrefix = "" }: AddressingOptions) {
    const problems: string[] = [];
    if (!/^[^\s$-][^\s-]*$/u.test(category) || controlCharacter.test(category))
      problems.push(
        `The category is ${JSON.stringify(category)}, expected a word without "-" or blanks that does not begin with "$", such as loan.`,
      );
    if (controlCharacter.test(typePrefix) || typePrefix.startsWith("$"))
      problems.push(
        `The type prefix is ${JSON.stringify(typePrefix)}, expected text without control characters that does not begin with "$", such as loan.`,
      );
    if (problems.length > 0) throw new InvalidConfiguration(problems);
    this.category = category;
    this.typePrefix = typePrefix;
  }

  /** Why no stream can have this trace's name; `undefined` when one can. */
  refusedTrace(name: string): string | undefined {
    if (name.length > longestTraceName)
      return `its concept:name has ${name.length} characters, a stream takes at most ${longestTraceName}`;
    if (controlCharacter.test(name)) return "its concept:name has control characters, a stream name has none";
    return name.trim() === "" ? "its concept:name is blank, a stream needs a name" : undefined;
  }

  /** Why no event type can be made of this activity; `undefined` when one can. */
  refusedActivity(activity: string): string | undefined {
    const type = this.typeOf(activity);
    if (type.length > longestType)
      return `its event type has ${type.length} characters, expected at most ${longestType}`;
    if (controlCharacter.test(type)) return "its concept:name has control characters, an event type has none";
    if (type.startsWith("$")) return `its event type ${type} begins with "$", as only the store's own do; use a prefix`;
    return activity.trim() === "" ? "its concept:name is blank, an event needs a type" : undefined;
  }

  streamOf(traceName: string): string {
    return `${this.category}-${traceName}`;
  }

  typeOf(activity: string): string {
    return this.typePrefix + activity;
  }

  /** What names the file's events when its log has no name. Not the file's name, which changes more easily. */
  get fallbackSource(): string {
    return this.category;
  }
}

/** The same event of the same source always gets the same id. */
export const idOf = (source: string, { traceName, idx }: SpilledEvent): string =>
  derivedId("import", source, traceName, idx);

/** The event as it is appended. */
export function eventDataOf(event: SpilledEvent, source: string, addressing: Addressing): EventData {
  const data = JSON.parse(event.data) as object;
  return {
    id: idOf(source, event),
    type: addressing.typeOf(event.activity),
    data: event.traceAttributes === null ? data : { ...data, trace: JSON.parse(event.traceAttributes) as object },
    metadata: {
      $correlationId: event.traceName,
      occurredAt: new Date(event.at).toISOString(),
      imported: true,
    },
  };
}
