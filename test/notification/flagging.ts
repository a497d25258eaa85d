/** A log that flags are raised in by hand, and notifications that stand for processes. */

import {
  flagCategoryOf,
  NotificationSubscriber,
  randomId,
  type DeliveryContext,
  type Notification,
  type NotificationLimits,
  type NotificationOptions,
  type ParkedEvent,
  type ProcessorOptions,
  type RaisedFlag,
  type ReadModelStore,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { Watched } from "../subscription/things.js";
import { until } from "../until.js";

/** Of the definition that the flags are of. */
const hash = "0123456789ab";

export class Flagging {
  readonly store = new FaultyStore();
  readonly running: Watched[] = [];
  private readonly sequences = new Map<string, number>();

  private constructor(
    readonly clock: ManualClock,
    readonly readModels: ReadModelStore,
  ) {}

  static async open(): Promise<Flagging> {
    const clock = new ManualClock();
    return new Flagging(clock, await openSqliteReadModelStore({ file: ":memory:", clock }));
  }

  /** Records a flag of this case, as an observer does; `undefined`: of the observer itself. Returns its id. */
  async raise(name: string | undefined, fields: Record<string, unknown> = {}, kind = "Missing"): Promise<string> {
    const streamName = `${flagCategoryOf(this.store)}-payments-${hash}${name === undefined ? "" : `-${name}`}`;
    const sequence = this.sequences.get(streamName) ?? 0;
    this.sequences.set(streamName, sequence + 1);
    const id = randomId();
    const data = {
      observer: "payments",
      version: 1,
      definition: hash,
      ...(name !== undefined && { case: name, slot: "paid" }),
      sequence,
      decidedAt: new Date(this.clock.now()).toISOString(),
      ...fields,
    };
    await this.append(streamName, id, `observer.${kind}`, data, name);
    return id;
  }

  async append(streamName: string, id: string, type: string, data: unknown, correlationId?: string): Promise<void> {
    const metadata = correlationId === undefined ? {} : { $correlationId: correlationId };
    await this.store.inner.append(streamName, [{ id, type, data, metadata }], { expectedRevision: "any" });
  }

  /** Starts a notification as a process of its own. */
  start(
    notification: Notification,
    limits: NotificationLimits = {},
    options: Partial<ProcessorOptions> & { readonly readModels?: ReadModelStore } = {},
  ): Watched {
    const { clock, store } = this;
    const { readModels = this.readModels, ...rest } = options;
    const subscriber = new NotificationSubscriber(notification, store, readModels, { clock, ...limits });
    const watched = new Watched(subscriber, store, readModels, {
      holder: `process-${this.running.length}`,
      clock,
      ...rest,
    });
    this.running.push(watched);
    watched.processor.start();
    return watched;
  }

  async position(name = "ops"): Promise<bigint | undefined> {
    return (await this.readModels.loadCheckpoint(`notification:${name}`))?.position;
  }

  /** Waits until everything recorded so far is finished. */
  async finishes(name = "ops"): Promise<void> {
    const head = await this.store.inner.head();
    await until(`the checkpoint is at ${head}`, async () => (await this.position(name)) === head);
  }

  /** Lets all backoff pass. */
  passTime(): Promise<void> {
    return this.clock.advance(60 * 60_000);
  }

  parked(name = "ops"): Promise<readonly ParkedEvent[]> {
    return this.readModels.parked(`notification:${name}`);
  }

  async close(): Promise<void> {
    const stopping = Promise.all(this.running.map(({ processor }) => processor.stop()));
    await this.clock.advance(5_000);
    await stopping;
    await this.readModels.close();
  }
}

/** A notification whose delivery a test writes; it tells everything from the beginning unless stated. */
export const telling = (
  deliver: (flag: RaisedFlag, context: DeliveryContext) => unknown,
  options: Partial<NotificationOptions> = {},
): Notification => ({
  name: "ops",
  startFrom: "beginning",
  ...options,
  deliver: async (flag, context) => {
    await deliver(flag, context);
  },
});
