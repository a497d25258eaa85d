/** A development server that notes what it is asked, answers for its projections as a test says, and is scavenged by hand. */

import type { ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import type { StatisticsResp } from "@eventstore/db-client/generated/projections_pb.js";
import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import Database from "better-sqlite3";
import { systemClock, type Clock } from "../../../src/clock.js";
import type { EventData, Page } from "../../../src/store/index.js";
import type { EventStoreDbEventStore } from "../../../src/store/eventstoredb/index.js";
import { TestServer } from "../../eventstore/server.js";
import { event, isSubscription, positionAsked } from "./wire.js";

export const projection = "$by_correlation_id";

type CallStatus = Parameters<ServerInterceptingCall["sendStatus"]>[0];

/** What the question for a projection's status gets: no answer, an error, or the true one with changes. */
export type StatusAnswer = "silence" | CallStatus | ((details: StatisticsResp.Details) => void);

export class CorrelationServer {
  readonly reads: ReadReq[] = [];
  questions = 0;
  /** The truth unless set. */
  statusAnswer: StatusAnswer | undefined;

  private constructor(readonly server: TestServer) {}

  static async start(): Promise<CorrelationServer> {
    const interceptors: ServerInterceptor[] = [];
    const started = new CorrelationServer(await TestServer.start({ interceptors }));
    interceptors.push((method, call) => started.intercepted(method.path, call));
    // The interceptors of a server are those at its start.
    await started.server.restart();
    return started;
  }

  get projections() {
    return this.server.running.projections;
  }

  /** Where the subscriptions began so far; `undefined` for the beginning of the log. */
  get subscribedFrom(): (string | undefined)[] {
    return this.reads.filter(isSubscription).map(positionAsked);
  }

  /** The streams that were read so far. */
  get streamsRead(): string[] {
    return this.reads.flatMap((request) => {
      const stream = request.getOptions()!.getStream()?.getStreamIdentifier()?.getStreamName_asU8();
      return stream ? [Buffer.from(stream).toString()] : [];
    });
  }

  /** It runs, and has linked all that is there. */
  async enable(): Promise<void> {
    await this.projections.enable(projection);
    await this.projections.caughtUp(projection);
  }

  disable(): Promise<void> {
    return this.projections.disable(projection);
  }

  /** Takes records out of the log, as a scavenge does. */
  async scavenge(positions: readonly bigint[]): Promise<void> {
    await this.server.stop();
    const db = new Database(this.server.file);
    const remove = db.prepare("DELETE FROM event WHERE position = ?");
    for (const position of positions) remove.run(position);
    db.close();
    await this.server.start();
  }

  private intercepted(path: string, call: ConstructorParameters<typeof ServerInterceptingCall>[0]) {
    const reads = path.endsWith("/Read");
    if (!reads && !path.endsWith("/Statistics")) return new ServerInterceptingCall(call);
    const { statusAnswer } = this;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMessage: (message, pass) => {
            if (reads) this.reads.push(message as ReadReq);
            else this.questions++;
            if (reads || statusAnswer === undefined || typeof statusAnswer === "function") pass(message);
            else if (statusAnswer !== "silence") call.sendStatus(statusAnswer);
          },
        }),
      sendMessage: (message, pass) => {
        if (!reads && typeof statusAnswer === "function") statusAnswer((message as StatisticsResp).getDetails()!);
        pass(message);
      },
    });
  }
}

/** A clock that goes on by itself, and can be put forward. */
export class ForwardClock implements Clock {
  private aheadMs = 0;
  now = () => Date.now() + this.aheadMs;
  sleep = systemClock.sleep;
  advance(durationMs: number): void {
    this.aheadMs += durationMs;
  }
}

/** An event of a correlation. */
export const correlated = (correlationId: string | undefined, changes: Partial<EventData> = {}): EventData =>
  event({ ...(correlationId !== undefined && { metadata: { $correlationId: correlationId } }), ...changes });

/** Appends in any state of the stream. @returns the ids */
export async function append(
  store: EventStoreDbEventStore,
  streamName: string,
  ...events: readonly EventData[]
): Promise<string[]> {
  for (let i = 0; i < events.length; i += 500)
    await store.append(streamName, events.slice(i, i + 500), { expectedRevision: "any" });
  return events.map(({ id }) => id);
}

/** Hides what lies before a revision. */
export async function truncate(store: EventStoreDbEventStore, streamName: string, before: number): Promise<void> {
  await append(store, `$$${streamName}`, event({ type: "$metadata", data: { $tb: before } }));
}

export async function idsOf(pages: AsyncIterable<Page>): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of pages) ids.push(...page.map(({ id }) => id));
  return ids;
}

/** What an index file says of itself, seen from outside; `undefined` while there is none. */
export function indexed(file: string): { readonly log: string; readonly through: number | null } | undefined {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare("SELECT log, through FROM progress").get() as ReturnType<typeof indexed>;
  } finally {
    db.close();
  }
}
