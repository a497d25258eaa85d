/** What the cases of the store's contract share: names of their own, events to append, ways to collect. */

import { RollcallError } from "../../errors.js";
import { randomId, type RecordedEvent } from "../../message/index.js";
import type {
  AppendResult,
  EventData,
  EventStore,
  ExpectedRevision,
  Page,
  SubscriptionMessage,
} from "../../store/event-store.js";

/** One case's view of a store that others use too. */
export class ContractFixture {
  /** Begins every stream and type name of this case. */
  readonly prefix = `contract${randomId().replaceAll("-", "")}`;
  private counter = 0;

  constructor(
    readonly store: EventStore,
    readonly reopen?: () => Promise<EventStore>,
  ) {}

  /** A stream that is not there yet. */
  newStream(): string {
    return `${this.prefix}-${++this.counter}`;
  }

  event(changes: Partial<EventData> = {}): EventData {
    return { id: randomId(), type: `${this.prefix}.Happened`, data: { number: ++this.counter }, ...changes };
  }

  events(count: number): EventData[] {
    return Array.from({ length: count }, () => this.event());
  }

  append(
    streamName: string,
    events: readonly EventData[],
    expectedRevision: ExpectedRevision = "no_stream",
  ): Promise<AppendResult> {
    return this.store.append(streamName, events, { expectedRevision });
  }

  /** Filter for the events of this case. */
  get own() {
    return { streamPrefixes: [this.prefix] };
  }

  /** Reads a whole stream. */
  stream(streamName: string): Promise<RecordedEvent[]> {
    return eventsOf(this.store.readStream(streamName));
  }

  /** Appends one event and reads it back. */
  async roundTrip(changes: Partial<EventData>): Promise<RecordedEvent> {
    const streamName = this.newStream();
    await this.append(streamName, [this.event(changes)]);
    return (await this.stream(streamName))[0]!;
  }
}

/** The fixture of the case that runs. */
export type Fixture = () => ContractFixture;

/** All events of all pages. @throws Error on an empty page. */
export async function eventsOf(pages: AsyncIterable<Page>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of pages) {
    if (page.length === 0) throw new Error("A page is never empty.");
    events.push(...page);
  }
  return events;
}

export const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);

/** Follows until `enough` events came and, after them, `caughtUp`. */
export async function follow(
  messages: AsyncIterable<SubscriptionMessage>,
  enough: number,
  perPage?: (events: Page) => Promise<void>,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const message of messages) {
    if (message.kind === "caughtUp") {
      if (events.length >= enough) return events;
      continue;
    }
    events.push(...message.events);
    await perPage?.(message.events);
  }
  return events;
}

/** The error that a promise rejects with. @throws Error when it resolves, or rejects with what is not ours. */
export async function rejection(promise: Promise<unknown>): Promise<RollcallError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RollcallError) return error;
    throw error;
  }
  throw new Error("Expected a rejection, found none.");
}

/** Tries `read` until `isDone`, as some answers of a remote store come a little later than its acknowledgements. */
export async function eventually<T>(read: () => Promise<T>, isDone: (found: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const found = await read();
    if (isDone(found) || attempt === 50) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
