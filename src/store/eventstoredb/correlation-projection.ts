/** Whether the server itself keeps an index by `$correlationId`: asked, and remembered for a moment. */

import type { StatisticsResp } from "@eventstore/db-client/generated/projections_pb.js";
import { status, type ServiceError } from "@grpc/grpc-js";
import { AccessDenied, StoreClosed, StoreUnavailable, StreamDeleted } from "../../errors.js";
import type { RecordedEvent } from "../../message/index.js";
import type { Connection } from "./client-calls.js";
import { failureOf, Interruption } from "./failures.js";
import { inTime, Patience } from "./patience.js";
import type { Reading } from "./reading.js";
import { readStream } from "./stream-reader.js";
import { projections, type projectionsService } from "./stubs.js";

const name = "$by_correlation_id";

/** Where the server keeps what a projection is to do. */
const configurationStream = `$projections-${name}`;

const rememberedMs = 5_000;

/** A follower, or a server whose projections are starting, takes the question and never answers. */
const mostSilentMs = 2_000;
const silenceRememberedMs = 30_000;

/** The server says 100 whenever the projection waits for events. */
const leastPercent = 99;

interface Answer {
  readonly runs: boolean;
  /** For how long it is good, in milliseconds. */
  readonly forMs: number;
}

export class CorrelationProjection {
  private asking: Promise<Answer> | undefined;
  private known: { readonly runs: boolean; readonly until: number } | undefined;

  constructor(private readonly reading: Reading) {}

  /**
   * Whether the projection runs, goes by `$correlationId`, and has linked all of the log but its end. What the server
   * refuses to say, or does not know, counts as no.
   * @throws StoreUnavailable, StoreClosed
   */
  async runs(): Promise<boolean> {
    if (this.known && this.reading.clock.now() < this.known.until) return this.known.runs;
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    const { runs, forMs } = await this.asking;
    this.known = { runs, until: this.reading.clock.now() + forMs };
    return runs;
  }

  private async ask(): Promise<Answer> {
    const { clock, readTimeoutMs, closed, who } = this.reading;
    const asked = { what: `ask for the status of ${name}`, privilege: `ask for the status of ${name}`, who };
    const patience = new Patience(asked.what, clock, readTimeoutMs);
    for (;;) {
      if (closed.aborted) throw new StoreClosed(asked.what);
      try {
        const details = await this.statistics();
        return { runs: isUpToDate(details) && (await this.goesByCorrelationId()), forMs: rememberedMs };
      } catch (error) {
        if (error instanceof StoreUnavailable || error instanceof StoreClosed) throw error;
        if ((error as ServiceError).code === status.DEADLINE_EXCEEDED)
          return { runs: false, forMs: silenceRememberedMs };
        const failure = failureOf(error, asked);
        if (!(failure instanceof Interruption)) return { runs: false, forMs: rememberedMs };
        await patience.failed(failure, closed);
      }
    }
  }

  /** @throws Interruption, ServiceError */
  private async statistics(): Promise<StatisticsResp.Details | undefined> {
    const { calls, clock, readTimeoutMs, closed } = this.reading;
    const connecting = calls.projections({ deadlineMs: Math.min(mostSilentMs, readTimeoutMs) });
    return statisticsOver(await inTime(connecting, clock, readTimeoutMs, closed));
  }

  /** Unless its operator changed it; where that cannot be seen, it is taken to be as the server brings it along. */
  private async goesByCorrelationId(): Promise<boolean> {
    const read = { streamName: configurationStream, direction: "backwards", limit: 1 } as const;
    try {
      for await (const [event] of readStream(this.reading, read)) return propertyOf(event!) === "$correlationId";
    } catch (error) {
      if (!(error instanceof AccessDenied || error instanceof StreamDeleted)) throw error;
    }
    return true;
  }
}

function statisticsOver({
  service,
  arguments: args,
  failed,
}: Connection<projectionsService.ProjectionsClient>): Promise<StatisticsResp.Details | undefined> {
  const request = new projections.StatisticsReq().setOptions(new projections.StatisticsReq.Options().setName(name));
  return new Promise((resolve, reject) => {
    let details: StatisticsResp.Details | undefined;
    service
      .statistics(request, ...args)
      .on("data", (answer: StatisticsResp) => {
        details = answer.getDetails();
      })
      .on("end", () => resolve(details))
      .on("error", (error: Error) => {
        failed(error);
        reject(error);
      });
  });
}

/** The first word is the state that the projection is to be in; others may follow it, as in `Running/Subscribed`. */
const isUpToDate = (details: StatisticsResp.Details | undefined): boolean =>
  details !== undefined && details.getStatus().split("/")[0] === "Running" && details.getProgress() >= leastPercent;

function propertyOf({ data }: RecordedEvent): unknown {
  const query = (data as { readonly query?: unknown } | null)?.query;
  try {
    const { correlationIdProperty = "$correlationId" } = JSON.parse(String(query)) as Record<string, unknown>;
    return correlationIdProperty;
  } catch {
    return "$correlationId"; // the server's default, as for a query that is empty
  }
}
