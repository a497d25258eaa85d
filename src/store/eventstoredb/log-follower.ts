/** Follows the log: delivers what passes, says when everything was delivered, and bridges interruptions. */

import type { RecordedEvent } from "../../message/index.js";
import type { SubscriptionMessage } from "../event-store.js";
import { failureOf, Interruption, type Asked } from "./failures.js";
import { passes, type LogFilter } from "./log-filter.js";
import { Patience } from "./patience.js";
import { ReadCall } from "./read-call.js";
import { checkpointInterval, logFrom, subscription } from "./read-requests.js";
import { answersTo, type Reading } from "./reading.js";
import { checkOwnPosition, placeOf, recordedEvent, streamNameOf, typeOf, type Place } from "./recorded.js";
import type { streams } from "./stubs.js";

/** After so long a silence we look ourselves whether more is to come: not every server says so each time. */
const quietMs = 250;

export class LogFollower {
  private through: Place | undefined;
  /** How many events were looked at since the last one that was delivered, as far as the server says. */
  private scannedSinceLast = 0;
  /** Whether everything recorded had been delivered once, and the server sends what comes as it comes. */
  private live = false;
  private readonly patience: Patience;
  private readonly asked: Asked;

  constructor(
    private readonly reading: Reading,
    after: bigint | undefined,
    private readonly filter: LogFilter | undefined,
    private readonly stop: AbortSignal,
    what: string,
  ) {
    this.through = after;
    this.asked = { what, privilege: "read $all", who: reading.who };
    this.patience = new Patience(what, reading.clock, reading.readTimeoutMs);
  }

  /** Everything up to this position was looked at; `undefined` before the first event. */
  get reached(): Place | undefined {
    return this.through;
  }

  /**
   * Ends when `stop` aborts.
   * @throws StoreUnavailable when the server was out of reach for the read timeout.
   * @throws AccessDenied, IncompatibleStore, UnexpectedAnswer
   */
  async *messages(): AsyncGenerator<SubscriptionMessage, void> {
    while (!this.stop.aborted) {
      let failure: Error;
      try {
        failure = yield* this.connected();
      } catch (error) {
        failure = failureOf(error, this.asked);
      }
      if (!this.stop.aborted) await this.patience.failed(failure, this.stop);
    }
  }

  /** What comes over one subscription; returns why it ended. */
  private async *connected(): AsyncGenerator<SubscriptionMessage, Error> {
    const { calls, clock, readTimeoutMs } = this.reading;
    const request = subscription(this.through === undefined ? undefined : BigInt(this.through), this.filter);
    const call = await ReadCall.start(calls, request, clock, readTimeoutMs, this.stop);
    this.live = false;
    try {
      for (let [confirmed, silentMs] = [false, 0]; !this.stop.aborted;) {
        const patienceMs = this.live ? 3 * readTimeoutMs : confirmed ? Math.min(quietMs, readTimeoutMs) : readTimeoutMs;
        const answers = await call.take(clock, patienceMs, this.stop);
        if (this.stop.aborted) break;
        if (answers?.length === 0) return new Interruption("the server ended the subscription");
        if (answers) {
          confirmed = true;
          silentMs = 0;
          yield* this.deliver(answers, call);
        } else if (confirmed && (await this.isAllDelivered())) {
          this.patience.progress();
          if (!this.live) yield this.caughtUp();
          this.live = true;
        } else if (this.live) {
          // There is more, and the server has not sent it: it gets the read timeout to do so.
          this.live = false;
        } else {
          silentMs += patienceMs;
          if (silentMs >= readTimeoutMs) return call.abandon(silentMs);
        }
      }
      return new Interruption("it was stopped");
    } finally {
      call.cancel();
    }
  }

  private *deliver(answers: readonly streams.ReadResp[], call: ReadCall): Generator<SubscriptionMessage, void> {
    // A server drops what a slow reader leaves to it, and then catches up anew, with or without a word.
    if (call.heldUp) this.live = call.heldUp = false;
    const events: RecordedEvent[] = [];
    let news = false;
    for (const answer of answers) {
      const recorded = answer.getEvent()?.getEvent();
      const checkpoint = answer.getCheckpoint();
      const passed = recorded && passes(this.filter, typeOf(recorded), streamNameOf(recorded));
      // Before it could be taken for one that came before.
      if (passed) checkOwnPosition(recorded);
      if (recorded && this.isNew(recorded.getCommitPosition())) {
        this.scannedSinceLast = passed ? 0 : this.scannedSinceLast + 1;
        if (passed) events.push(recordedEvent(recorded));
      } else if (checkpoint && this.isNew(checkpoint.getCommitPosition())) {
        this.scannedSinceLast += checkpointInterval;
        news = true;
      } else if (answer.hasCaughtUp()) this.live = news = true;
      else if (answer.hasFellBehind()) this.live = false;
      if (!answer.hasConfirmation()) this.patience.progress();
    }
    if (events.length > 0) yield { kind: "events", events };
    if (this.live && (news || events.length > 0)) yield this.caughtUp();
  }

  private caughtUp(): SubscriptionMessage {
    return { kind: "caughtUp", passedOver: this.scannedSinceLast };
  }

  /** Moves on to a position, unless it was reached before. */
  private isNew(decimal: string): boolean {
    const position = placeOf(decimal);
    if (this.through !== undefined && position <= this.through) return false;
    this.through = position;
    return true;
  }

  /** Whether nothing that passes lies beyond what was delivered. */
  private async isAllDelivered(): Promise<boolean> {
    const after = this.through === undefined ? undefined : BigInt(this.through);
    // Everything, but through a filter: only so is hidden what a subscription does not deliver either.
    const request = logFrom(after, this.filter ?? { streamPrefixes: [""] }, 2); // the first may be at the position itself
    for await (const answers of answersTo(this.reading, request, this.asked.what))
      for (const answer of answers) {
        const position = answer.getEvent()?.getEvent()?.getCommitPosition();
        if (position !== undefined && (after === undefined || BigInt(position) > after)) return false;
      }
    return true;
  }
}
