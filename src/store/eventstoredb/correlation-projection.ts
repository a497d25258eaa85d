/** Whether the server keeps an index by `$correlationId` itself: asked, and remembered for a moment. */

import type { StatisticsResp } from "@eventstore/db-client/generated/projections_pb.js";
import { status } from "@grpc/grpc-js";
import { AccessDenied, RollcallError, StreamDeleted } from "../../errors.js";
import { readMetadata as readObject } from "../../message/index.js";
import type { Connection } from "./client-calls.js";
import { failureOf, type Asked } from "./failures.js";
import { inTime, Patience } from "./patience.js";
import type { Reading } from "./reading.js";
import { readStream } from "./stream-reader.js";
import { projections, type projectionsService } from "./stubs.js";

type Details = StatisticsResp.Details;

const projection = "$by_correlation_id";

const rememberedMs = 5_000;

/** A follower, or a server whose projections are starting, leaves the question unanswered. */
const silenceMs = 2_000;
const silenceRememberedMs = 30_000;

/** Of the log. The server itself says 100 while the projection waits for events, and a little less under load. */
const leastPercent = 99;

export class CorrelationProjection {
  private known: { readonly answer: Promise<boolean>; until: number } | undefined;

  constructor(private readonly reading: Reading) {}

  /**
   * Whether the projection runs, has linked (nearly) all of the log, and goes by `$correlationId`. What the server
   * refuses to say, or has no words for, counts as no.
   * @throws StoreUnavailable, StoreClosed
   */
  async runs(): Promise<boolean> {
    const { clock } = this.reading;
    if (this.known && clock.now() < this.known.until) return this.known.answer;
    const known = (this.known = { answer: this.ask(), until: Number.POSITIVE_INFINITY });
    try {
      const answer = await known.answer;
      known.until = Math.min(known.until, clock.now() + rememberedMs);
      return answer;
    } catch (error) {
      if (this.known === known) this.known = undefined;
      throw error;
    }
  }
}
