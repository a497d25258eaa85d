/** Does with parked events what operators ask for, for as long as the lease is held: in the order of each stream, and on record. */

import type { Clock } from "../clock.js";
import { errorInWords, StreamDeleted } from "../errors.js";
import type { RecordedEvent } from "../message/index.js";
import type { EventStore } from "../store/event-store.js";
import type { CheckpointStore, ParkedEvent } from "./checkpoint-store.js";
import type { DeliveryRun } from "./delivery-run.js";
import type { Deliveries, DeliveryOutcome } from "./deliveries.js";
import type { ParkedAnswer, ParkedEventStore, ParkedRequest, ReleasedEvent } from "./parked-events.js";

/** How often the holder looks for requests. */
const lookMs = 1_000;

/** Who lets events go on that wait for nothing any more. */
const byItself = "the worker";

type Asked = Pick<ParkedRequest, "kind" | "by" | "reason">;
type Report = { [list in keyof ParkedAnswer]: ParkedAnswer[list][number][] };

export interface ParkedDeliveryOptions {
  readonly clock: Clock;
  /** Streams at a time. */
  readonly maxInFlight: number;
  /** Puts on record what was parked and is not saved yet. */
  readonly save: (run: DeliveryRun) => Promise<void>;
}

export class ParkedDelivery {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly store: EventStore,
    private readonly parkedEvents: CheckpointStore & ParkedEventStore,
    private readonly options: ParkedDeliveryOptions,
  ) {}

  /** Works until the run is to finish. Never rejects: what goes wrong ends the run. */
  async serve(run: DeliveryRun): Promise<void> {
    const { finishing, fail } = run.control;
    const underWay = new Set<string>();
    try {
      this.goOn(run);
      for (;;) {
        await this.options.clock.sleep(lookMs, finishing);
        if (finishing.aborted) return;
        for (const request of await this.parkedEvents.parkedRequests(this.deliveries.name)) {
          if (underWay.has(request.id)) continue;
          underWay.add(request.id);
          void this.answer(run, request)
            .catch(fail)
            .then(() => underWay.delete(request.id));
        }
      }
    } catch (error) {
      fail(error);
    }
  }

  /** Whoever held the lease before may have died after the event that others waited for had left: these go on. */
  private goOn(run: DeliveryRun): void {
    for (const [streamName, [first]] of run.parked)
      if (first!.attempts === 0)
        void run.chain(streamName, () => this.retry(run, streamName, { kind: "retry", by: byItself }, newReport()));
  }

  private async answer(run: DeliveryRun, request: ParkedRequest): Promise<void> {
    const { parkedEvents, deliveries } = this;
    if (!(await parkedEvents.beginParkedRequest(run.lease, request.id))) return;
    const isAsked = ({ position }: ParkedEvent) => request.positions === "all" || request.positions.includes(position);
    const report = newReport();
    const streams = [...run.parked].filter(([, parked]) => parked.some(isAsked)).map(([streamName]) => streamName);
    await inParallel(this.options.maxInFlight, streams, (streamName) =>
      run.chain(streamName, () =>
        request.kind === "drop"
          ? this.drop(run, streamName, request, isAsked, report)
          : this.retry(run, streamName, request, report),
      ),
    );
    // It stays open, and whoever holds the lease next goes on with it.
    if (run.control.finishing.aborted) return;
    if (request.positions !== "all") {
      // Also what was done before whoever began it died.
      const since = (await parkedEvents.releasedEvents(deliveries.name)).filter(
        ({ releasedAtMs }) => releasedAtMs >= request.askedAtMs,
      );
      for (const position of request.positions) {
        if ([...report.delivered, ...report.dropped, ...report.failed.map((each) => each.position)].includes(position))
          continue;
        const found = since.find((event) => event.position === position);
        if (found) report[found.outcome].push(position);
        else if (![...run.parked.values()].flat().some((event) => event.position === position))
          report.unknown.push(position);
      }
    }
    await parkedEvents.answerParkedRequest(run.lease, request.id, report);
  }

  /** From the first parked event of the stream on, until none is parked, or one fails. */
  private async retry(run: DeliveryRun, streamName: string, asked: Asked, report: Report): Promise<void> {
    await this.options.save(run);
    for (let first = run.firstParked(streamName); first; first = run.firstParked(streamName)) {
      if (run.control.finishing.aborted) return;
      const outcome = await this.deliver(first, run.control.signal);
      if (outcome.kind === "interrupted") return;
      if (outcome.kind === "failed") {
        const stays = await this.parkAgain(run, first, outcome.attempts, errorInWords(outcome.error));
        report.failed.push({ position: stays.position, error: stays.error });
        return;
      }
      await this.release(run, [first], "delivered", asked);
      report.delivered.push(first.position);
    }
  }

  private async drop(
    run: DeliveryRun,
    streamName: string,
    asked: Asked,
    isAsked: (event: ParkedEvent) => boolean,
    report: Report,
  ): Promise<void> {
    await this.options.save(run);
    const dropped = (run.parked.get(streamName) ?? []).filter(isAsked);
    await this.release(run, dropped, "dropped", asked);
    report.dropped.push(...dropped.map(({ position }) => position));
    // What had failed is gone: the others wait for nothing any more.
    if (run.firstParked(streamName)?.attempts === 0) await this.retry(run, streamName, asked, report);
  }

  /** One attempt of what had failed, as the operator wants to know; as many as ever of what had only waited. */
  private async deliver(parked: ParkedEvent, signal: AbortSignal): Promise<DeliveryOutcome> {
    const recorded = await this.find(parked);
    if (!recorded) {
      const error = `${parked.streamName} no longer holds the event at revision ${parked.revision}. Drop it.`;
      return { kind: "failed", attempts: 1, error };
    }
    if (!this.deliveries.concerns(recorded)) return { kind: "done" };
    return this.deliveries.deliver(recorded, signal, parked.attempts > 0 ? 1 : undefined);
  }

  private async find({ streamName, revision, eventId }: ParkedEvent): Promise<RecordedEvent | undefined> {
    try {
      for await (const page of this.store.readStream(streamName, { from: revision, limit: 1 }))
        return page.find(({ id }) => id === eventId);
    } catch (error) {
      if (!(error instanceof StreamDeleted)) throw error;
    }
    return undefined;
  }

  private async release(
    run: DeliveryRun,
    events: readonly ParkedEvent[],
    outcome: ReleasedEvent["outcome"],
    { by, reason }: Asked,
  ): Promise<void> {
    if (events.length === 0) return;
    const releasedAtMs = this.options.clock.now();
    await this.parkedEvents.releaseParked(
      run.lease,
      events.map((event) => ({ ...event, outcome, by, ...(reason !== undefined && { reason }), releasedAtMs })),
    );
    run.release(events);
  }

  private async parkAgain(run: DeliveryRun, event: ParkedEvent, attempts: number, error: string): Promise<ParkedEvent> {
    const { position, streamName } = event;
    const failed = { ...event, attempts: event.attempts + attempts, error, parkedAtMs: this.options.clock.now() };
    const behind = run.parked
      .get(streamName)!
      .filter((each) => each.position !== position)
      .map((each) => ({ ...each, error: waitsBehind(position) }));
    await this.parkedEvents.releaseParked(run.lease, [], [failed, ...behind]);
    run.parkAgain([failed, ...behind]);
    return failed;
  }
}

export const waitsBehind = (position: bigint): string => `waits behind position ${position} of the same stream`;

const newReport = (): Report => ({ delivered: [], dropped: [], failed: [], unknown: [] });

async function inParallel<T>(most: number, all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const rest = all.values();
  const worker = async () => {
    for (const each of rest) await work(each);
  };
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, worker));
}
