/** Histories of chance: what a correlation consists of is what a simple model says, however it is found. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { StreamDeleted } from "../../../src/errors.js";
import { randomId } from "../../../src/message/index.js";
import type { EventStoreDbEventStore } from "../../../src/store/eventstoredb/index.js";
import { runs } from "../../runs.js";
import {
  append,
  correlated,
  CorrelationServer,
  ForwardClock,
  idsOf,
  projection,
  truncate,
} from "./correlation-server.js";
import { closeAll, eventsOf, rejection, storeOf } from "./stores.js";

const streams = ["a", "b", "c"];
const correlations = ["x", "y", "x\0", undefined];

type Step =
  | { readonly kind: "append"; readonly stream: string; readonly of: readonly (string | undefined)[] }
  | { readonly kind: "delete" | "tombstone"; readonly stream: string }
  | { readonly kind: "truncate"; readonly stream: string; readonly before: number }
  | { readonly kind: "enable" | "disable" | "scavenge" | "reopen" | "another log" }
  | { readonly kind: "read"; readonly readers: number };

const stream = fc.constantFrom(...streams);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      stream,
      of: fc.array(fc.constantFrom(...correlations), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("read" as const), readers: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("enable" as const, "disable" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("delete" as const, "delete" as const, "tombstone" as const), stream }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("truncate" as const), stream, before: fc.integer({ min: 0, max: 6 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("scavenge" as const, "reopen" as const, "another log" as const) }),
  },
);

interface Written {
  readonly id: string;
  readonly streamName: string;
  readonly revision: number;
  readonly correlationId: string | undefined;
}

/** What is written, what of it the log still has, and what the streams show. */
class Model {
  events: Written[] = [];
  private readonly firsts = new Map<string, number>();
  readonly tombstoned = new Set<string>();

  next = (streamName: string) => this.events.findLast((event) => event.streamName === streamName)?.revision ?? -1;
  hideBefore = (streamName: string, revision: number) => this.firsts.set(streamName, revision);
  /** Metadata, like events, let a stream that was deleted go on, behind what it was. */
  truncate(streamName: string, before: number): void {
    const wasDeleted = this.firsts.get(streamName) === Infinity;
    this.hideBefore(streamName, wasDeleted ? this.next(streamName) + 1 : before);
  }
  /** A stream that was deleted begins behind what it was. */
  append(streamName: string, ids: readonly string[], of: readonly (string | undefined)[]): void {
    const last = this.next(streamName);
    if (this.firsts.get(streamName) === Infinity) this.firsts.set(streamName, last + 1);
    ids.forEach((id, i) => this.events.push({ id, streamName, revision: last + 1 + i, correlationId: of[i] }));
  }
  isVisible = ({ streamName, revision }: Written) =>
    !this.tombstoned.has(streamName) && revision >= (this.firsts.get(streamName) ?? 0);
  /** A scavenge leaves the last record of a stream where it is. */
  isScavenged = (event: Written) => !this.isVisible(event) && this.next(event.streamName) !== event.revision;
  of = (correlationId: string, running: boolean) =>
    this.events
      .filter((event) => event.correlationId === correlationId && (!running || this.isVisible(event)))
      .map(({ id }) => id);
}

describe("The events of a correlation of EventStoreDB", () => {
  let server: CorrelationServer;
  let other: CorrelationServer;
  let folder: string;
  before(async () => {
    server = await CorrelationServer.start();
    other = await CorrelationServer.start();
    folder = mkdtempSync(join(tmpdir(), "rollcall-correlations-"));
  });
  after(async () => {
    await closeAll();
    await server.server.remove();
    await other.server.remove();
    rmSync(folder, { recursive: true });
  });

  /** One history, in streams and correlations of its own. */
  async function live(steps: readonly Step[], files: readonly string[]): Promise<void> {
    const prefix = randomId();
    const clock = new ForwardClock();
    const open = (file: string | undefined, on = server) =>
      storeOf(
        { connectionString: on.server.connectionString },
        { correlationIndexFile: file, readTimeoutMs: 20_000, clock },
      );
    const model = new Model();
    let stores: EventStoreDbEventStore[] = files.map((file) => open(file));
    let running = false;
    await server.disable();
    const named = (name: string | undefined) => (name === undefined ? undefined : `${prefix}${name}`);

    for (const each of [...steps, { kind: "read", readers: 2 } as const]) {
      const streamName = "stream" in each ? `${prefix}${each.stream}` : "";
      const exists = model.next(streamName) >= 0;
      const [store] = stores;
      switch (each.kind) {
        case "append": {
          const of = each.of.map(named);
          const writing = append(store!, streamName, ...of.map((correlationId) => correlated(correlationId)));
          if (!model.tombstoned.has(streamName)) model.append(streamName, await writing, of);
          else expect(await rejection(writing)).to.be.instanceOf(StreamDeleted);
          break;
        }
        case "delete":
        case "tombstone":
          if (!exists || model.tombstoned.has(streamName)) break;
          await store!.deleteStream(streamName, { expectedRevision: "any", permanently: each.kind === "tombstone" });
          if (each.kind === "tombstone") model.tombstoned.add(streamName);
          else model.hideBefore(streamName, Infinity);
          break;
        case "truncate":
          if (!exists || model.tombstoned.has(streamName)) break;
          await truncate(store!, streamName, each.before);
          model.truncate(streamName, each.before);
          break;
        case "enable":
          await server.enable();
          running = true;
          break;
        case "disable":
          await server.disable();
          running = false;
          break;
        case "scavenge": {
          const gone = new Set(model.events.filter(model.isScavenged).map(({ id }) => id));
          const found = await eventsOf(store!.readLog({ filter: { streamPrefixes: [prefix] } }));
          await server.scavenge(found.filter(({ id }) => gone.has(id)).map(({ position }) => position));
          model.events = model.events.filter(({ id }) => !gone.has(id));
          break;
        }
        case "another log": {
          const elsewhere = open(files[0], other);
          expect(await idsOf(elsewhere.readCorrelation(`${prefix}x`))).to.deep.equal([]);
          await elsewhere.close();
          break;
        }
        case "reopen":
          await Promise.all(stores.map((each) => each.close()));
          stores = files.map((file) => open(file));
          break;
        case "read": {
          if (running) await server.projections.caughtUp(projection);
          clock.advance(60_000); // so that the status is asked for anew
          const reads = Array.from({ length: each.readers }, (_, i) =>
            Promise.all(
              ["x", "y", "x\0", "z"].map(async (name) => {
                const found = await idsOf(stores[i % stores.length]!.readCorrelation(named(name)!));
                expect(found, JSON.stringify(name)).to.deep.equal(model.of(named(name)!, running));
              }),
            ),
          );
          await Promise.all(reads);
          break;
        }
        default:
      }
    }
    await closeAll();
  }

  it("are what was written, over any history", async function () {
    this.timeout(600_000);
    let nth = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), fc.boolean(), async (steps, together) => {
        const file = join(folder, `${nth++}.sqlite`);
        await live(steps, [file, together ? file : join(folder, `${nth++}.sqlite`)]);
      }),
      { numRuns: runs(25, 300), endOnFailure: true },
    );
  });
});
