/** The log as one process sees it: by way of its line. */

import {
  flagCategoryOf,
  type AppendResult,
  type EventData,
  type EventStore,
  type ExpectedRevision,
  type Page,
  type ReadLogOptions,
  type ReadStreamOptions,
  type SubscribeOptions,
  type SubscriptionMessage,
} from "../../src/index.js";
import { clockStreamOf } from "../../src/subscription/index.js";
import type { Line } from "./line.js";

export class DistantLog implements EventStore {
  constructor(
    private readonly inner: EventStore,
    private readonly line: Line,
  ) {}

  get streamPrefix(): string {
    return this.inner.streamPrefix;
  }

  storeId(): Promise<string> {
    return this.line.call("log", "log.storeId", () => this.inner.storeId());
  }

  head(): Promise<bigint | undefined> {
    return this.line.call("log", "log.head", () => this.inner.head());
  }

  append(
    streamName: string,
    events: readonly EventData[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    const { wire, name } = this.line;
    const isDefinition = streamName.startsWith("rollcall.observers-");
    const what = isDefinition ? "definition" : streamName === clockStreamOf(this.inner) ? "tick" : "flags";
    if (what === "flags" && !streamName.startsWith(`${flagCategoryOf(this.inner)}-`))
      wire.failures.push(`P10: ${name} writes to ${streamName}`);
    // Which stores, after a while, take for leave to record it twice.
    if (options.expectedRevision === "any") wire.failures.push(`P3: ${name} appends ${what} at any revision`);
    const text = `append ${what} ${streamName} ${events.map(({ id, type }) => `${type} ${id}`).join(", ")}`;
    return this.line.call("log", text, () => this.inner.append(streamName, events, options));
  }

  readStream(streamName: string, options?: ReadStreamOptions): AsyncIterable<Page> {
    return this.read(`log.read ${streamName}`, () => this.inner.readStream(streamName, options));
  }

  readLog(options?: ReadLogOptions): AsyncIterable<Page> {
    return this.read("log.readLog", () => this.inner.readLog(options));
  }

  readCorrelation(correlationId: string): AsyncIterable<Page> {
    return this.read(`log.readCorrelation ${correlationId}`, () => this.inner.readCorrelation(correlationId));
  }

  /** Pages arrive in smaller pieces, and "caught up" sometimes twice, as the port allows. */
  async *subscribe(options: SubscribeOptions = {}): AsyncGenerator<SubscriptionMessage, void> {
    const { line } = this;
    const source = this.inner.subscribe({ ...options, after: this.startOf(options.after) })[Symbol.asyncIterator]();
    const end = () => void source.return?.();
    const forget = line.atDeath(end);
    const pieces: SubscriptionMessage[] = [];
    const next = async () => {
      const piece = pieces.shift();
      if (piece) return piece;
      const result = await source.next();
      if (result.done) return undefined;
      pieces.push(...this.piecesOf(result.value));
      return pieces.shift();
    };
    try {
      for (;;) {
        const message = await line.receive("log", "log.subscribe", next, inWords);
        if (!message || options.signal?.aborted) return;
        yield message;
      }
    } finally {
      forget();
      end();
    }
  }

  async close(): Promise<void> {}

  private startOf(after: SubscribeOptions["after"]): SubscribeOptions["after"] {
    const { random, plan } = this.line.wire;
    if (typeof after !== "bigint" || !this.line.wire.chance(plan.redelivering)) return after;
    const earlier = after - BigInt(random.whole(1, 4));
    return earlier > 0n ? earlier : undefined;
  }

  private piecesOf(message: SubscriptionMessage): SubscriptionMessage[] {
    const { random } = this.line.wire;
    if (message.kind === "caughtUp") return random.whole(0, 19) === 0 ? [message, message] : [message];
    const pieces: SubscriptionMessage[] = [];
    for (let rest = message.events; rest.length > 0;) {
      const length = random.whole(1, rest.length);
      pieces.push({ kind: "events", events: rest.slice(0, length) });
      rest = rest.slice(length);
    }
    return pieces;
  }

  /** One call reads all there is: what these streams hold fits into a page. */
  private async *read(what: string, source: () => AsyncIterable<Page>): AsyncGenerator<Page, void> {
    yield* await this.line.call("log", what, () => pagesOf(source()));
  }
}

async function pagesOf(source: AsyncIterable<Page>): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of source) pages.push(page);
  return pages;
}

const inWords = (message: SubscriptionMessage | undefined): string => {
  if (!message) return "ends";
  if (message.kind === "caughtUp") return "caught up";
  return `events ${message.events.map(({ position }) => position).join(" ")}`;
};
