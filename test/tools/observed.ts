/** A log with cases of every status, judged and served, for the tests of `observe`. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqliteEventStore, randomId, Rollcall, type EventStore, type RecordedEvent } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import type { Ended } from "./command.js";
import { commands } from "./command.js";
import observed from "./observed-application.js";

export const applicationFile = fileURLToPath(new URL("./observed-application.js", import.meta.url));
export const minute = 60_000;

/** To be called inside of `describe`. */
export function observing() {
  const to = commands();
  const files = () => ({
    store: join(to.folder, ".rollcall/log.sqlite"),
    readModels: join(to.folder, ".rollcall/read-models.sqlite"),
  });
  const clock = () => new ManualClock();

  return {
    get folder() {
      return to.folder;
    },
    /** Runs `observe` to its end. */
    run: (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> =>
      to.end("observe", [...args, "--app", applicationFile], environment),
    start: (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
      to.run("observe", [...args, "--app", applicationFile], environment),
    /** What it prints as JSON. */
    async json(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
      const ended = await to.end("observe", [...args, "--json", "--app", applicationFile], environment);
      return { ...ended, result: JSON.parse(ended.stdout) as never };
    },
    async withLog<T>(work: (log: EventStore, clock: ManualClock) => Promise<T>): Promise<T> {
      const time = clock();
      const log = await openSqliteEventStore({ file: files().store, clock: time });
      try {
        return await work(log, time);
      } finally {
        await log.close();
      }
    },
    /** Makes the read models of what is recorded. */
    async judge(...names: readonly string[]): Promise<void> {
      // Soon after the last event of the history.
      const rollcall = await Rollcall.open(observed, files(), { clock: new ManualClock(Date.UTC(2026, 0, 1, 1, 7)) });
      try {
        for (const name of names.length > 0 ? names : rollcall.readModelNames) await rollcall.rebuild(name);
      } finally {
        await rollcall.stop();
      }
    },
    async events(streamPrefix: string): Promise<RecordedEvent[]> {
      return this.withLog(async (log) => {
        const events: RecordedEvent[] = [];
        for await (const page of log.readLog({ filter: { streamPrefixes: [streamPrefix] } })) events.push(...page);
        return events;
      });
    },
    /** A case of each status but closed, then an hour and more. */
    async history(): Promise<void> {
      await this.withLog(async (log, time) => {
        const record = recorder(log);
        for (const order of ["missing", "late", "paid"]) await record("Ordered", order);
        await record("Packed", "parcel", { order: "order-9", parcel: "parcel-9" }, "parcel-9");
        await time.advance(minute);
        await record("Paid", "paid");
        await time.advance(20 * minute);
        await record("Paid", "late");
        await time.advance(45 * minute);
        await record("Ordered", "open");
        await record("Packed", "parcel-10", { order: "order-10", parcel: "parcel-10" }, "parcel-10");
      });
    },
  };
}

export const recorder =
  (log: EventStore) =>
  (type: string, correlationId: string, data: object = {}, streamName = `order-${correlationId}`) =>
    log.append(
      streamName,
      [{ id: randomId(), type: `shop.${type}`, data, metadata: { $correlationId: correlationId } }],
      {
        expectedRevision: "any",
      },
    );
